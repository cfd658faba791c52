"""The search field, with a line that says what may be typed into it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from localchat.ui import hub_query


class SearchBar(Vertical):
    """Tells what is typed, as it is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "To the list", show=False),
    ]

    class Typed(Message):
        """The text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Submitted(Message):
        """The Hub shall be asked for the text."""

    def __init__(self) -> None:
        super().__init__()
        self._field = Input(placeholder="A name, a family, a use", id="search", compact=True)

    def compose(self) -> ComposeResult:
        yield self._field
        yield Static(hub_query.HINT, id="search-hint", markup=False)

    def begin(self) -> None:
        """Take the keyboard."""
        # At once, unlike `focus`: the keys typed next belong to the search already.
        self.screen.set_focus(self._field)

    def clear(self) -> None:
        """Empty the field."""
        self._field.value = ""

    @on(Input.Changed)
    def _type(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())
