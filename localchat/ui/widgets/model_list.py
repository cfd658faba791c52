"""The models on this disk, one row each, and what is to be known about the row under the cursor."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from localchat import sanitize
from localchat.models.folder import LocalModel
from localchat.ui import wording
from localchat.ui.widgets import model_table


class ModelList(Vertical):
    """Rows to choose from."""

    class Highlighted(Message):
        """The cursor is on another model, or on none."""

        def __init__(self, model: LocalModel | None) -> None:
            super().__init__()
            self.model = model

    class Chosen(Message):
        """The reader wants to chat with this model."""

        def __init__(self, model: LocalModel) -> None:
            super().__init__()
            self.model = model

    def __init__(self) -> None:
        super().__init__()
        self._models: tuple[LocalModel, ...] = ()
        self._loaded: Path | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="columns", markup=False)
        yield _Rows(markup=False)

    @property
    def highlighted(self) -> LocalModel | None:
        """The model under the cursor."""
        index = self.query_one(_Rows).highlighted
        return None if index is None else self._models[index]

    def name_of(self, path: Path) -> str:
        """Name the model in this file; by the file's name when it is not in the list."""
        for model in self._models:
            if model.path == path:
                return wording.model_name(model.name, is_guide=model.is_guide)
        return wording.model_name(path.name, is_guide=False)

    def show(self, models: Sequence[LocalModel], loaded: Path | None) -> None:
        """Show these models; the cursor stays on its model when that is still there."""
        before = self.highlighted
        self._models, self._loaded = tuple(models), loaded
        self._draw(before)
        self.post_message(self.Highlighted(self.highlighted))

    def on_resize(self, _: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._draw(self.highlighted)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which model the cursor is on."""
        event.stop()
        self.post_message(self.Highlighted(self._models[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell which model was chosen."""
        event.stop()
        self.post_message(self.Chosen(self._models[event.option_index]))

    def _draw(self, cursor: LocalModel | None) -> None:
        rows = self.query_one(_Rows)
        width = max(0, rows.size.width - 2 * _Rows.SIDE_CELLS)
        heading, lines = model_table.table(self._models, width, self._loaded)
        self.query_one("#columns", Static).update(heading)
        rows.set_options(Option(line) for line in lines)
        paths = [model.path for model in self._models]
        if paths:
            rows.highlighted = paths.index(cursor.path) if cursor and cursor.path in paths else 0


class _Rows(OptionList):
    """The rows, with letters that move as in a pager."""

    SIDE_CELLS = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Chat"),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]


class ModelDetails(Static):
    """What is to be known about one model."""

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def show(self, model: LocalModel | None) -> None:
        """Describe `model`."""
        self.update(Content("") if model is None else Content("\n").join(_describe(model)))


def _describe(model: LocalModel) -> list[Content]:
    where = "ships with localchat" if model.is_guide else wording.short_path(model.path)
    lines = [
        Content.styled(wording.model_name(model.name, is_guide=model.is_guide), "bold"),
        Content.styled(where, "$foreground-muted"),
    ]
    if model.problem:
        lines.append(Content.styled(sanitize.line(model.problem), "$text-error"))
    elif model.is_guide:
        lines.append(Content(wording.ABOUT_GUIDE))
        lines.append(Content.styled(wording.GUIDE_QUESTIONS, "$foreground-muted"))
    else:
        lines.append(Content("Enter loads it and opens a chat. Nothing leaves this machine."))
    return lines
