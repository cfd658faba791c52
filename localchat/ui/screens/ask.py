"""A question that is answered with a line of text."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from localchat import sanitize


class AskScreen(ModalScreen[str | None]):
    """Gives the line that was written; None when the reader went back."""

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, question: str, value: str, consequence: str = "", yes: str = "save") -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._yes = yes
        self._line = Input(sanitize.line(value, 1000), compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(sanitize.line(self._question), "bold"))
            yield self._line
            if self._consequence:
                yield Static(Content.styled(sanitize.text(self._consequence), "$foreground-muted"))
            yield Static(
                Content.assemble(
                    ("Enter", "bold $primary"), f" {self._yes}    ",
                    ("Esc", "bold $primary"), " go back",
                ),
                id="keys",
            )  # fmt: skip

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give what was written."""
        event.stop()
        self.dismiss(sanitize.line(event.value, 1000))

    def action_leave(self) -> None:
        """Give nothing."""
        self.dismiss(None)
