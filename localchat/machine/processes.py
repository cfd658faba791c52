"""How busy the machine is, and how much memory a process has had. Never raises."""

from pathlib import Path

import psutil

from localchat import units

_BUSY_SHARE = 0.25
"""Up to here the machine counts as idle: some program always does something."""


def busy_share(seconds: float = 0.3) -> float:
    """Watch the processors for a moment and say which share of them works, from 0 to 1."""
    try:
        return float(psutil.cpu_percent(interval=seconds)) / 100
    except (OSError, psutil.Error):
        return 0.0


def busy_note(share: float) -> str:
    """Warn that rates measured on a machine so busy are too low; empty while it is idle.

    >>> busy_note(0.1), busy_note(0.6)[:39]
    ('', 'Other programs use 60 % of the processo')
    """
    if share <= _BUSY_SHARE:
        return ""
    return (
        f"Other programs use {round(100 * share)} % of the processor, so the rates are too low: "
        "close them and measure again."
    )


def peak_bytes(pid: int) -> int | None:
    """Return the most memory that a process has held at once; None where nobody tells.

    macOS tells only what it holds now, which is less where pages were given back.
    """
    try:
        return parse_peak(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    except OSError:
        return _by_psutil(pid)


def _by_psutil(pid: int) -> int | None:
    try:
        memory = psutil.Process(pid).memory_info()
    except (OSError, psutil.Error):
        return None
    # Windows knows the peak, the others what is held now.
    return int(getattr(memory, "peak_wset", memory.rss))


def parse_peak(status: str) -> int | None:
    """Read the peak of resident memory in a Linux process's status.

    >>> parse_peak("Name: python\\nVmHWM:\\t 2048 kB\\n")
    2097152
    """
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * units.KIB
    return None
