"""The list of models as aligned columns that fit the width. Pure: entries in, text out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.content import Content

from localchat import sanitize, units
from localchat.ui import marks, wording
from localchat.ui.shelf import Entry

_NAME_CELLS = 18
"""The name gets what the columns leave; below this, columns go."""
_MOST_NAME_CELLS = 40
_GAP = 2


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    most_cells: int
    """At most; a column is as wide as what stands in it."""
    text: Callable[[Entry], Content]
    right: bool = False
    rank: int = 0
    """Columns of a higher rank go first when there is no room."""


@dataclass(frozen=True, slots=True)
class _Filled:
    heading: Content
    cells: tuple[Content, ...]
    width: int
    rank: int


def table(
    entries: Sequence[Entry], width: int, loaded: Path | None
) -> tuple[Content, tuple[Content, ...]]:
    """Lay the entries out as a heading and one row each, `width` cells at most."""
    columns = [
        _filled(_Column("size", 6, _size, right=True, rank=4), entries),
        _filled(_Column("best here", 18, _best, rank=1), entries),
        _filled(_Column("GiB", 6, _memory, right=True), entries),
        _filled(_Column("tokens/s", 9, _speed, right=True, rank=2), entries),
        _filled(_Column("loss", 7, _loss, right=True, rank=3), entries),
        _filled(_Column("state", 12, lambda entry: _state(entry, loaded)), entries),
    ]
    while len(columns) > 1 and _name_room(columns, width) < _NAME_CELLS:
        columns.remove(max(columns, key=lambda column: column.rank))
    room = max(8, min(_name_room(columns, width), _MOST_NAME_CELLS))
    names = [_fit(_name(entry), room, False) for entry in entries]
    heading = [_fit(Content("model"), room, False), *(column.heading for column in columns)]
    rows = zip(names, *(column.cells for column in columns), strict=True)
    gap = Content(" " * _GAP)
    return gap.join(heading).stylize("$foreground-muted"), tuple(gap.join(row) for row in rows)


def _filled(column: _Column, entries: Sequence[Entry]) -> _Filled:
    """Write a column's cells, all as wide as the widest."""
    cells = [column.text(entry).truncate(column.most_cells, ellipsis=True) for entry in entries]
    width = max([len(column.title), *(cell.cell_length for cell in cells)])
    return _Filled(
        _fit(Content(column.title), width, column.right),
        tuple(_fit(cell, width, column.right) for cell in cells),
        width,
        column.rank,
    )


def _name_room(columns: Sequence[_Filled], width: int) -> int:
    return width - sum(column.width + _GAP for column in columns)


def _name(entry: Entry) -> Content:
    is_out = entry.best is not None and entry.best.fits == "no"
    is_out = is_out or bool(entry.local and entry.local.problem)
    return Content.styled(entry.title, "$foreground-muted" if is_out else "bold")


def _fit(text: Content, cells: int, right: bool) -> Content:
    text = text.truncate(cells, ellipsis=True)
    padding = " " * (cells - text.cell_length)
    return Content.assemble(padding, text) if right else Content.assemble(text, padding)


def _size(entry: Entry) -> Content:
    return Content.styled(wording.parameters(entry.parameters) or "–", "$foreground-muted")


def _best(entry: Entry) -> Content:
    if entry.best is None:
        if entry.local is not None and entry.local.quant:
            return Content(sanitize.line(entry.local.quant))
        return Content.styled("–", "$foreground-muted")
    label = sanitize.line(entry.best.label, 10)
    context = marks.context_name(entry.best.context_tokens)
    muted = "$foreground-muted" if entry.best.fits == "no" else ""
    return Content.assemble((label, muted), (" · ", "$foreground-muted"), (context, muted))


def _memory(entry: Entry) -> Content:
    if entry.best is None:
        return Content.styled("–", "$foreground-muted")
    symbol, color, _ = marks.FITS[entry.best.fits]
    return Content.styled(f"{symbol}{wording.gib(entry.best.needed_bytes):>5}", color)


def _speed(entry: Entry) -> Content:
    if entry.best is None:
        return Content.styled("–", "$foreground-muted")
    return Content.styled(wording.rates(entry.best.speed.low, entry.best.speed.high), "")


def _loss(entry: Entry) -> Content:
    if entry.best is None:
        return Content.styled("–", "$foreground-muted")
    return Content.styled(marks.loss(entry.best), "$foreground-muted")


def _state(entry: Entry, loaded: Path | None) -> Content:
    local = entry.local
    if local is not None and local.problem:
        return Content.styled("unusable", "$text-error")
    if local is not None and local.path == loaded:
        return Content.styled("● loaded", "$success")
    if entry.best is not None and entry.best.fits == "no":
        return Content.styled("too big", "$foreground-muted")
    if entry.best is not None and entry.best.fits != "now":
        return Content.styled("close apps", "$warning")
    if local is not None:
        words = "built in" if local.is_guide else "ready"
        return Content.styled(words, "$success")
    if entry.best is None:
        words = "…" if entry.has_files else "no sizes yet"
        return Content.styled(words, "$foreground-muted")
    return Content.styled(
        f"↓ {units.human_bytes(entry.best.candidate.file_bytes)}", "$foreground-muted"
    )
