"""A Mac, as sysctl describes it."""

import subprocess
from collections.abc import Mapping

from localchat import units
from localchat.machine.files import whole_number
from localchat.machine.hardware import Gpu, Hardware

_NAMES = (
    "machdep.cpu.brand_string",
    "hw.physicalcpu",
    "hw.logicalcpu",
    "hw.memsize",
    "hw.perflevel0.physicalcpu",
    "hw.perflevel1.physicalcpu",
    "iogpu.wired_limit_mb",
    "vm.swapusage",
)
_SECONDS = 0.4

# What Metal recommended at most on Macs of some sizes, as their owners report it: the share rises
# with memory and has changed between versions of macOS. Under 16 GiB only the older share is
# known. Held until the engine tells what Metal says here.
_MEASURED_SHARES = (
    (128 * units.GIB, 107.52 / 128),
    (64 * units.GIB, 51 / 64),
    (16 * units.GIB, 11.84 / 16),
    (0, 10922.67 / 16384),
)


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


def parse_swap(text: str) -> int:
    """Read the swap in all from what vm.swapusage says.

    >>> parse_swap("total = 2048.00M  used = 1191.25M  free = 856.75M  (encrypted)")
    2147483648
    """
    name, _, rest = text.partition("=")
    words = rest.split()
    if name.strip() != "total" or not words:
        return 0
    whole = whole_number(words[0].removesuffix("M").partition(".")[0])
    return max(0, whole or 0) * units.MIB


def working_set_bytes(ram_bytes: int, wired_limit_mb: int) -> int:
    """Say how much memory Metal gives to a program: what its owner set, or what Macs of that
    size were seen to give.

    >>> working_set_bytes(16 * units.GIB, 14336) // units.MIB
    14336
    """
    if 0 < wired_limit_mb * units.MIB <= ram_bytes:
        return wired_limit_mb * units.MIB
    share = next(share for size, share in _MEASURED_SHARES if ram_bytes >= size)
    return int(ram_bytes * share)


def hardware(text: str, available_bytes: int, total_bytes: int) -> Hardware:
    """Describe the Mac of which sysctl said `text`.

    Intel Macs have one kind of core, no `perflevel`, and GPUs that do not pay.
    """
    values = parse_sysctl(text)

    def number(name: str) -> int:
        return max(0, whole_number(values.get(name, "")) or 0)

    performance = number("hw.perflevel0.physicalcpu") or number("hw.physicalcpu") or 1
    efficiency = number("hw.perflevel1.physicalcpu")
    cpu = values.get("machdep.cpu.brand_string", "")
    ram = number("hw.memsize") or total_bytes
    is_apple = cpu.startswith("Apple") and ram > 0
    most = working_set_bytes(ram, number("iogpu.wired_limit_mb"))
    return Hardware(
        os="darwin",
        cpu=cpu,
        performance_cores=performance,
        efficiency_cores=efficiency,
        ram_bytes=ram,
        available_ram_bytes=min(available_bytes, ram),
        usable_threads=number("hw.logicalcpu") or performance + efficiency,
        usable_cores=performance,
        gpus=(Gpu(cpu, "metal", most, most, is_integrated=True),) if is_apple else (),
        unified_memory=is_apple,
        swap_bytes=parse_swap(values.get("vm.swapusage", "")),
    )
