"""What a model thought before it answered: folded to one line, opened by a click or Ctrl+T."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from localchat import sanitize
from localchat.ui import wording


class Thoughts(Vertical):
    """The thinking of one answer, hidden while there is none."""

    unfolded: reactive[bool] = reactive(False, toggle_class="-unfolded")

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._heading = ""
        self._shown_pieces = 0
        self._mark = Static("", id="heading", markup=False)
        self._thought = Static("", id="thought", markup=False)

    def compose(self) -> ComposeResult:
        yield self._mark
        yield self._thought

    def add(self, piece: str) -> None:
        """Take a piece of thinking; `show` draws it."""
        self._pieces.append(sanitize.text(piece))

    def show(self, tokens: int, seconds: float, *, over: bool) -> None:
        """Draw what there is so far."""
        if not self._pieces:
            return
        self._heading = wording.thinking(tokens, seconds, over=over)
        self.add_class("-present")
        self._draw()

    def watch_unfolded(self) -> None:
        """Turn the mark, and bring the text up to date."""
        if self.is_mounted and self._pieces:
            self._draw()

    def on_click(self) -> None:
        """Fold or unfold."""
        self.unfolded = not self.unfolded

    def _draw(self) -> None:
        mark = "▾" if self.unfolded else "▸"
        self._mark.update(Content(f"{mark} {self._heading}"))
        if self.unfolded and self._shown_pieces != len(self._pieces):
            self._shown_pieces = len(self._pieces)
            thought = Content("".join(self._pieces).strip("\n"))
            self._thought.update(thought)
