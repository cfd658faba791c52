"""The list of models as aligned columns that fit the width. Pure: entries in, text out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from localchat import sanitize, units
from localchat.library.places import Program
from localchat.ui import hub_states, marks, wording
from localchat.ui.shelf import Entry

if TYPE_CHECKING:
    from localchat.hub.queue import Download

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


@dataclass(frozen=True, slots=True)
class Now:
    """What of the list changes while it is looked at."""

    loaded: Path | None = None
    """The file in memory."""
    downloads: "tuple[Download, ...]" = ()


def table(
    entries: Sequence[Entry], width: int, now: Now, *, of_disk: bool = False
) -> tuple[Content, tuple[Content, ...]]:
    """Lay the entries out as a heading and one row each, `width` cells at most.

    `of_disk` tells of each what it takes on the disk and where it lies.
    """
    listed = _of_disk() if of_disk else _of_machine()
    listed += (_Column("state", 12, lambda entry: state(entry, now)),)
    columns = [_filled(column, entries) for column in listed]
    while len(columns) > 1 and _name_room(columns, width) < _NAME_CELLS:
        columns.remove(max(columns, key=lambda column: column.rank))
    room = max(8, min(_name_room(columns, width), _MOST_NAME_CELLS))
    names = [_fit(_name(entry), room, False) for entry in entries]
    heading = [_fit(Content("model"), room, False), *(column.heading for column in columns)]
    rows = zip(names, *(column.cells for column in columns), strict=True)
    gap = Content(" " * _GAP)
    return gap.join(heading).stylize("$foreground-muted"), tuple(gap.join(row) for row in rows)


def _of_machine() -> tuple[_Column, ...]:
    return (
        _Column("size", 6, _size, right=True, rank=4),
        _Column("best here", 18, _best, rank=1),
        _Column("GiB", 6, _memory, right=True),
        _Column("tokens/s", 9, _speed, right=True, rank=2),
        _Column("loss", 7, _loss, right=True, rank=3),
    )


def _of_disk() -> tuple[_Column, ...]:
    return (
        _Column("file", 12, _file, rank=3),
        _Column("on disk", 10, _disk, right=True),
        _Column("kept by", 16, _kept_by, rank=1),
        _Column("used", 13, _used, rank=2),
        _Column("GiB", 6, _memory, right=True, rank=4),
    )


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


def _file(entry: Entry) -> Content:
    quant = entry.local.quant if entry.local else ""
    return Content(sanitize.line(quant, 20) or "–")


def _disk(entry: Entry) -> Content:
    if entry.held is not None:
        return Content(units.human_bytes(entry.held.allocated_bytes))
    if entry.partial is not None:
        return Content(units.human_bytes(entry.partial.allocated_bytes))
    return Content(units.human_bytes(entry.local.size_bytes if entry.local else 0))


def _kept_by(entry: Entry) -> Content:
    if entry.held is None:
        program = kept_by(entry.partial.place.program) if entry.partial else "localchat"
        return Content.styled(program, "$foreground-muted")
    names = list(dict.fromkeys(kept_by(copy.place.program) for copy in entry.held.copies))
    more = len(entry.held.copies) - 1
    return Content.styled(f"{names[0]}{f' +{more}' if more else ''}", "$foreground-muted")


def kept_by(program: Program) -> str:
    """Name in a column who keeps a model."""
    short = {Program.HUB: "HF cache", Program.LOCALCHAT: "models folder"}
    return short.get(program, program.value)


def _used(entry: Entry) -> Content:
    used_seconds = entry.held.used_seconds if entry.held else 0.0
    if entry.partial is not None:
        used_seconds = entry.partial.changed_seconds
    if not used_seconds:
        return Content.styled("–", "$foreground-muted")
    age = units.human_age(max(0.0, time.time() - used_seconds))
    return Content.styled(age, "$foreground-muted")


def state(entry: Entry, now: Now) -> Content:
    """Say whether a model is here, and if not, what it takes to bring it here."""
    if (download := hub_states.of(entry, now.downloads)) is not None:
        return hub_states.words(download.progress)
    if entry.partial is not None:
        fraction = entry.partial.fraction
        share = "" if fraction is None else f"{100 * fraction:.0f} % "
        return Content.styled(f"{share}here", "$warning")
    local = entry.local
    if local is not None and local.problem:
        return Content.styled("unusable", "$text-error")
    if local is not None and local.path == now.loaded:
        return Content.styled("● loaded", "$success")
    if entry.best is not None and entry.best.fits == "no":
        return Content.styled("too big", "$foreground-muted")
    if entry.best is not None and entry.best.fits != "now":
        return Content.styled("close apps", "$warning")
    if local is not None:
        words = "built in" if local.is_guide else "ready"
        return Content.styled(words, "$success")
    if entry.best is None:
        words = "cannot run" if entry.offer else "…" if entry.has_files else "no sizes yet"
        return Content.styled(words, "$foreground-muted")
    size = units.human_bytes(entry.best.candidate.file_bytes)
    return Content.styled(f"↓ {size}", "$foreground-muted")
