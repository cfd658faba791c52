"""The display adapters that Windows lists in its registry.

`Win32_VideoController.AdapterRAM` is not asked: it ends at 4 GiB.
"""

import re
import sys

from localchat.machine.files import hexadecimal
from localchat.machine.systemgpu import (
    VENDOR_IDS,
    SystemGpu,
    is_integrated,
    is_worthwhile,
)

_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_MEMORY = "HardwareInformation.qwMemorySize"
_VALUES = ("DriverDesc", "MatchingDeviceId", _MEMORY)
_MOST_ADAPTERS = 64
_LINE = re.compile(r"^\s+(?P<name>\S+)\s+(?P<kind>REG_\w+)\s+(?P<value>.*)$")
_PCI = re.compile(r"VEN_([0-9a-f]{4})&DEV_([0-9a-f]{4})", re.IGNORECASE)


def read_adapters() -> str:
    """List the adapters as `reg query` prints them; empty on other systems."""
    lines: list[str] = []
    if sys.platform == "win32":
        import winreg

        kinds = {
            winreg.REG_SZ: "REG_SZ",
            winreg.REG_QWORD: "REG_QWORD",
            winreg.REG_BINARY: "REG_BINARY",
        }
        for number in range(_MOST_ADAPTERS):
            place = rf"{_CLASS}\{number:04}"
            try:
                key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place)
            except OSError:
                continue
            lines.append(rf"HKEY_LOCAL_MACHINE\{place}")
            with key:
                for name in _VALUES:
                    try:
                        value, kind = winreg.QueryValueEx(key, name)
                    except OSError:
                        continue
                    shown = hex(value) if isinstance(value, int) else value
                    shown = value.hex() if isinstance(value, bytes) else shown
                    lines.append(f"    {name}    {kinds.get(kind, 'REG_NONE')}    {shown}")
    return "\n".join(lines)


def parse_adapters(text: str) -> tuple[SystemGpu, ...]:
    """Read what `reg query` prints of the adapters; ones that were replaced are listed once."""
    found: list[SystemGpu] = []
    values: dict[str, str] = {}
    for line in [*text.splitlines(), "HKEY_LOCAL_MACHINE"]:
        if line.startswith("HKEY_"):
            gpu = _adapter(values)
            if gpu is not None and gpu not in found:
                found.append(gpu)
            values = {}
        elif match := _LINE.match(line):
            values[match["name"]] = f"{match['kind']} {match['value'].strip()}"
    return tuple(found)


def _adapter(values: dict[str, str]) -> SystemGpu | None:
    place = _PCI.search(values.get("MatchingDeviceId", ""))
    if place is None:
        return None
    vendor = VENDOR_IDS.get(int(place[1], 16))
    if vendor is None:
        return None
    device, own = int(place[2], 16), _size(values.get(_MEMORY, ""))
    integrated = is_integrated(vendor, device, own)
    return SystemGpu(
        vendor=vendor,
        name=values.get("DriverDesc", "").removeprefix("REG_SZ").strip() or f"{vendor} GPU",
        worthwhile=is_worthwhile(device, integrated),
        is_integrated=integrated,
        # Intel's driver counts main memory that it may use as the GPU's own.
        own_bytes=0 if integrated and vendor == "intel" else own,
        own_free_bytes=0 if integrated and vendor == "intel" else own,
    )


def _size(value: str) -> int:
    """Read a size: a number, or its eight bytes from the lowest on."""
    kind, _, rest = value.partition(" ")
    if kind == "REG_QWORD":
        return max(0, hexadecimal(rest) or 0)
    if kind == "REG_BINARY":
        try:
            return int.from_bytes(bytes.fromhex(rest)[:8], "little")
        except ValueError:
            return 0
    return 0
