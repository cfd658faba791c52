"""What the downloads screen asks: what to do with what came, and how fast it may come."""

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from localchat import sanitize, settings, units

Ending = Literal["", "keep", "remove"]


class StopScreen(ModalScreen[Ending]):
    """Asks whether to keep what came of a download; "" goes back to it."""

    CSS_PATH = "download_questions.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,enter", "answer('keep')", "Keep"),
        Binding("r", "answer('remove')", "Remove"),
        Binding("escape", "answer('')", "Back"),
    ]

    def __init__(self, title: str, done_bytes: int) -> None:
        super().__init__()
        self._title = sanitize.line(title, 160)
        self._done = units.human_bytes(done_bytes)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled(f"Stop the download of {self._title}?", "bold"))
            words = f"{self._done} came so far. Kept, it can go on from there at any time."
            yield Static(Content.styled(words, "$foreground-muted"))
            yield Static(
                Content.assemble(
                    ("Enter", "bold $primary"), " keep what came    ",
                    ("r", "bold $primary"), " remove it    ",
                    ("Esc", "bold $primary"), " go back",
                ),
                id="keys",
            )  # fmt: skip

    def action_answer(self, ending: Ending) -> None:
        """Answer the question."""
        self.dismiss(ending)


class LimitScreen(ModalScreen[float | None]):
    """Asks how many bytes a second all downloads may take; None goes back."""

    CSS_PATH = "download_questions.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, bytes_per_second: float) -> None:
        super().__init__()
        now = f"{units.human_bytes(bytes_per_second)}/s" if bytes_per_second else ""
        self._input = Input(now.replace(".0 ", " "), placeholder="no limit")
        self._told = Static("", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content.styled("How fast may all downloads be together?", "bold"))
            words = "Like 5 MB/s or 800 KiB/s; empty or 0 for as fast as it goes."
            yield Static(Content.styled(words, "$foreground-muted"))
            yield self._input
            yield self._told

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        try:
            rate = settings.KINDS["limit"].parse(text) if text else 0
        except ValueError as error:
            self._told.update(Content.styled(f"It must be {error}.", "$error"))
            return
        self.dismiss(float(rate))
