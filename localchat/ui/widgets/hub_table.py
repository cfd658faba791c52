"""Results of a search of the Hub as aligned columns that fit the width. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content

from localchat import sanitize, units
from localchat.hub.search import SearchResult
from localchat.ui import wording

_LEAST_NAME_CELLS = 28
_MOST_NAME_CELLS = 56
_GAP = 2


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cells: int
    text: Callable[[SearchResult], str]
    rank: int
    """Columns of a higher rank go first when there is no room."""


_COLUMNS = (
    _Column("weights", 7, lambda each: wording.parameters(each.parameters), 1),
    _Column("downloads", 9, lambda each: units.human_count(each.downloads), 0),
    _Column("likes", 6, lambda each: units.human_count(each.likes), 2),
    _Column("updated", 10, lambda each: _date(each), 3),
)
_MOST_STATE_CELLS = 12


def table(
    results: Sequence[SearchResult], states: Sequence[Content | None], width: int
) -> tuple[Content, tuple[Content, ...]]:
    """Lay results out as a heading and one row each; a state stands at the end of its row."""
    marks = [state or _mark(each) for each, state in zip(results, states, strict=True)]
    marks = [each.truncate(_MOST_STATE_CELLS, ellipsis=True) for each in marks]
    end = _GAP + max([len("state"), *(mark.cell_length for mark in marks)])
    columns = list(_COLUMNS)
    while columns and _name_room(columns, width - end) < _LEAST_NAME_CELLS:
        columns.remove(max(columns, key=lambda column: column.rank))
    longest = max((len(each.repo) for each in results), default=0)
    room = max(10, min(_name_room(columns, width - end), max(longest, 10), _MOST_NAME_CELLS))
    titles = ["repository".ljust(room), *(each.title.rjust(each.cells) for each in columns)]
    heading = Content.styled((" " * _GAP).join([*titles, "state"]), "$foreground-muted")
    rows = (_row(each, mark, columns, room) for each, mark in zip(results, marks, strict=True))
    return heading, tuple(rows)


def _name_room(columns: Sequence[_Column], width: int) -> int:
    return width - sum(each.cells + _GAP for each in columns)


def _row(result: SearchResult, state: Content, columns: Sequence[_Column], room: int) -> Content:
    name = Content.styled(sanitize.line(result.repo, 200), "bold").truncate(room, ellipsis=True)
    cells = [name + Content(" " * (room - name.cell_length))]
    cells += [
        Content.styled((each.text(result) or "–").rjust(each.cells), "$foreground-muted")
        for each in columns
    ]
    return Content(" " * _GAP).join([*cells, state])


def _mark(result: SearchResult) -> Content:
    if result.gated:
        return Content.styled("gated", "$warning")
    if result.private:
        return Content.styled("private", "$warning")
    return Content("")


def _date(result: SearchResult) -> str:
    return result.modified.date().isoformat() if result.modified else ""
