"""Bring together what the system shows and what the engine can use.

The engine's list of devices is the truth about what runs a model; the system's explains why a GPU
is not in it. Asks nothing itself.
"""

import dataclasses
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from localchat.machine import mismatches
from localchat.machine.hardware import Gpu, Hardware
from localchat.machine.mismatches import Mismatch
from localchat.machine.systemgpu import SystemGpu

_BACKENDS = {"CUDA": "cuda", "ROCM": "rocm", "MTL": "metal", "METAL": "metal"}
"""As ggml's registry names them in capitals; others are the same in small letters."""
_ELSEWHERE = "RPC"
_FEATURES = re.compile(r"(?:^|\|)\s*(\w+) :")


class EngineDevice(Protocol):
    """A device as the engine reports it; `engine.wire.Device` is one."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def free_bytes(self) -> int: ...
    @property
    def backend(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The machine as the engine can use it, and what is amiss."""

    hardware: Hardware
    mismatches: tuple[Mismatch, ...]


def reconcile(
    hardware: Hardware,
    devices: Sequence[EngineDevice],
    shown: Sequence[SystemGpu] = (),
    built_for: Collection[str] = (),
    executable: str = "python",
) -> Reconciled:
    """Describe the machine as the engine can use it.

    `hardware` is as `detect` found it, `devices` as the engine lists them. With `shown`, the GPUs
    that `gpus.find_gpus` found, and `built_for`, what `backends` reads, the GPUs that the engine
    leaves idle are explained too, with commands for the Python `executable`.
    """
    used = tuple(_gpu(device, hardware) for device in _chosen(devices))
    used = tuple(gpu for gpu in used if gpu.memory_bytes > 0)
    unified = bool(used) and all(gpu.is_integrated for gpu in used)
    carved, carved_free = _carved_out(hardware.gpus) if unified else (0, 0)
    available = hardware.available_ram_bytes + carved_free
    found = dataclasses.replace(
        hardware,
        gpus=tuple(_within(gpu, available) for gpu in used),
        unified_memory=unified,
        ram_bytes=hardware.ram_bytes + carved,
        available_ram_bytes=available,
    )
    amiss = mismatches.find(used, shown, built_for, hardware.os, executable)
    return Reconciled(found, amiss)


def backends(system: str) -> frozenset[str]:
    """Read which backends the engine is built for in what llama.cpp prints of its system.

    CUDA, ROCm and Metal are named there even when they see no device; Vulkan and SYCL never are.

    >>> sorted(backends("CUDA : ARCHS = 890 | CPU : AVX2 = 1"))
    ['cpu', 'cuda']
    """
    return frozenset(_backend(name) for name in _FEATURES.findall(system))


def _chosen(devices: Sequence[EngineDevice]) -> tuple[EngineDevice, ...]:
    """Choose as llama.cpp does: each GPU once, integrated ones only where there is no other."""
    cards: list[EngineDevice] = []
    for device in devices:
        if device.kind != "gpu" or device.backend.upper() == _ELSEWHERE:
            continue
        if not any(_are_one(device, other) for other in cards):
            cards.append(device)
    if cards:
        return tuple(cards)
    inside = [device for device in devices if device.kind == "integrated gpu"]
    return tuple(device for device in inside if device.backend == inside[0].backend)


def _are_one(device: EngineDevice, other: EngineDevice) -> bool:
    """Tell whether two backends show the same GPU; one may add the driver's name to it."""
    if device.backend == other.backend:
        return False
    first, second = _words(device.description), _words(other.description)
    return first.startswith(second) or second.startswith(first)


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def _backend(name: str) -> str:
    return _BACKENDS.get(name.upper(), name.lower())


def _gpu(device: EngineDevice, hardware: Hardware) -> Gpu:
    backend = _backend(device.backend)
    # Metal and OpenCL call every GPU a card. Those of Apple's own processors share memory, as do
    # the GPUs that ggml's OpenCL is made for, inside Qualcomm's and Intel's.
    apple = backend == "metal" and hardware.cpu.startswith("Apple")
    integrated = apple or backend == "opencl" or device.kind == "integrated gpu"
    memory, free = device.memory_bytes, device.free_bytes
    if not memory:
        # Some drivers do not tell; the system's figure is the next best.
        same = [gpu for gpu in hardware.gpus if gpu.is_integrated == integrated]
        memory, free = (same[0].memory_bytes, same[0].free_bytes) if same else (0, 0)
    return Gpu(
        name=" ".join((device.description or device.name).split()),
        backend=backend,
        memory_bytes=memory,
        free_bytes=min(free, memory),
        is_integrated=integrated,
    )


def _carved_out(gpus: Sequence[Gpu]) -> tuple[int, int]:
    """Add up what firmware took from main memory for GPUs, and how much of it must be free."""
    carved = sum(gpu.carved_out_bytes for gpu in gpus)
    free = sum(
        min(
            gpu.carved_out_bytes,
            max(0, gpu.free_bytes - (gpu.memory_bytes - gpu.carved_out_bytes)),
        )
        for gpu in gpus
    )
    return carved, free


def _within(gpu: Gpu, available_bytes: int) -> Gpu:
    """Hold an integrated GPU to the memory that is available: drivers know no containers."""
    if not gpu.is_integrated or gpu.backend == "metal":
        return gpu
    return dataclasses.replace(gpu, free_bytes=min(gpu.free_bytes, available_bytes))
