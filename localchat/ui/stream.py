"""Streamed Markdown, cut where it cannot change any more; and how often to show it.

Pure: knows no widget and no clock. Only the block that still grows is parsed again for each update;
what is closed is parsed once.
"""

import re

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)")

FASTEST_SECONDS = 1 / 30
SLOWEST_SECONDS = 0.25
_COSTLY_SECONDS = 0.025
_CHEAP_SECONDS = 0.010


class BlockSplitter:
    """Takes pieces of Markdown; gives back blocks once they are closed.

    A block is closed by a blank line outside a code fence, or by the end of its fence. All that was
    returned by `feed`, and `open_text`, together are exactly what was fed.
    """

    def __init__(self) -> None:
        self.open_text = ""
        """The block that is still growing."""
        self._scanned = 0
        self._fence = ""

    def feed(self, piece: str) -> str:
        """Add a piece, and return the text that is now closed, if any."""
        self.open_text += piece
        cut = 0
        while (end := self.open_text.find("\n", self._scanned) + 1) > 0:
            if self._closes(self.open_text[self._scanned : end].rstrip()):
                cut = end
            self._scanned = end
        closed, self.open_text = self.open_text[:cut], self.open_text[cut:]
        self._scanned -= cut
        return closed

    @property
    def in_fence(self) -> bool:
        """Whether the open block is a code fence."""
        return bool(self._fence)

    def _closes(self, line: str) -> bool:
        match = _FENCE.match(line)
        if not self._fence:
            # A fence of backticks has no backtick in its info string (CommonMark 4.5).
            if match and not (match[1][0] == "`" and "`" in match[2]):
                self._fence = match[1]
            return not line
        if match and match[1].startswith(self._fence) and not match[2].strip():
            self._fence = ""
            return True
        return False


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
