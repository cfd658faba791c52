"""Which GPUs the system knows of, whether or not the engine can use them.

The engine's own list of devices is the truth about what runs a model; this one explains why a
device is not in it.
"""

import os
import platform
from pathlib import Path

from localchat.machine import drm, nvidia, registry
from localchat.machine.files import exists
from localchat.machine.hardware import Gpu
from localchat.machine.systemgpu import SystemGpu, as_device


def find_gpus() -> tuple[SystemGpu, ...]:
    """List the GPUs that this computer shows; a third of a second at most."""
    system = platform.system()
    if system == "Darwin":
        return mac_gpus(platform.machine())
    if system == "Windows":
        root = Path(os.environ.get("SYSTEMDRIVE", "C:") + "/")
        nvml = nvidia.read_nvml() if nvidia.is_installed(root) else ""
        return windows_gpus(registry.read_adapters(), nvml)
    root = Path("/")
    return linux_gpus(root, nvidia.read_nvml() if nvidia.is_installed(root) else "")


def linux_gpus(root: Path, nvml: str = "") -> tuple[SystemGpu, ...]:
    """List the GPUs of a Linux computer: NVIDIA's by their driver, others by the kernel's.

    `nvml` is what `nvidia.read_nvml` says there.
    """
    found = list(nvidia.parse_nvml(nvml) or nvidia.from_proc(root))
    if not found and exists(root / "usr/lib/wsl/lib/libcuda.so.1"):
        found.append(SystemGpu("nvidia", "NVIDIA GPU of Windows", True))
    by_driver = any(gpu.vendor == "nvidia" for gpu in found)
    cards = drm.cards(root)
    return (*found, *(gpu for gpu in cards if gpu.vendor != "nvidia" or not by_driver))


def windows_gpus(adapters: str, nvml: str = "") -> tuple[SystemGpu, ...]:
    """List the GPUs of a Windows computer: the registry's, NVIDIA's by their driver if it answers.

    The registry keeps cards that were taken out, the driver knows only those that are there.
    """
    by_driver = nvidia.parse_nvml(nvml)
    listed = registry.parse_adapters(adapters)
    return (*by_driver, *(gpu for gpu in listed if gpu.vendor != "nvidia" or not by_driver))


def mac_gpus(processor: str) -> tuple[SystemGpu, ...]:
    """List a Mac's GPU: those of Intel Macs do not pay."""
    if processor != "arm64":
        return ()
    return (SystemGpu("apple", "Apple GPU", worthwhile=True, is_integrated=True),)


def as_devices(
    found: tuple[SystemGpu, ...], os: str, ram_bytes: int, available_bytes: int
) -> tuple[Gpu, ...]:
    """Describe the GPUs as an engine built for them would use them.

    As llama.cpp does, it leaves out integrated ones where there is another.
    """
    devices = [as_device(gpu, os, ram_bytes, available_bytes) for gpu in found]
    known = [device for device in devices if device is not None]
    cards = [device for device in known if not device.is_integrated]
    return tuple(cards or known)
