"""Metadata of a GGUF as it lies in the file, to be copied into another one unread.

Knows nothing of what the entries mean.
"""

import struct
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

U32: Final = 4
ARRAY: Final = 9
_F32, _STRING = 6, 8
NUMBER_BYTES: Final = MappingProxyType(
    {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
)  # what a number of each GGUF type takes


@dataclass(frozen=True, slots=True)
class Entry:
    """One metadata entry, its value as it lies in the file."""

    key: str
    kind: int
    value: bytes


def packed(text: str) -> bytes:
    """Return a text as GGUF stores it: its length, then its bytes."""
    raw = text.encode("utf-8", errors="replace")
    return struct.pack("<Q", len(raw)) + raw


def text_entry(key: str, value: str) -> Entry:
    """Make an entry that holds a text."""
    return Entry(key, _STRING, packed(value))


def number_entry(key: str, value: int) -> Entry:
    """Make an entry that holds a whole number."""
    return Entry(key, U32, struct.pack("<I", value))


def decimal_entry(key: str, value: float) -> Entry:
    """Make an entry that holds a number of single precision."""
    return Entry(key, _F32, struct.pack("<f", value))


def entries(raw: bytes) -> list[Entry]:
    """Walk over the metadata of a header that `gguf.parse` has found sound.

    The vocabulary is left out, and what only concerns files.
    """
    (count,) = struct.unpack_from("<Q", raw, 16)
    at, found = 24, []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", raw, at)
        key = raw[at + 8 : at + 8 + length].decode("utf-8", errors="replace")
        at += 8 + length
        (kind,) = struct.unpack_from("<I", raw, at)
        end = _value_end(raw, at + 4, kind)
        if not key.startswith(("tokenizer.", "split.", "general.alignment")):
            found.append(Entry(key, kind, raw[at + 4 : end]))
        at = end
    return found


def _value_end(raw: bytes, at: int, kind: int) -> int:
    if kind == _STRING:
        return int(at + 8 + struct.unpack_from("<Q", raw, at)[0])
    if kind != ARRAY:
        return at + NUMBER_BYTES[kind]
    item, length = struct.unpack_from("<IQ", raw, at)
    at += 12
    if item != _STRING:
        return int(at + length * NUMBER_BYTES[item])
    for _ in range(length):
        at = _value_end(raw, at, _STRING)
    return at
