"""The text of the prompt: several lines, what was sent before, pastes, and the reader's editor."""

import os
from collections.abc import Callable
from typing import ClassVar

from textual import events, work
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from localchat import errors, sanitize
from localchat.ui import commands, editor, keyboard, toasts
from localchat.ui.commands import own_keys
from localchat.ui.prompt_history import PromptHistory, Recall


class PromptArea(TextArea):
    """A text area that asks the box around it about keys and pastes first."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("prompt")

    class LeftUp(Message):
        """Up was pressed where there is nothing above: neither a line nor an earlier message."""

    def __init__(
        self,
        history: PromptHistory,
        take_key: Callable[[str], bool],
        take_paste: Callable[[str], bool],
    ) -> None:
        """`take_key` and `take_paste` say whether the box has dealt with it."""
        super().__init__(
            placeholder="Message",
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
        )
        self._history = history
        self._recall = Recall(history)
        self._take_key = take_key
        self._take_paste = take_paste

    def on_mount(self) -> None:
        """Tell Alt+Enter from Enter from now on, and leave the reader's keys to commands."""
        keyboard.tell_alt_enter()
        own_keys.make_room(self)

    def take_text(self) -> str:
        """Empty the box for the next message, remember what was in it, and return that."""
        text, self.text = self.text, ""
        self._history.add(text)
        self._recall.end()
        return text

    def show_text(self, text: str) -> None:
        """Replace the text, with the cursor at its end."""
        self._recall.end()
        self._show(text)

    def action_earlier(self) -> None:
        """Move up, or above the first line bring back an earlier message."""
        if self._screen_line(self.cursor_location) > 0:
            self.action_cursor_up()
        elif (text := self._recall.earlier(self.text)) is not None:
            # Others may write into the file of what was sent.
            self.text = sanitize.text(text)
            # On the first line still, so that Up leads further.
            self.move_cursor((0, len(self.document.get_line(0))))
        elif self.text:
            self.action_cursor_up()
        else:
            self.post_message(self.LeftUp())

    def action_later(self) -> None:
        """Move down, or below the last line go on to a later message."""
        if self._screen_line(self.cursor_location) < self._screen_line(self.document.end):
            self.action_cursor_down()
        elif (text := self._recall.later(self.text)) is not None:
            self._show(sanitize.text(text))
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

    @work(exclusive=True, group="editor")
    async def action_editor(self) -> None:
        """Go on writing in the reader's editor."""
        try:
            self.show_text(sanitize.text(await editor.edit(self.app, self.text, os.environ)))
        except errors.UsageError as error:
            toasts.warn(self, error)

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings: a priority binding is run before the keys that were typed just before
        # it have reached the text, so that a fast "hi<Enter>" would send nothing.
        if self._take_key(event.key):
            event.stop()
            event.prevent_default()
        elif event.key in keyboard.NEW_LINE_KEYS:
            event.stop()
            event.prevent_default()
            self.insert("\n")

    async def _on_paste(self, event: events.Paste) -> None:
        # Terminals send the line breaks of a paste as carriage returns. The text area's own
        # handler runs after this one.
        event.text = sanitize.text(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        if self._take_paste(event.text):
            event.stop()
            event.prevent_default()

    def _show(self, text: str) -> None:
        self.text = text
        self.move_cursor(self.document.end)

    def _screen_line(self, location: tuple[int, int]) -> int:
        return self.wrapped_document.location_to_offset(location).y
