"""The frame around what is written: files above, the text below, and on its border what keys do.

Knows nothing of sending; it shows why a message was not sent until it is another one.
"""

import os

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import TextArea

from localchat import sanitize
from localchat.ui import chips, keyboard
from localchat.ui.commands import own_keys
from localchat.ui.widgets.file_tray import FileTray
from localchat.ui.widgets.prompt_area import PromptArea


class PromptFrame(Vertical):
    """A text and its files."""

    busy = var(False)
    """An answer is under way, so that what is sent waits for its end."""

    def __init__(self, files: FileTray, area: PromptArea) -> None:
        super().__init__()
        self._files = files
        self._area = area
        self._new_line = keyboard.new_line_key(os.environ)
        self._warned_of: object = None
        """What stood here when the warning was given; None while none is shown."""

    def compose(self) -> ComposeResult:
        yield self._files
        yield self._area

    def warn(self, words: str) -> None:
        """Say why the message was not sent."""
        self.border_subtitle = sanitize.line(words)
        self.add_class("-warning")
        self._warned_of = self._written

    def watch_busy(self) -> None:
        """Say what Enter does now."""
        self._hint()

    def on_descendant_focus(self) -> None:
        """Say what the keys do where the focus is now."""
        self._hint()

    @property
    def _written(self) -> object:
        return self._area.text, self._files.held.every

    @on(TextArea.Changed)
    @on(FileTray.Changed)
    def _follow(self) -> None:
        self.border_title = chips.total(self._files.held.every)
        # What was typed before Enter may be told after it: that is no reason to take back a word.
        if self._written != self._warned_of:
            self._hint()

    @on(FileTray.PasteOpened)
    def _take_paste_in(self, event: FileTray.PasteOpened) -> None:
        event.stop()
        self._area.insert(sanitize.text(event.text))
        self._area.focus()

    @on(FileTray.Left)
    def _write_on(self) -> None:
        self._area.focus()

    def _hint(self) -> None:
        usual = f"Enter sends · {self._new_line} new line · @ file"
        if self._files.has_focus_within:
            usual = "x takes the file away · Enter opens it · Esc goes on writing"
        elif self.busy:
            stop = own_keys.spoken(self, "chat.stop")
            usual = f"Enter sends after this answer · {stop} stops it"
        self.border_subtitle = usual
        self.remove_class("-warning")
        self._warned_of = None
