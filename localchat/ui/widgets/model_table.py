"""The list of models as aligned columns that fit the width. Pure: models in, text out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.content import Content

from localchat import sanitize, units
from localchat.models.folder import LocalModel
from localchat.ui import wording

_NAME_CELLS = 18
"""The name gets what the columns leave; below this, columns go."""
_GAP = 2


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cells: int
    text: Callable[[LocalModel], str]
    right: bool = False
    rank: int = 0
    """Columns of a higher rank go first when there is no room."""


def _context(model: LocalModel) -> str:
    tokens = model.trained_context_tokens
    return units.human_tokens(tokens) if tokens else ""


_COLUMNS = (
    _Column("size", 9, lambda model: units.human_bytes(model.size_bytes), right=True),
    _Column("quant", 8, lambda model: model.quant, rank=1),
    _Column("params", 7, lambda model: wording.parameters(model.parameters), True, rank=3),
    _Column("type", 10, lambda model: model.architecture, rank=4),
    _Column("context", 7, _context, right=True, rank=2),
)


def table(
    models: Sequence[LocalModel], width: int, loaded: Path | None
) -> tuple[Content, tuple[Content, ...]]:
    """Lay the models out as a heading and one row each, `width` cells at most."""
    columns = list(_COLUMNS)
    state_cells = 14
    while len(columns) > 1 and _name_room(columns, width, state_cells) < _NAME_CELLS:
        columns.remove(max(columns, key=lambda column: column.rank))
    room = max(8, min(_name_room(columns, width, state_cells), 48))
    titles = [_fit("model", room, False), *(_fit(c.title, c.cells, c.right) for c in columns)]
    heading = Content.styled((" " * _GAP).join(titles), "$foreground-muted")
    return heading, tuple(_row(model, columns, room, loaded) for model in models)


def _name_room(columns: Sequence[_Column], width: int, state_cells: int) -> int:
    return width - sum(column.cells + _GAP for column in columns) - _GAP - state_cells


def _row(model: LocalModel, columns: Sequence[_Column], room: int, loaded: Path | None) -> Content:
    name = _fit(wording.model_name(model.name, is_guide=model.is_guide), room, False)
    cells = [_fit(column.text(model) or "–", column.cells, column.right) for column in columns]
    facts = "".join(" " * _GAP + cell for cell in cells)
    if model.problem:
        state: Content = Content.styled("cannot be used", "$text-error")
        return Content.assemble((name + facts, "$foreground-muted"), " " * _GAP, state)
    if model.path == loaded:
        state = Content.styled("● loaded", "$text-success")
    else:
        state = Content.styled("built in" if model.is_guide else "", "$foreground-muted")
    return Content.assemble((name, "bold"), (facts, "$foreground 80%"), " " * _GAP, state)


def _fit(text: str, cells: int, right: bool) -> str:
    content = Content(sanitize.line(text)).truncate(cells, ellipsis=True)
    padding = " " * (cells - content.cell_length)
    return padding + content.plain if right else content.plain + padding
