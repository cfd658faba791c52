"""A question with two answers."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from localchat import sanitize


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is lost."""

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "answer(True)", "Yes"),
        Binding("escape,n", "answer(False)", "No"),
    ]

    def __init__(self, question: str, consequence: str, yes: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(sanitize.line(self._question), "bold"))
            yield Static(Content.styled(sanitize.text(self._consequence), "$foreground-muted"))
            yield Static(
                Content.assemble(
                    ("Enter", "bold $primary"), f" {self._yes}    ",
                    ("Esc", "bold $primary"), " go back",
                ),
                id="keys",
            )  # fmt: skip

    def action_answer(self, yes: bool) -> None:
        """Answer the question."""
        self.dismiss(yes)
