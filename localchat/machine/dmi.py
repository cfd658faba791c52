"""How fast main memory is at most, from what the firmware says of its modules (SMBIOS type 17)."""

import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from localchat.machine.files import whole_number

_UDEV_LINE = re.compile(r"^E:MEMORY_DEVICE_(\d+)_(\w+)=(.*)$")
_CHANNEL = re.compile(r"(?:node *(\d+)\W*)?channel[ _-]*([a-z0-9]+)", re.IGNORECASE)
_CONTROLLER = re.compile(r"(?:controller|p|cpu|mc)[ _-]?(\d+)", re.IGNORECASE)
_LEAST_RATE, _MOST_RATE = 100, 20_000
_WIDTHS = frozenset((8, 16, 24, 32, 64, 128))
_NAMELESS_MODULES, _NAMELESS_BITS = 4, 128
"""Boards with up to four slots whose channels have no names have two channels of 64 bits."""

_RAW_HEADER = struct.Struct("<4xI")
"""RawSMBIOSData: versions, and the length of the table that follows."""
_STRUCTURE = struct.Struct("<BB2x")
"""Type and length of a structure's fixed part."""
_MEMORY_DEVICE = 17
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Module:
    """A memory module, or a soldered chip."""

    width_bits: int
    transfers_mts: int
    """Configured, in 10^6 transfers a second."""
    channel: str
    """Which channel it is on; empty when the firmware does not tell."""


def parse_udev(text: str) -> tuple[Module, ...]:
    """Read the modules in udev's record of the computer, /run/udev/data/+dmi:id."""
    slots: dict[int, dict[str, str]] = {}
    for line in text.splitlines():
        if match := _UDEV_LINE.match(line):
            slots.setdefault(int(match[1][:4]), {})[match[2]] = match[3]
    found = (_module(slots[number]) for number in sorted(slots))
    return tuple(module for module in found if module is not None)


def read_smbios() -> bytes:
    """Ask Windows for the firmware's table, which any user may read; empty on other systems."""
    if sys.platform == "win32":
        import ctypes

        try:
            ask = ctypes.windll.kernel32.GetSystemFirmwareTable
        except (OSError, AttributeError):
            return b""
        provider = int.from_bytes(b"RSMB", "big")
        size = ask(provider, 0, None, 0)
        if 0 < size <= _MOST_BYTES:
            buffer = ctypes.create_string_buffer(size)
            return buffer.raw[: ask(provider, 0, buffer, size)]
    return b""


def parse_smbios(raw: bytes) -> tuple[Module, ...]:
    """Read the modules in RawSMBIOSData (DMTF DSP0134, memory device)."""
    if len(raw) < _RAW_HEADER.size:
        return ()
    (length,) = _RAW_HEADER.unpack_from(raw)
    table = raw[_RAW_HEADER.size : _RAW_HEADER.size + length]
    found = (_module(fields) for fields in _memory_devices(table))
    return tuple(module for module in found if module is not None)


def bandwidth_gbps(modules: tuple[Module, ...]) -> float | None:
    """Compute the theoretical peak: bits of all channels x slowest rate; None when not known.

    >>> bandwidth_gbps((Module(64, 5600, "A"), Module(64, 5600, "B")))
    89.6
    """
    if not modules:
        return None
    rate = min(module.transfers_mts for module in modules)
    if all(module.channel for module in modules):
        widths = {module.channel: 0 for module in modules}
        for module in modules:
            widths[module.channel] = max(widths[module.channel], module.width_bits)
        bits = sum(widths.values())
    elif len(modules) <= _NAMELESS_MODULES or all(module.width_bits < 64 for module in modules):
        bits = min(_NAMELESS_BITS, sum(module.width_bits for module in modules))
    else:
        return None
    return round(bits / 8 * rate / 1000, 1)


def _memory_devices(table: bytes) -> Iterator[dict[str, str]]:
    at = 0
    while at + _STRUCTURE.size <= len(table):
        kind, length = _STRUCTURE.unpack_from(table, at)
        end = table.find(b"\0\0", at + length)
        if length < _STRUCTURE.size or end < 0:
            return
        if kind == _MEMORY_DEVICE:
            yield _fields(table[at : at + length], table[at + length : end].split(b"\0"))
        at = end + 2


def _fields(fixed: bytes, strings: list[bytes]) -> dict[str, str]:
    """Name a memory device's values as udev does."""

    def word(offset: int) -> int:
        return int.from_bytes(fixed[offset : offset + 2], "little")

    def text(offset: int) -> str:
        number = fixed[offset] if offset < len(fixed) else 0
        known = 0 < number <= len(strings)
        return strings[number - 1].decode("ascii", errors="replace") if known else ""

    return {
        "DATA_WIDTH": str(word(0x0A)),
        "SIZE": str(word(0x0C)),
        "LOCATOR": text(0x10),
        "BANK_LOCATOR": text(0x11),
        # Firmware older than SMBIOS 2.7 has the module's own rate alone.
        "CONFIGURED_SPEED_MTS": str(word(0x20) or word(0x15)),
    }


def _module(fields: dict[str, str]) -> Module | None:
    width = whole_number(fields.get("DATA_WIDTH", "")) or 0
    rate = whole_number(fields.get("CONFIGURED_SPEED_MTS", fields.get("SPEED_MTS", ""))) or 0
    present = fields.get("PRESENT", "1") != "0" and (whole_number(fields.get("SIZE", "1")) or 0) > 0
    if not present or width not in _WIDTHS or not _LEAST_RATE <= rate <= _MOST_RATE:
        return None
    return Module(width, rate, _channel(fields))


def _channel(fields: dict[str, str]) -> str:
    """Name the channel in `P0 CHANNEL A`, `Controller1-ChannelB-DIMM0`, `P0_Node0_Channel3`."""
    for key in ("BANK_LOCATOR", "LOCATOR"):
        text = fields.get(key, "")
        if channel := _CHANNEL.search(text):
            controller = _CONTROLLER.search(text)
            return f"{controller[1] if controller else ''}/{channel[1] or ''}/{channel[2].upper()}"
    return ""
