"""A position in a GGUF header that is being read, with the caps that keep a hostile one harmless.

Knows how numbers and strings lie in the file, not what they mean.
"""

import struct
from typing import Final, Protocol

from localchat import errors, sanitize, units

MAX_HEADER_BYTES: Final = 64 * units.MIB
MAX_STRING_BYTES: Final = 16 * units.MIB
MAX_ITEMS: Final = 4_000_000
"""Array items in one header; the largest vocabularies with their merges have under a million."""

U32: Final = struct.Struct("<I")
U64: Final = struct.Struct("<Q")
AGAIN: Final = "Download it again, or choose another file."
_CHUNK_BYTES = 256 * units.KIB


class Source(Protocol):
    """Where the bytes of a header come from, in order."""

    def read(self, n_bytes: int, /) -> bytes:
        """Return up to `n_bytes` more bytes; none at the end."""
        ...


class Cursor:
    """A position in the header, and the complaint when the header is not sound."""

    def __init__(self, source: Source, shown: str, size_bytes: int) -> None:
        self._source = source
        self._size_bytes = size_bytes
        self._buffer = b""
        self._buffer_start = 0
        self._at = 0
        self._items = 0
        self.shown = shown

    @property
    def position(self) -> int:
        """How many bytes have been taken."""
        return self._buffer_start + self._at

    def peek(self, n_bytes: int) -> bytes:
        """Return the next bytes without taking them; fewer at the end of the source."""
        while self._at + n_bytes > len(self._buffer):
            piece = self._source.read(_CHUNK_BYTES)
            if not piece:
                break
            self._buffer += piece
        return self._buffer[self._at : self._at + n_bytes]

    def take(self, n_bytes: int) -> bytes:
        """Take the next bytes."""
        if self._at + n_bytes > len(self._buffer):
            self._fill(n_bytes)
        taken = self._buffer[self._at : self._at + n_bytes]
        self._at += n_bytes
        return taken

    def number(self, layout: struct.Struct) -> int:
        """Take one whole number."""
        return int(layout.unpack(self.take(layout.size))[0])

    def count(self, most: int, what: str) -> int:
        """Take a count that may not be more than `most`."""
        counted = self.number(U64)
        if counted > most:
            raise self.hostile(f"{counted:,} {what}")
        return counted

    def string(self, most_bytes: int, what: str) -> str:
        """Take a string; bytes that are no UTF-8 are replaced."""
        length = self.number(U64)
        if length > most_bytes:
            raise self.hostile(f"{what} of {length:,} bytes")
        return self.take(length).decode("utf-8", errors="replace")

    def skip_strings(self, n_strings: int) -> None:
        """Pass over strings without building them: a vocabulary has 150,000."""
        unpack, buffer, at = U64.unpack_from, self._buffer, self._at
        for _ in range(n_strings):
            if at + 8 > len(buffer):
                self._at = at
                self._fill(8)
                buffer, at = self._buffer, self._at
            (length,) = unpack(buffer, at)
            at += 8 + length
            if at > len(buffer):
                if length > MAX_STRING_BYTES:
                    raise self.hostile(f"a text of {length:,} bytes")
                self._at = at - length
                self._fill(length)
                buffer, at = self._buffer, self._at + length
        self._at = at

    def skip(self, n_bytes: int) -> None:
        """Pass over bytes."""
        while n_bytes > 0:
            step = min(n_bytes, _CHUNK_BYTES)
            self.take(step)
            n_bytes -= step

    def spend_items(self, n_items: int) -> None:
        """Count array items against the cap of the whole header."""
        self._items += n_items
        if self._items > MAX_ITEMS:
            raise self.hostile(f"{self._items:,} array items")

    def damaged(self, what: str) -> errors.BadModel:
        """Return the complaint about content that cannot be."""
        return errors.BadModel(f"{self.shown} is damaged: {sanitize.line(what, 160)}.", AGAIN)

    def hostile(self, what: str) -> errors.BadModel:
        """Return the complaint about a size that no real model has."""
        return errors.BadModel(
            f"{self.shown} is damaged or hostile: its header claims {what}.", AGAIN
        )

    def _fill(self, n_bytes: int) -> None:
        """Have at least `n_bytes` in the buffer after the current position."""
        if self.position + n_bytes > MAX_HEADER_BYTES:
            limit = units.human_bytes(MAX_HEADER_BYTES)
            raise self.hostile(f"to be larger than {limit}")
        if self.position + n_bytes > self._size_bytes:
            raise self._truncated()
        pieces = [self._buffer[self._at :]]
        self._buffer_start += self._at
        self._at = 0
        missing = n_bytes - len(pieces[0])
        while missing > 0:
            piece = self._source.read(max(missing, _CHUNK_BYTES))
            if not piece:
                raise self._truncated()
            pieces.append(piece)
            missing -= len(piece)
        self._buffer = b"".join(pieces)

    def _truncated(self) -> errors.BadModel:
        return errors.BadModel(
            f"{self.shown} is truncated: its {self._size_bytes:,} bytes end inside the header.",
            "The download did not finish: get the file again.",
        )
