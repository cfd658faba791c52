"""The keys, on one page."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Writing",
        (
            ("Enter", "send"),
            ("Ctrl+J", "new line (in some terminals Shift+Enter too)"),
            ("Up", "bring back what you sent, while the box is empty"),
            ("Esc", "stop the answer; what has been said stays"),
        ),
    ),
    (
        "Reading",
        (
            ("PageUp, PageDown", "scroll; the text stays where it is while you read"),
            ("End, Ctrl+End", "to the newest text (End: while the box is empty)"),
            ("Ctrl+T", "show or hide what the model thought"),
            ("Ctrl+Y", "copy the last answer"),
            ("Mouse, Ctrl+C", "select text, and copy the selection"),
        ),
    ),
    (
        "Choosing a model",
        (
            ("Enter", "chat with the model, as the grid has it"),
            ("Right, Tab, Left", "from the list to the grid of its choices, and back"),
            ("k", "plan with a q8_0 KV cache, or with f16 again"),
            ("/, f, s", "search the list, filter it, sort it"),
            ("o, r", "open a file by its path; look again at folder and memory"),
        ),
    ),
    (
        "Chats",
        (
            ("Ctrl+N", "new chat"),
            ("Ctrl+L", "models; the chat stays, Esc comes back to it"),
        ),
    ),
    (
        "Everywhere",
        (("F1", "this page"), ("Ctrl+P", "all commands, and themes"), ("Ctrl+Q", "quit")),
    ),
)


class HelpScreen(ModalScreen[None]):
    """Shows KEYS."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog"):
            for title, keys in KEYS:
                yield Static(Content.styled(title, "bold $primary"), classes="title")
                for key, what in keys:
                    yield Static(key, classes="key")
                    yield Static(Content.styled(what, "$foreground-muted"), classes="what")
            yield Static(
                Content.styled("Esc closes this page", "$foreground-muted"), classes="title"
            )
