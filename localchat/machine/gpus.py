"""Which GPUs the system knows of, whether or not the engine can use them.

The engine's own list of devices is the truth about what runs a model; this one explains why a
device is not in it.
"""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localchat import units
from localchat.machine.files import names, read, whole_number

Vendor = Literal["nvidia", "amd", "intel", "apple"]

_NVIDIA, _AMD, _INTEL = "0x10de", "0x1002", "0x8086"
_OWN_MEMORY_BYTES = 2 * units.GIB
"""Integrated GPUs are given less than this of the main memory as their own."""


@dataclass(frozen=True, slots=True)
class SystemGpu:
    """A GPU that the system shows."""

    vendor: Vendor
    name: str
    worthwhile: bool
    """It generates clearly faster than the processor beside it."""


def find_gpus(root: Path = Path("/")) -> tuple[SystemGpu, ...]:
    """List the GPUs that this system shows."""
    system, machine = platform.system(), platform.machine()
    if system == "Darwin":
        return (SystemGpu("apple", "Apple GPU", True),) if machine == "arm64" else ()
    if system == "Windows":
        return _windows_gpus(root)
    return linux_gpus(root)


def linux_gpus(root: Path) -> tuple[SystemGpu, ...]:
    """List the GPUs of a Linux computer: NVIDIA's by their driver, others by the kernel's."""
    nvidia = root / "proc/driver/nvidia/gpus"
    models = [_model(read(nvidia / name / "information")) for name in names(nvidia)]
    found = [SystemGpu("nvidia", model, True) for model in models]
    if not found and (root / "usr/lib/wsl/lib/libcuda.so.1").exists():
        found.append(SystemGpu("nvidia", "NVIDIA GPU of Windows", True))
    cards = root / "sys/class/drm"
    for card in names(cards):
        gpu = _card(cards / card / "device") if card.removeprefix("card").isdigit() else None
        if gpu is not None and not (gpu.vendor == "nvidia" and models):
            found.append(gpu)
    return tuple(found)


def _model(information: str) -> str:
    for line in information.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Model" and value.strip():
            return value.strip()
    return "NVIDIA GPU"


def _card(device: Path) -> SystemGpu | None:
    vendor = read(device / "vendor").strip()
    if vendor == _NVIDIA:
        return SystemGpu("nvidia", "NVIDIA GPU", True)
    if vendor == _AMD:
        memory = whole_number(read(device / "mem_info_vram_total")) or 0
        return SystemGpu("amd", "AMD GPU", memory >= _OWN_MEMORY_BYTES)
    if vendor == _INTEL:
        return SystemGpu("intel", "Intel GPU", False)
    return None


def _windows_gpus(root: Path) -> tuple[SystemGpu, ...]:
    driver = root / "Windows/System32/nvcuda.dll"
    return (SystemGpu("nvidia", "NVIDIA GPU", True),) if driver.exists() else ()
