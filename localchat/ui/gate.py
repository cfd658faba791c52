"""The last gate before the terminal: control characters are taken out of every line drawn.

Text is made safe where it enters a widget; this catches what a widget forgot.
"""

import functools

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from localchat import sanitize


class ControlGate(LineFilter):
    """Drops control characters; they take up no cells, so that nothing moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without control characters."""
        del background
        return [
            segment if segment.text.isprintable() else _without_controls(segment)
            for segment in segments
        ]


def _without_controls(segment: Segment) -> Segment:
    return Segment(_printable(segment.text), segment.style, segment.control)


@functools.lru_cache(4096)
def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter not in "\n\t" and _is_safe(letter))


def _is_safe(letter: str) -> bool:
    return sanitize.text(letter) == letter
