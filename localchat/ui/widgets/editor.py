"""The box in which a message is written anew, in the place of the message."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from localchat import sanitize
from localchat.ui.commands import own_keys

_NEW_LINE_KEYS = ("ctrl+j", "shift+enter", "shift+\r", "alt+enter")


class Editor(TextArea):
    """A text area that ends with Enter or Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave it as it was")]

    class Left(Message):
        """The reader is done; `text` is None when nothing shall change."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(
            sanitize.text(text),
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
        )
        self.border_title = "Editing"
        self.border_subtitle = hint

    def on_mount(self) -> None:
        """Write on where the text ends; the reader's keys are left to commands."""
        own_keys.make_room(self)
        self.move_cursor(self.document.end)

    def action_leave(self) -> None:
        """Leave the message as it was."""
        self.post_message(self.Left(None))

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self.post_message(self.Left(self.text))
        elif event.key in _NEW_LINE_KEYS:
            event.stop()
            event.prevent_default()
            self.insert("\n")
