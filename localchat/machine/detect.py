"""Find out what this computer is. The only room that knows psutil."""

import os
import platform

import psutil

from localchat.machine import darwin, linux, windows
from localchat.machine.hardware import Hardware


def detect() -> Hardware:
    """Describe this computer, as far as this process may use it. Takes a few milliseconds."""
    system = platform.system().lower()
    if system == "linux":
        return linux.probe(frozenset(os.sched_getaffinity(0)))
    total, available = _memory()
    if system == "darwin":
        return darwin.hardware(darwin.read_sysctl(), available, total)
    return windows.hardware(
        system,
        windows.processor_name(),
        psutil.cpu_count(logical=False),
        _allowed_threads(),
        total,
        available,
    )


def _memory() -> tuple[int, int]:
    try:
        memory = psutil.virtual_memory()
    except (OSError, psutil.Error):
        return 0, 0
    return int(memory.total), int(memory.available)


def _allowed_threads() -> int:
    try:
        return len(psutil.Process().cpu_affinity())
    except (OSError, AttributeError, psutil.Error):
        return psutil.cpu_count() or 1
