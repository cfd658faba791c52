"""Tables whose first column holds names to type: they are never cut, whatever their length."""

from collections.abc import Sequence

from localchat import sanitize
from localchat.cli import cells
from localchat.cli.tables import Cell, Column, Pen

_MOST_CHARACTERS = 300


def lines(pen: Pen, columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]]) -> list[str]:
    """Write a table; a name that is too long has a line of its own above its figures."""
    heading, *_ = pen.table(columns, ())
    found = [heading]
    for row in rows:
        name = row[0] if isinstance(row[0], Cell) else Cell(row[0])
        shown = sanitize.line(name.text, _MOST_CHARACTERS)
        if cells.width(shown) <= columns[0].width:
            found += pen.table(columns, (row,))[1:]
        else:
            found.append(pen.mark(shown, name.style))
            found += pen.table(columns, (("", *row[1:]),))[1:]
    return found
