"""What every message on screen has: its text, its versions, and a line of what can be done with it.

Knows no chat: what the reader wants is said by messages, and somebody else does it.
"""

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from localchat.ui.feed import Entry
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.prose import Prose

_MUTED = "$foreground-muted"
_EDIT_HINTS = {
    "user": "Enter sends it as another version · Esc leaves it as it was",
    "assistant": "Enter keeps it as another version · Esc leaves it as it was",
}


class Wanted(Message):
    """The reader wants something done with a message."""

    def __init__(self, deed: str, message_id: str, number: int = 0) -> None:
        super().__init__()
        self.deed = deed
        """The action's name in the list of commands, as "edit" or "regenerate"."""
        self.message_id = message_id
        self.number = number
        """Which block of code, or how many versions further."""


class Edited(Message):
    """The reader has written a message anew."""

    def __init__(self, message_id: str, text: str) -> None:
        super().__init__()
        self.message_id = message_id
        self.text = text


class Foot(Static):
    """The line under a message; parts of it can be clicked."""

    class Clicked(Message):
        """A part of the line was clicked."""

        def __init__(self, deed: str, number: int) -> None:
            super().__init__()
            self.deed = deed
            self.number = number

    def __init__(self) -> None:
        super().__init__("", classes="foot", markup=False)
        self.display = False

    def show(self, lines: list[Content]) -> None:
        """Show these lines; none takes the line away."""
        self.display = bool(lines)
        self.update(Content("\n").join(lines))

    def action_want(self, deed: str, number: int = 0) -> None:
        """Tell what was clicked."""
        self.post_message(self.Clicked(deed, number))


def clickable(words: str, deed: str, number: int = 0) -> Content:
    """Make words of the foot that do something when they are clicked."""
    click = Style.from_meta({"@click": f"want({deed!r}, {number})"})
    return Content.styled(words, "$primary").stylize(click)


def switcher(entry: Entry) -> Content:
    """Draw `‹ 2/3 ›`, each end of which can be clicked; nothing for a message of one version."""
    if entry.versions < 2:
        return Content("")
    place = Content.styled(f" {entry.version}/{entry.versions} ", _MUTED)
    older, newer = clickable(" ‹", "version", -1), clickable("› ", "version", 1)
    if entry.version == 1:
        older = Content.styled(" ‹", _MUTED)
    if entry.version == entry.versions:
        newer = Content.styled("› ", _MUTED)
    return Content.assemble(older, place, newer)


class MessageView(Vertical):
    """A message that can be chosen and edited in its place."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(classes="message")
        self.entry = entry
        self.is_chosen = False
        self.prose = Prose()
        self.foot = Foot()
        self._editor: Editor | None = None

    def on_mount(self) -> None:
        """Draw what there is."""
        self.set_entry(self.entry)

    def set_entry(self, entry: Entry) -> None:
        """Show a newer state of the message."""
        self.entry = entry
        self.set_class(entry.is_left_out, "-left-out")
        self.foot.show([line for line in self.foot_lines() if line.cell_length])

    def foot_lines(self) -> list[Content]:
        """Give the lines under the message."""
        return [switcher(self.entry)]

    def choose(self, chosen: bool) -> None:
        """Mark the message as the one that keys are for, or not."""
        self.is_chosen = chosen
        self.set_class(chosen, "-chosen")
        self.set_entry(self.entry)

    def edit(self) -> None:
        """Let the reader write the message anew, in its place, unless it is still coming."""
        message = self.entry.message
        if self._editor is None and not message.is_streaming:
            self._editor = Editor(message.text, _EDIT_HINTS.get(message.role, ""))
            self.prose.display = False
            self.mount(self._editor, before=self.foot)
            # Unlike `focus` before the next key is looked at.
            self.screen.set_focus(self._editor)

    @on(Editor.Left)
    def _left(self, event: Editor.Left) -> None:
        event.stop()
        if self._editor is not None:
            self._editor.display = False
            self._editor.remove()
            self._editor = None
        self.prose.display = True
        if event.text is not None and event.text != self.entry.message.text:
            self.post_message(Edited(self.entry.key, event.text))
        self.post_message(Wanted("stay", self.entry.key))

    @on(Foot.Clicked)
    def _foot_clicked(self, event: Foot.Clicked) -> None:
        event.stop()
        self.post_message(Wanted(event.deed, self.entry.key, event.number))

    def on_click(self) -> None:
        """Choose the message."""
        self.post_message(Wanted("choose", self.entry.key))
