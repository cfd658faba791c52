"""The row of files above the text of the prompt, for the mouse and the keyboard."""

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localchat.ui import chips, commands
from localchat.ui.prompt_files import Attachment

_MOST_LINES = 3


class AttachmentRow(Static, can_focus=True):
    """Chips, broken into lines where they must be."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("attachments")

    class Removed(Message):
        """The reader takes a file away."""

        def __init__(self, attachment: Attachment) -> None:
            super().__init__()
            self.attachment = attachment

    class Opened(Message):
        """The reader wants to see a file, or a pasted text back in the message."""

        def __init__(self, attachment: Attachment) -> None:
            super().__init__()
            self.attachment = attachment

    class Left(Message):
        """The reader wants to go on writing."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._every: tuple[Attachment, ...] = ()
        self._at = 0
        self._places: tuple[chips.Place, ...] = ()
        self._top = 0
        """The first line that is seen, when there are more than fit."""

    def show(self, every: tuple[Attachment, ...]) -> None:
        """Show these files; without any the row is gone, and the focus with it."""
        self._every = every
        self._at = max(0, min(self._at, len(every) - 1))
        self.set_class(bool(every), "-present")
        self._draw()
        if not every and self.has_focus:
            self.post_message(self.Left())

    def action_choose(self, step: int) -> None:
        """Go to another file."""
        self._at = max(0, min(self._at + step, len(self._every) - 1))
        self._draw()

    def action_remove(self) -> None:
        """Take the file away."""
        if self._every:
            self.post_message(self.Removed(self._every[self._at]))

    def action_open(self) -> None:
        """Open the file."""
        if self._every:
            self.post_message(self.Opened(self._every[self._at]))

    def action_leave(self) -> None:
        """Go back to the text."""
        self.post_message(self.Left())

    def watch_has_focus(self, has_focus: bool) -> None:
        """Begin with the newest file; without the focus none is chosen."""
        super().watch_has_focus(has_focus)
        self._at = max(0, len(self._every) - 1)
        self._draw()

    def on_resize(self) -> None:
        """Break the row anew."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Open a file, or take it away by its cross."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for at, place in enumerate(self._places):
            if offset.y + self._top == place.line and place.begin <= offset.x < place.end:
                self._at = at
                if offset.x >= place.cross:
                    self.action_remove()
                else:
                    self.action_open()
                break

    def _draw(self) -> None:
        width = self.content_size.width
        if width:
            chosen = self._at if self.has_focus else None
            lines, self._places = chips.lay_out(self._every, width, chosen)
            seen = (
                self._places[self._at].line if chosen is not None and self._places else len(lines)
            )
            self._top = max(0, min(seen - 1, len(lines) - _MOST_LINES))
            self.update(Content("\n").join(lines[self._top : self._top + _MOST_LINES]))
