"""The grid of quantizations and contexts as aligned text. Pure: grid and cursor in, text out."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content

from localchat import sanitize
from localchat.fit.option import Option
from localchat.ui import marks, wording
from localchat.ui.grid import EXACT_COLUMN, Cell, Grid

_LEAST_LABEL_CELLS = 5
_MOST_LABEL_CELLS = 12
_COLUMN_CELLS = 10
_LOSS_CELLS = 9


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a grid is seen. The exact maximum stays where it is."""

    label_cells: int
    top: int
    rows: int
    left: int
    """The first column that is seen after the exact maximum."""
    columns: int
    """How many are seen after the exact maximum."""
    has_loss: bool

    @property
    def shown(self) -> tuple[int, ...]:
        """The columns that are drawn, in order."""
        return (EXACT_COLUMN, *range(self.left, self.left + self.columns))

    def hit(self, x: int, y: int) -> Cell | None:
        """Tell which cell is drawn at a place; the heading is line 0."""
        row, place = y - 1, (x - self.label_cells) // _COLUMN_CELLS
        if not 0 <= row < self.rows or x < self.label_cells or place >= len(self.shown):
            return None
        return self.top + row, self.shown[place]


def view(grid: Grid, cursor: Cell, width: int, height: int) -> View:
    """Choose the part of a grid that fits and holds the cursor."""
    label = max((len(each.label) for each in grid.rows), default=0)
    label = min(max(label, _LEAST_LABEL_CELLS), _MOST_LABEL_CELLS) + 1
    room = (width - label) // _COLUMN_CELLS - 1
    columns = max(1, min(room, len(grid.contexts)))
    left = min(max(1, cursor[1] - columns + 2), len(grid.contexts) - columns + 1)
    rows = max(1, min(height - 1, len(grid.rows)))
    top = min(max(0, cursor[0] - rows // 2), len(grid.rows) - rows)
    has_loss = width >= label + (columns + 1) * _COLUMN_CELLS + _LOSS_CELLS
    return View(label, top, rows, left, columns, has_loss)


def draw(grid: Grid, cursor: Cell, seen: View, *, has_focus: bool) -> Content:
    """Draw the heading and the rows that are seen."""
    lines = [_heading(grid, cursor, seen)]
    for row in range(seen.top, seen.top + seen.rows):
        cells = [_cell(grid, (row, column), cursor, has_focus) for column in seen.shown]
        label = sanitize.line(grid.rows[row].label, seen.label_cells - 1).ljust(seen.label_cells)
        style = "bold $primary" if row == cursor[0] else ""
        line = Content.assemble((label, style), *cells)
        if seen.has_loss:
            line += Content.styled(_loss(grid, row).rjust(_LOSS_CELLS), "$foreground-muted")
        lines.append(line)
    return Content("\n").join(lines)


def _heading(grid: Grid, cursor: Cell, seen: View) -> Content:
    pieces = [Content.styled(_more(grid, seen).ljust(seen.label_cells), "$foreground-muted")]
    for column in seen.shown:
        style = "bold $primary" if column == cursor[1] else "$foreground-muted"
        name = "most" if column == EXACT_COLUMN else marks.context_name(grid.contexts[column - 1])
        text = f"{name:>8}" if column == EXACT_COLUMN else f"{name:>6}"
        pieces.append(Content.styled(text.ljust(_COLUMN_CELLS), style))
    if seen.has_loss:
        pieces.append(Content.styled("loss".rjust(_LOSS_CELLS), "$foreground-muted"))
    return Content("").join(pieces)


def _more(grid: Grid, seen: View) -> str:
    above, below = seen.top > 0, seen.top + seen.rows < len(grid.rows)
    left = seen.left > 1
    right = seen.left + seen.columns <= len(grid.contexts)
    hidden = zip("↑↓←→", (above, below, left, right), strict=True)
    return "".join(arrow for arrow, more in hidden if more)


def _cell(grid: Grid, cell: Cell, cursor: Cell, has_focus: bool) -> Content:
    if cell[1] == EXACT_COLUMN:
        text = _exact(grid, cell[0])
    else:
        text = _choice(grid.at(cell), grid.kv_type)
    text = Content.assemble(text, " " * max(0, _COLUMN_CELLS - 1 - text.cell_length))
    if cell == cursor:
        name = "block-cursor" if has_focus else "block-cursor-blurred"
        text = text.stylize(f"on ${name}-background").stylize("bold")
    return Content.assemble(text, " " * (_COLUMN_CELLS - text.cell_length))


def _exact(grid: Grid, row: int) -> Content:
    # Working the choice out would take its time for every row; its count is known.
    tokens = grid.largest_tokens(row)
    if not tokens:
        return Content.styled("       –", "$foreground-muted")
    return Content.styled(f"{tokens:>8,}", "$foreground 80%")


def _choice(option: Option | None, kv_type: str) -> Content:
    if option is None:
        return Content.styled("      –", "$foreground-muted")
    symbol, color, _ = marks.FITS[option.fits]
    needed = option.needed_bytes
    style = color if option.fits != "no" else f"{color} 70%"
    size = Content.styled(f"{symbol}{wording.gib(needed):>5} ", style)
    return Content.assemble(size, marks.note(option, kv_type))


def _loss(grid: Grid, row: int) -> str:
    for column in range(1, grid.columns):
        option = grid.at((row, column))
        if option is not None:
            return marks.loss(option)
    return ""


def legend(width: int) -> Content:
    """Say what the marks and symbols mean, in two lines, as far as there is room."""
    picks = [(mark, pick, "$accent") for pick, mark in marks.PICKS.items()]
    picks.append((marks.Q8_NOTE, "8-bit KV cache", "$accent"))
    fits = [(symbol, words, color) for symbol, color, words in marks.FITS.values()]
    return Content("\n").join(_keys(items, width) for items in (picks, fits))


def _keys(items: Iterable[tuple[str, str, str]], width: int) -> Content:
    line = Content("")
    for mark, words, color in items:
        item = Content.assemble((mark, color), (f" {words}", "$foreground-muted"))
        longer = Content("  ").join((line, item)) if line.cell_length else item
        if longer.cell_length > width:
            break
        line = longer
    return line
