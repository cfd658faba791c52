"""The lower edge of the models screen: a path to open, a load under way, or why there is none."""

from pathlib import Path
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from localchat import errors, sanitize
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui.widgets import gauge
from localchat.ui.widgets.load_panel import LoadPanel

_BAR_CELLS = 32
Mode = Literal["empty", "asking", "loading", "failed", "told", "working"]


class LoadStrip(VerticalScroll, can_focus=False):
    """Loads one model at a time, and says what became of it."""

    class Loaded(Message):
        """A model is in memory and ready."""

        def __init__(self, path: Path, loaded: wire.Loaded) -> None:
            super().__init__()
            self.path = path
            self.loaded = loaded

    class PathGiven(Message):
        """The reader wrote the path of a file; empty for none."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Turned(Message):
        """Something else is shown now."""

    def __init__(self, engine: EngineClient) -> None:
        super().__init__(classes="-empty")
        self.mode: Mode = "empty"
        self._engine = engine
        self._stop_wanted = False
        self._panel = LoadPanel()
        self._told = Static("", id="told", markup=False)
        self._path = Input(placeholder="Path of a .gguf file, then Enter", id="path")

    def compose(self) -> ComposeResult:
        yield self._panel
        yield self._told
        yield self._path

    @property
    def is_loading(self) -> bool:
        """Whether a load is under way."""
        return self.mode == "loading"

    def clear(self) -> None:
        """Show nothing, unless something is under way."""
        if self.mode not in ("empty", "loading", "working"):
            self._turn_to("empty")

    def tell(self, message: str, hint: str = "") -> None:
        """Show a sentence, and what to do next."""
        lines = [Content(sanitize.line(message, 1000))]
        if hint:
            lines.append(Content.styled(sanitize.line(hint, 1000), "$foreground-muted"))
        self._told.update(Content("\n").join(lines))
        self._turn_to("told")

    def work_on(self, words: str, done: float | None = None) -> None:
        """Show what is under way besides loads, and how much of it is done, until `tell`."""
        filled, rest = gauge.bar(done or 0.0, _BAR_CELLS) if done is not None else ("", "")
        bar = Content.assemble((filled, "$primary on $panel"), (rest, "on $panel"))
        share = f"  {100 * done:.0f} %" if done is not None else ""
        stop = Content.styled("Esc stops it", "$foreground-muted")
        line = Content.assemble((sanitize.line(words, 200), "bold"), "\n", bar, share, "\n")
        self._told.update(line + stop)
        if self.mode != "working":
            self._turn_to("working")

    def ask_path(self) -> None:
        """Ask for a path; typing replaces the last one."""
        self._turn_to("asking")
        # At once, unlike `focus`: the keys typed next belong to the path already.
        self.screen.set_focus(self._path)

    def load(self, path: Path, name: str, params: wire.EngineParams) -> None:
        """Load a model; Loaded follows when it is ready."""
        if not self.is_loading:
            self._stop_wanted = False
            self._panel.begin(name)
            self._turn_to("loading")
            self._load(path, params)

    async def stop(self) -> None:
        """Stop the load under way."""
        self._stop_wanted = True
        await self._engine.cancel()

    @work(group="load")
    async def _load(self, path: Path, params: wire.EngineParams) -> None:
        # An answer still under way would hold the engine.
        await self._engine.cancel()
        try:
            loaded = await self._engine.load(path, params, self._show_progress)
        except errors.Cancelled:
            self._turn_to("empty")
        except errors.LocalchatError as error:
            self._panel.fail(error)
            self._turn_to("failed")
        else:
            self._turn_to("empty")
            self.post_message(self.Loaded(path, loaded))

    def _show_progress(self, progress: wire.Progress) -> None:
        self._panel.show(progress)
        if self._stop_wanted:
            # Esc came while the engine was still starting, when there was nothing to cancel.
            self._stop_wanted = False
            self.run_worker(self._engine.cancel())

    @on(Input.Submitted)
    def _give_path(self, event: Input.Submitted) -> None:
        event.stop()
        self._turn_to("empty")
        self.post_message(self.PathGiven(event.value.strip()))

    def _turn_to(self, mode: Mode) -> None:
        self.mode = mode
        self.set_classes(f"-{mode}")
        self.post_message(self.Turned())
