"""Aligned columns for people, with colors on a terminal and without anywhere else."""

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TextIO

from localchat import sanitize
from localchat.cli import cells

WIDTH: Final = 79
"""Fits a terminal of 80 columns."""

Style = Literal["", "strong", "good", "faint"]
_CODES: Final = {"strong": "\x1b[1m", "good": "\x1b[1;32m", "faint": "\x1b[2m"}
_PLAIN: Final = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, and how it looks."""

    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and width in cells; numbers stand on the right."""

    heading: str
    width: int
    right: bool = True


class Pen:
    """Writes lines, colored where the output is a terminal that wants it."""

    def __init__(self, out: TextIO) -> None:
        self._colors = out.isatty() and not os.environ.get("NO_COLOR") and os.name != "nt"

    def mark(self, text: str, style: Style) -> str:
        """Give a text its look."""
        if not style or not self._colors:
            return text
        return f"{_CODES[style]}{text}{_PLAIN}"

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]]) -> list[str]:
        """Write a table with its headings."""
        heading = [Cell(column.heading, "faint") for column in columns]
        return [self._row(columns, row) for row in (heading, *rows)]

    def paragraph(self, text: str, indent: str = "") -> list[str]:
        """Write a text in as many lines as it needs."""
        safe = sanitize.line(text, 2000)
        return textwrap.wrap(safe, WIDTH, initial_indent=indent, subsequent_indent=indent)

    def _row(self, columns: Sequence[Column], row: Sequence[Cell | str]) -> str:
        parts = []
        for column, each in zip(columns, row, strict=True):
            cell = each if isinstance(each, Cell) else Cell(each)
            text = cells.cut(cell.text, column.width)
            if column.right and cell.text.endswith(" "):
                # A blank keeps numbers aligned beside marks.
                text += " "
            # Blanks stay outside the colors, so that nothing is underlined by accident.
            padding = " " * (column.width - cells.width(text))
            marked = self.mark(text, cell.style)
            parts.append(padding + marked if column.right else marked + padding)
        return " ".join(parts).rstrip()
