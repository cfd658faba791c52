"""Whether memory is really locked: llama.cpp only warns when mlock fails, and goes on."""

import sys
from pathlib import Path

NO_LIMIT = -1
UNKNOWN = -1


def locked_bytes(status_file: Path = Path("/proc/self/status")) -> int:
    """Return how much of this process is locked in RAM (VmLck), or UNKNOWN."""
    try:
        return parse_locked(status_file.read_text())
    except OSError:
        return UNKNOWN


def parse_locked(status: str) -> int:
    """Read VmLck from the text of /proc/PID/status, in bytes, or UNKNOWN.

    >>> parse_locked("VmPeak:  100 kB\\nVmLck:     312 kB\\n")
    319488
    """
    for line in status.splitlines():
        if line.startswith("VmLck:"):
            return int(line.split()[1]) * 1024
    return UNKNOWN


def lock_limit_bytes() -> int:
    """Return RLIMIT_MEMLOCK after raising the soft limit to the hard one, or NO_LIMIT."""
    if sys.platform == "win32":
        return NO_LIMIT
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
    return NO_LIMIT if hard == resource.RLIM_INFINITY else hard
