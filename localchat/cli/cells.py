"""How wide a text is on a terminal, where CJK and most emoji take two cells and some marks none."""

import re
from typing import Final

from localchat import sanitize

_CHARACTERS_PER_CELL: Final = 8
"""More are no letter with its marks."""
_NARROW: Final = re.compile("[ -\u00ac\u00ae-\u02ff\u2010-\u2027]*")
"""One cell for each character: Latin letters, and what the tables put between them."""


def width(text: str) -> int:
    """Count the cells of a line that is clean already.

    >>> width("tea …"), width("茶道"), width("e\\u0301")
    (5, 4, 1)
    """
    if _NARROW.fullmatch(text):
        return len(text)
    # It comes with Textual; read only where it is needed, as most commands answer in a moment.
    from rich import cells

    return cells.cell_len(text)


def cut(untrusted: str, most_cells: int) -> str:
    """Make text safe to show on one line, and cut it to so many cells.

    >>> cut("茶道の歴史", 6), cut("tea ceremony", 6)
    ('茶道…', 'tea c…')
    """
    safe = sanitize.line(untrusted, most_cells * _CHARACTERS_PER_CELL)
    if width(safe) <= most_cells:
        return safe
    if _NARROW.fullmatch(safe):
        return sanitize.line(safe, most_cells)
    from rich import cells

    return cells.set_cell_size(safe, most_cells - 1).rstrip() + "…"
