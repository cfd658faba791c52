"""The graphics cards that Linux's kernel shows in /sys/class/drm.

AMD's driver tells memory in full; Intel's and the free one for NVIDIA tell none.
"""

from pathlib import Path

from localchat.machine.files import hexadecimal, names, read, whole_number
from localchat.machine.systemgpu import (
    VENDOR_IDS,
    SystemGpu,
    is_integrated,
    is_worthwhile,
)

_NAMES = "usr/share/libdrm/amdgpu.ids"
_PLAIN = {"nvidia": "NVIDIA GPU", "amd": "AMD GPU", "intel": "Intel GPU"}


def cards(root: Path) -> tuple[SystemGpu, ...]:
    """List the cards by their number; displays and virtual cards are left out."""
    folder = root / "sys/class/drm"
    numbers = sorted(
        int(name.removeprefix("card"))
        for name in names(folder)
        if name.startswith("card") and name.removeprefix("card").isdecimal()
    )
    found = (card(folder / f"card{number}" / "device", root) for number in numbers)
    return tuple(each for each in found if each is not None)


def card(device: Path, root: Path) -> SystemGpu | None:
    """Describe the card of a device folder; None when it is of none of the known makers."""
    vendor = VENDOR_IDS.get(hexadecimal(read(device / "vendor")) or 0)
    if vendor is None:
        return None
    number = hexadecimal(read(device / "device")) or 0
    own, own_free = _memory(device, "vram")
    shared, shared_free = _memory(device, "gtt")
    integrated = is_integrated(vendor, number, own)
    name = _PLAIN[vendor]
    if vendor == "amd":
        revision = hexadecimal(read(device / "revision")) or 0
        name = read(device / "product_name").strip() or parse_amd_name(
            read(root / _NAMES), number, revision
        )
    return SystemGpu(
        vendor=vendor,
        name=name or _PLAIN[vendor],
        worthwhile=is_worthwhile(number, integrated),
        is_integrated=integrated,
        own_bytes=own,
        own_free_bytes=own_free,
        # A card can reach main memory too, but only as slowly as the bus is.
        shared_bytes=shared if integrated else 0,
        shared_free_bytes=shared_free if integrated else 0,
    )


def parse_amd_name(text: str, device: int, revision: int) -> str:
    """Find a card in libdrm's amdgpu.ids: device, revision and name, with commas between them.

    >>> parse_amd_name("15BF,\\tC1,\\tAMD Radeon 780M Graphics\\n", 0x15BF, 0xC1)
    'AMD Radeon 780M Graphics'
    """
    for line in text.splitlines():
        fields = line.split(",", 2)
        if len(fields) == 3 and [hexadecimal(each) for each in fields[:2]] == [device, revision]:
            return fields[2].strip()
    return ""


def _memory(device: Path, kind: str) -> tuple[int, int]:
    """Read how much memory of a kind there is, and how much of it is free."""
    total = max(0, whole_number(read(device / f"mem_info_{kind}_total")) or 0)
    used = max(0, whole_number(read(device / f"mem_info_{kind}_used")) or 0)
    return total, max(0, total - used)
