"""One download on the screen: what it is called and does, a bar with figures, and a note."""

from textual import events
from textual.app import ComposeResult, RenderResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from localchat.ui.widgets import download_words, gauge
from localchat.ui.widgets.download_words import Line

_EMPTY = Line("", "", "$foreground-muted", "")
_BAR_CELLS = 40
_LEAST_BAR_CELLS = 8


class DownloadRow(Vertical):
    """Shows one Line; the list that holds it moves the cursor."""

    class Chosen(Message):
        """The reader pointed at it."""

        def __init__(self, row: "DownloadRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, key: str, line: Line) -> None:
        super().__init__()
        self.key = key
        """What tells this row from all others."""
        self._line = line
        self._head = _Head()
        self._bar = _Bar()
        self._note = Static("", markup=False)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._bar
        yield self._note

    def on_mount(self) -> None:
        """Show what it was made with."""
        line, self._line = self._line, _EMPTY
        self.show(line)

    def show(self, line: Line) -> None:
        """Show how it stands now."""
        is_noted = line.note != self._line.note or line.is_error != self._line.is_error
        self._line = self._head.line = self._bar.line = line
        self._note.display = bool(line.note)
        if is_noted:
            color = "$error" if line.is_error else "$foreground-muted"
            self._note.update(Content.styled(line.note, color))

    def on_click(self, event: events.Click) -> None:
        """Take the cursor here."""
        event.stop()
        self.post_message(self.Chosen(self))


class _Head(Widget):
    line: reactive[Line] = reactive(_EMPTY)

    def render(self) -> RenderResult:
        """Draw the name, and at the right edge what happens."""
        return head(self.line, self.size.width)


class _Bar(Widget):
    line: reactive[Line] = reactive(_EMPTY)

    def render(self) -> RenderResult:
        """Draw the bar, and the figures after it."""
        return bar(self.line, self.size.width)


def head(line: Line, width: int) -> Content:
    """Write name and state into one line; the name gives way."""
    state = Content.styled(line.state, line.color)
    title = Content.styled(line.title, "bold")
    title = title.truncate(max(0, width - state.cell_length - 2), ellipsis=True)
    gap = width - title.cell_length - state.cell_length
    return Content.assemble(title, " " * max(0, gap), state)


def bar(line: Line, width: int) -> Content:
    """Draw bar and figures into one line; the bar gives way."""
    words = Content.styled(line.figures, "$foreground-muted")
    if line.fraction is None:
        return words.truncate(max(0, width), ellipsis=True)
    share = f"{download_words.share(line.fraction):>5}  "
    cells = min(_BAR_CELLS, width - words.cell_length - len(share) - 2)
    if cells < _LEAST_BAR_CELLS:
        return Content.assemble(share.lstrip(), words).truncate(max(0, width), ellipsis=True)
    filled, rest = gauge.bar(line.fraction, cells)
    return Content.assemble(
        (filled, f"{line.color} on $panel"), (rest, "on $panel"), f" {share}", words
    )
