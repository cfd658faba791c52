"""Streamed Markdown, cut where it cannot change any more; and how often to show it.

Pure: knows no widget and no clock. Only the block that still grows is parsed again for each update;
what is closed is parsed once.
"""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")
_ROW = re.compile(r"[ ]{0,3}\|")
_RULE = re.compile(r"[ ]{0,3}\|[ \t:|-]*-[ \t:|-]*\n")
_LONG_LINES = 12
"""From so many lines on the rest of a list, a table or a fence is a piece of its own: to parse and
color all of it thirty times a second would cost more than the answer."""

FASTEST_SECONDS = 1 / 30
SLOWEST_SECONDS = 0.25
_COSTLY_SECONDS = 0.025
_CHEAP_SECONDS = 0.010


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that can be read for itself."""

    text: str
    opening: str = ""
    """What began the fence or the table that it is in the middle of."""
    joins: bool = False
    """It goes on in the block of the piece before."""

    @property
    def markdown(self) -> str:
        """What to parse."""
        return self.opening + self.text


class BlockSplitter:
    """Takes pieces of Markdown; gives back blocks once they are closed.

    A block is closed by a blank line outside a code fence, or by the end of its fence. Long lists,
    tables and fences are given in pieces, between two items, rows or lines. The texts that were
    returned by `feed`, and `open_text`, together are exactly what was fed.
    """

    def __init__(self) -> None:
        self.open_text = ""
        """What is still growing."""
        self._scanned = 0
        self._lines = 0
        """How many whole lines the open text has."""
        self._fence = ""
        self._opening = ""
        self._goes_on = False
        """The open text is the rest of a block whose beginning was given already."""

    def feed(self, piece: str) -> list[Piece]:
        """Add a piece of text, and return what is now closed."""
        self.open_text += piece
        closed: list[Piece] = []
        while (end := self.open_text.find("\n", self._scanned) + 1) > 0:
            line = self.open_text[self._scanned : end]
            if self._lines >= _LONG_LINES and self._may_cut(line):
                # Before this line, which is not the block's first.
                closed.append(self._cut(self._scanned, goes_on=True))
                end = len(line)
            self._lines += 1
            self._scanned = end
            if self._closes(line):
                closed.append(self._cut(end, goes_on=False))
        return closed

    @property
    def growing(self) -> Piece:
        """What is still growing, as it can be parsed."""
        return Piece(self.open_text, self._opening if self._goes_on else "", self._goes_on)

    @property
    def in_fence(self) -> bool:
        """Whether the open block is a code fence."""
        return bool(self._fence)

    def _cut(self, at: int, *, goes_on: bool) -> Piece:
        piece = Piece(self.open_text[:at], self._opening if self._goes_on else "", self._goes_on)
        if goes_on and not self._fence and not self._goes_on:
            self._opening = _heading(self.open_text)
        self.open_text = self.open_text[at:]
        self._scanned = self._lines = 0
        self._goes_on = goes_on
        if not goes_on:
            self._opening = ""
        return piece

    def _may_cut(self, line: str) -> bool:
        """Whether a long block may be cut before this line."""
        if self._fence:
            # Not one inside of a list, nor before its end.
            return self._opening[0] in "`~" and not line.startswith(self._fence)
        if _ROW.match(line):
            return bool(self._opening if self._goes_on else _heading(self.open_text))
        return bool(_ITEM.match(line) and _ITEM.match(self.open_text))

    def _closes(self, line: str) -> bool:
        bare = line.rstrip()
        match = _FENCE.match(bare)
        if not self._fence:
            # A fence of backticks has no backtick in its info string (CommonMark 4.5).
            if match and not (match[1][0] == "`" and "`" in match[2]):
                self._fence, self._opening = match[1], line
            return not bare
        if match and match[1].startswith(self._fence) and not match[2].strip():
            self._fence = ""
            return True
        return False


def _heading(text: str) -> str:
    """Give the two lines that a table begins with; empty for what is no table."""
    first, _, rest = text.partition("\n")
    rule = rest[: rest.find("\n") + 1]
    return f"{first}\n{rule}" if _ROW.match(first) and _RULE.fullmatch(rule) else ""


class Pace:
    """The pause between two updates: short, and longer while an update costs much."""

    def __init__(self) -> None:
        self.seconds = FASTEST_SECONDS

    def took(self, cost_seconds: float) -> None:
        """Learn what the last update cost, its drawing included."""
        if cost_seconds > _COSTLY_SECONDS:
            self.seconds = min(self.seconds * 2, SLOWEST_SECONDS)
        elif cost_seconds < _CHEAP_SECONDS:
            self.seconds = max(self.seconds / 2, FASTEST_SECONDS)
