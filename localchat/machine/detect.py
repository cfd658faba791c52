"""Find out what this computer is. The only room that knows psutil."""

import dataclasses
import os
import platform

import psutil

from localchat.machine import darwin, dmi, gpus, linux, windows
from localchat.machine.hardware import Hardware
from localchat.machine.systemgpu import SystemGpu


def detect(shown: tuple[SystemGpu, ...] | None = None) -> Hardware:
    """Describe this computer, as far as this process may use it; takes less than half a second.

    Its GPUs are those that the system shows: `reconcile` tells which of them the engine can use.
    `shown` is what `gpus.find_gpus` found, for those who asked already.
    """
    found = processor()
    if found.os == "darwin":
        return found
    listed = gpus.find_gpus() if shown is None else shown
    devices = gpus.as_devices(listed, found.os, found.ram_bytes, found.available_ram_bytes)
    unified = bool(devices) and all(device.is_integrated for device in devices)
    return dataclasses.replace(found, gpus=devices, unified_memory=unified)


def processor() -> Hardware:
    """Describe processor and memory alone; takes a few milliseconds."""
    system = platform.system().lower()
    if system == "linux":
        return linux.probe(frozenset(os.sched_getaffinity(0)))
    total, available = _memory()
    if system == "darwin":
        return darwin.hardware(darwin.read_sysctl(), available, total)
    found = windows.hardware(
        system,
        windows.processor_name(),
        psutil.cpu_count(logical=False),
        _allowed_threads(),
        total,
        available,
        windows.parse_cores(windows.read_cores()),
    )
    bandwidth = dmi.bandwidth_gbps(dmi.parse_smbios(dmi.read_smbios()))
    return dataclasses.replace(found, memory_bandwidth_gbps=bandwidth)


def _memory() -> tuple[int, int]:
    try:
        memory = psutil.virtual_memory()
    except (OSError, psutil.Error):
        return 0, 0
    return int(memory.total), int(memory.available)


def _allowed_threads() -> tuple[int, ...]:
    try:
        return tuple(psutil.Process().cpu_affinity())
    except (OSError, AttributeError, psutil.Error):
        return tuple(range(psutil.cpu_count() or 1))
