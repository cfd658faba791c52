"""The box to write in: grows with its text, sends on Enter, remembers what was sent."""

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from localchat import sanitize
from localchat.ui import commands

_HINT = "Enter sends · Ctrl+J new line"
_NEW_LINE_KEYS = ("ctrl+j", "shift+enter", "shift+\r", "alt+enter")


class PromptBox(TextArea):
    """A text area for one message; the owner says when it is answered, by `busy = False`."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("prompt")

    class Submitted(Message):
        """The reader sends a text that is not blank."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(
            placeholder="Message",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
        )
        self._sent: list[str] = []
        self._recalled = 0
        self.busy = False

    @property
    def busy(self) -> bool:
        """Whether a message is being answered, so that no other is sent."""
        return self._busy

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._busy = busy
        self._hint("Esc stops the answer" if busy else _HINT)

    def give_back(self, text: str) -> None:
        """Put a text that could not be sent before whatever was written meanwhile."""
        self._show(f"{text}\n{self.text}" if self.text else text)

    def action_earlier(self) -> None:
        """Move up, or bring back an earlier message while nothing else is written."""
        if self._recalled > 0 and self._is_untouched():
            self._recalled -= 1
            self._show(self._sent[self._recalled])
        else:
            self.action_cursor_up()

    def action_later(self) -> None:
        """Move down, or go on to a later message that was sent."""
        if self._recalled < len(self._sent) and self._is_untouched():
            self._recalled += 1
            last = self._recalled == len(self._sent)
            self._show("" if last else self._sent[self._recalled])
        else:
            self.action_cursor_down()

    async def action_to_edge(self, direction: int) -> None:
        """Go to the edge of the line, or of the conversation while the box is empty."""
        if not self.text:
            await self.run_action(f"screen.scroll_text({direction * 1000})")
        elif direction < 0:
            self.action_cursor_line_start()
        else:
            self.action_cursor_line_end()

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings: a priority binding is run before the keys that were typed just before
        # it have reached the text, so that a fast "hi<Enter>" would send nothing.
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._submit()
        elif event.key in _NEW_LINE_KEYS:
            event.stop()
            event.prevent_default()
            self.insert("\n")

    async def _on_paste(self, event: events.Paste) -> None:
        # Terminals send the line breaks of a paste as carriage returns. The text area's own
        # handler runs after this one.
        event.text = sanitize.text(event.text.replace("\r\n", "\n").replace("\r", "\n"))

    def _submit(self) -> None:
        if not self.text.strip():
            return
        if self._busy:
            self._hint("Still answering: wait, or press Esc to stop", warn=True)
            return
        # Emptied here and now: what is typed next belongs to the next message.
        text, self.text = self.text, ""
        self._sent.append(text)
        self._recalled = len(self._sent)
        self.busy = True
        self.post_message(self.Submitted(text))

    def _hint(self, words: str, *, warn: bool = False) -> None:
        self.border_subtitle = words
        self.set_class(warn, "-warning")

    def _is_untouched(self) -> bool:
        if self._recalled < len(self._sent):
            return self.text == self._sent[self._recalled]
        return not self.text

    def _show(self, text: str) -> None:
        self.text = text
        self.move_cursor(self.document.end)
