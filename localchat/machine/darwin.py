"""A Mac, as sysctl describes it."""

import subprocess
from collections.abc import Mapping

from localchat.machine.files import whole_number
from localchat.machine.hardware import Hardware

_NAMES = (
    "machdep.cpu.brand_string",
    "hw.physicalcpu",
    "hw.logicalcpu",
    "hw.memsize",
    "hw.perflevel0.physicalcpu",
    "hw.perflevel1.physicalcpu",
)
_SECONDS = 5


def read_sysctl() -> str:
    """Ask sysctl; empty when it cannot be asked. Names that it does not know are left out."""
    command = ["/usr/sbin/sysctl", *_NAMES]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", errors="replace")


def parse_sysctl(text: str) -> Mapping[str, str]:
    """Read sysctl's lines.

    >>> parse_sysctl("hw.memsize: 17179869184\\n")
    {'hw.memsize': '17179869184'}
    """
    lines = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in lines}


def hardware(text: str, available_bytes: int, total_bytes: int) -> Hardware:
    """Describe the Mac of which sysctl said `text`.

    Intel Macs have one kind of core and no `perflevel`.
    """
    values = parse_sysctl(text)

    def number(name: str) -> int:
        return whole_number(values.get(name, "")) or 0

    performance = number("hw.perflevel0.physicalcpu") or number("hw.physicalcpu") or 1
    efficiency = number("hw.perflevel1.physicalcpu")
    return Hardware(
        os="darwin",
        cpu=values.get("machdep.cpu.brand_string", ""),
        performance_cores=performance,
        efficiency_cores=efficiency,
        ram_bytes=number("hw.memsize") or total_bytes,
        available_ram_bytes=available_bytes,
        usable_threads=number("hw.logicalcpu") or performance + efficiency,
        usable_cores=performance,
    )
