"""Bars and sparklines made of block characters. Pure: numbers in, text out."""

from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"

WARNING_FRACTION = 0.80
"""Of the context in use, from here on the reader should know."""
FULL_FRACTION = 0.95


def bar(fraction: float, width: int) -> tuple[str, str]:
    """Draw a bar: its filled part and the rest, together `width` cells.

    >>> bar(0.5, 8), bar(0.19, 8), bar(2, 3)
    (('████', '    '), ('█▌', '      '), ('███', ''))
    """
    eighths = round(min(max(fraction, 0.0), 1.0) * width * 8)
    if fraction > 0 and width > 0:
        eighths = max(eighths, 1)
    full, part = divmod(eighths, 8)
    filled = "█" * full + (_EIGHTHS[part] if part else "")
    return filled, " " * (width - len(filled))


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw the newest `width` values against the highest of them.

    >>> sparkline([1, 4, 8], 5), sparkline([], 5)
    ('▁▄█', '')
    """
    newest = values[-width:] if width > 0 else ()
    top = max(newest, default=0)
    if top <= 0:
        return ""
    return "".join(_LEVELS[min(7, int(value / top * 7.999))] for value in newest)


def severity(fraction: float) -> str:
    """Name the theme color for a context filled this far."""
    if fraction >= FULL_FRACTION:
        return "$error"
    return "$warning" if fraction >= WARNING_FRACTION else "$primary"
