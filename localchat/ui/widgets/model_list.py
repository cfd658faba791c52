"""The models as rows to choose from."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from localchat.ui import commands
from localchat.ui.shelf import Entry
from localchat.ui.widgets import model_table


class ModelList(Vertical):
    """Rows under a heading."""

    class Highlighted(Message):
        """The cursor is on another model, or on none."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Chosen(Message):
        """The reader wants this model."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    class Entered(Message):
        """The reader wants to see what can be chosen of this model."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._loaded: Path | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="columns", markup=False)
        yield Rows(markup=False)

    @property
    def highlighted(self) -> Entry | None:
        """The entry under the cursor."""
        index = self.query_one(Rows).highlighted
        return None if index is None or index >= len(self._entries) else self._entries[index]

    def show(self, entries: Sequence[Entry], loaded: Path | None) -> None:
        """Show these entries; the cursor stays on its model when that is still there."""
        cursor = self.highlighted
        self._entries, self._loaded = tuple(entries), loaded
        self._draw(cursor)
        self.post_message(self.Highlighted(self.highlighted))

    def on_resize(self, _: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._draw(self.highlighted)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which model the cursor is on."""
        event.stop()
        self.post_message(self.Highlighted(self._entries[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell which model was chosen."""
        event.stop()
        self.post_message(self.Chosen(self._entries[event.option_index]))

    def on_rows_entered(self, event: "Rows.Entered") -> None:
        """Tell whose choices are wanted: the cursor's message may still be on its way."""
        event.stop()
        if self.highlighted is not None:
            self.post_message(self.Entered(self.highlighted))

    def _draw(self, cursor: Entry | None) -> None:
        rows = self.query_one(Rows)
        width = max(0, self.size.width - Rows.SIDE_CELLS * 2 - Rows.SCROLLBAR_CELLS)
        heading, lines = model_table.table(self._entries, width, self._loaded)
        self.query_one("#columns", Static).update(heading)
        with self.prevent(OptionList.OptionHighlighted):
            rows.set_options(Option(line) for line in lines)
            keys = [entry.key for entry in self._entries]
            if keys:
                rows.highlighted = keys.index(cursor.key) if cursor and cursor.key in keys else 0


class Rows(OptionList):
    """The rows; the mouse looks at a model, and a second click takes it."""

    SIDE_CELLS = 1
    SCROLLBAR_CELLS = 1
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("list")

    class Entered(Message):
        """The reader wants to see what can be chosen of the model under the cursor."""

    def action_enter(self) -> None:
        """Go on to what can be chosen of this model."""
        self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """Look before taking: OptionList itself takes at the first click."""
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is None:
            return
        if event.chain == 2 and clicked == self.highlighted:
            self.action_select()
        else:
            self.highlighted = clicked
