"""What a model thought before it answered: folded to one line, opened by a click or Ctrl+T."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from localchat.ui import wording
from localchat.ui.widgets.prose import Prose


class Thoughts(Vertical):
    """The thinking of one answer."""

    unfolded: reactive[bool] = reactive(False, toggle_class="-unfolded")

    def __init__(self, *, unfolded: bool = False) -> None:
        super().__init__()
        self._unread: list[str] = []
        """What is not drawn yet: nothing is, while it is folded."""
        self._heading = ""
        self._mark = Static("", id="heading", markup=False)
        self._text = Prose()
        self.set_reactive(Thoughts.unfolded, unfolded)
        self.set_class(unfolded, "-unfolded")

    def compose(self) -> ComposeResult:
        yield self._mark
        yield self._text

    def on_mount(self) -> None:
        """Show what was taken, and folded or unfolded, before there was anything to show it."""
        self._draw()

    def show(self, more: str, tokens: int, seconds: float, *, over: bool) -> None:
        """Take more of the thinking, and draw what there is so far."""
        if more:
            self._unread.append(more)
        self._heading = wording.thinking(tokens, seconds, over=over)
        if self.is_mounted:
            self._draw()

    def watch_unfolded(self) -> None:
        """Turn the mark, and bring the text up to date."""
        if self.is_mounted:
            self._draw()

    def on_click(self, event: events.Click) -> None:
        """Fold or unfold."""
        event.stop()
        self.unfolded = not self.unfolded

    def _draw(self) -> None:
        mark = "▾" if self.unfolded else "▸"
        self._mark.update(Content(f"{mark} {self._heading}"))
        if self.unfolded and self._unread:
            self._text.grow_plain("".join(self._unread))
            self._unread.clear()
        self._text.display = self.unfolded
