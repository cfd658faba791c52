"""The grid of quantizations and contexts as aligned text. Pure: grid and cursor in, text out."""

from dataclasses import dataclass

from textual.content import Content

from localchat import sanitize
from localchat.fit.option import Option
from localchat.ui import marks, wording
from localchat.ui.grid import EXACT_COLUMN, Cell, Grid

_LEAST_LABEL_CELLS = 5
_MOST_LABEL_CELLS = 12
_AROUND_SIZE_CELLS = 7
"""A symbol, three marks and what is between."""
_LOSS_CELLS = 9
_EXACT_END = 8


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a grid is seen. The exact maximum stays where it is."""

    label_cells: int
    size_cells: int
    """The longest size in GiB."""
    top: int
    rows: int
    left: int
    """The first column that is seen after the exact maximum."""
    columns: int
    """How many are seen after the exact maximum."""
    has_loss: bool

    @property
    def column_cells(self) -> int:
        """How wide a column is."""
        return self.size_cells + _AROUND_SIZE_CELLS

    @property
    def shown(self) -> tuple[int, ...]:
        """The columns that are drawn, in order."""
        return (EXACT_COLUMN, *range(self.left, self.left + self.columns))

    def hit(self, x: int, y: int) -> Cell | None:
        """Tell which cell is drawn at a place; the heading is line 0."""
        row, place = y - 1, (x - self.label_cells) // self.column_cells
        if not 0 <= row < self.rows or x < self.label_cells or place >= len(self.shown):
            return None
        return self.top + row, self.shown[place]


def view(grid: Grid, cursor: Cell, width: int, height: int) -> View:
    """Choose the part of a grid that fits and holds the cursor."""
    label = max((len(each.label) for each in grid.rows), default=0)
    label = min(max(label, _LEAST_LABEL_CELLS), _MOST_LABEL_CELLS) + 1
    sizes = (wording.gib(option.needed_bytes) for option in grid.options.values())
    size = max(3, max(map(len, sizes), default=0))
    column_cells = size + _AROUND_SIZE_CELLS
    columns = max(1, min((width - label) // column_cells - 1, len(grid.contexts)))
    left = min(max(1, cursor[1] - columns + 2), len(grid.contexts) - columns + 1)
    left = min(left, max(1, cursor[1]))
    rows = max(1, min(height - 1, len(grid.rows)))
    top = min(max(0, cursor[0] - rows // 2), len(grid.rows) - rows)
    has_loss = width >= label + (columns + 1) * column_cells + _LOSS_CELLS
    return View(label, size, top, rows, left, columns, has_loss)


def draw(grid: Grid, cursor: Cell, seen: View, *, has_focus: bool) -> Content:
    """Draw the heading and the rows that are seen."""
    lines = [_heading(grid, cursor, seen)]
    for row in range(seen.top, seen.top + seen.rows):
        cells = [_cell(grid, (row, column), seen) for column in seen.shown]
        if row == cursor[0]:
            cursor_at = seen.shown.index(cursor[1])
            cells[cursor_at] = _under_cursor(cells[cursor_at], has_focus)
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
        end = _EXACT_END if column == EXACT_COLUMN else seen.size_cells + 2
        pieces.append(Content.styled(name.rjust(end).ljust(seen.column_cells), style))
    if seen.has_loss:
        pieces.append(Content.styled("loss".rjust(_LOSS_CELLS), "$foreground-muted"))
    return Content("").join(pieces)


def _more(grid: Grid, seen: View) -> str:
    above, below = seen.top > 0, seen.top + seen.rows < len(grid.rows)
    left = seen.left > 1
    right = seen.left + seen.columns <= len(grid.contexts)
    hidden = zip("↑↓←→", (above, below, left, right), strict=True)
    return "".join(arrow for arrow, more in hidden if more)


def _cell(grid: Grid, cell: Cell, seen: View) -> Content:
    if cell[1] == EXACT_COLUMN:
        text = _exact(grid, cell[0])
    else:
        text = _choice(grid, grid.at(cell), seen.size_cells)
    return Content.assemble(text, " " * (seen.column_cells - text.cell_length))


def _under_cursor(cell: Content, has_focus: bool) -> Content:
    name = "block-cursor" if has_focus else "block-cursor-blurred"
    last = cell.cell_length - 1
    return cell.stylize(f"on ${name}-background", 0, last).stylize("bold", 0, last)


def _exact(grid: Grid, row: int) -> Content:
    # Working the choice out would take its time for every row; its count is known.
    tokens = grid.largest_tokens(row)
    if not tokens:
        return Content.styled("–".rjust(_EXACT_END), "$foreground-muted")
    color = "$foreground 80%" if grid.is_now(row) else "$warning"
    return Content.styled(f"{tokens:,}".rjust(_EXACT_END), color)


def _choice(grid: Grid, option: Option | None, size_cells: int) -> Content:
    if option is None:
        return Content.styled("–".rjust(size_cells + 2), "$foreground-muted")
    symbol, color, _ = marks.FITS[option.fits]
    style = color if option.fits != "no" else f"{color} 70%"
    size = wording.gib(option.needed_bytes).rjust(size_cells)
    note = marks.note(option, grid.kv_type, has_gpus=grid.has_gpus)
    return Content.assemble((f"{symbol} {size} ", style), note)


def _loss(grid: Grid, row: int) -> str:
    for column in range(1, grid.columns):
        option = grid.at((row, column))
        if option is not None:
            return marks.loss(option)
    return ""


def legend(width: int) -> Content:
    """Say in one line what marks and symbols mean, in as many words as there is room for."""
    for words, gap in ((_LONG, 2), (_SHORT, 2), (_SHORT, 1)):
        items = [
            Content.assemble((sign, color), (f" {word}", "$foreground-muted"))
            for (sign, color), word in zip(_SIGNS, words, strict=True)
        ]
        line = Content(" " * gap).join(items)
        if line.cell_length <= width:
            break
    return line.truncate(max(0, width), ellipsis=True)


_SIGNS = (
    *((mark, "$accent") for mark in (*marks.PICKS.values(), marks.Q8_NOTE)),
    *((symbol, color) for symbol, color, _ in marks.FITS.values()),
)
_LONG = (*marks.PICKS, "8-bit KV cache", *(words for _, _, words in marks.FITS.values()))
_SHORT = ("quality", "balanced", "longest", "KV", "fits", "close apps", "too big")
