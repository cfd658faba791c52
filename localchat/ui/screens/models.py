"""The first screen: what this machine can run and how well, and the way into a chat."""

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.fit.footprint import Footprint
from localchat.fit.option import Option
from localchat.ui import commands, wording
from localchat.ui.appraiser import Appraiser
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.setup import Setup
from localchat.ui.stock import Stock
from localchat.ui.widgets.bars import TooSmall
from localchat.ui.widgets.browser import Browser
from localchat.ui.widgets.load_strip import LoadStrip

_WIDTHS = [(0, "-tiny"), (40, "-narrow"), (100, "-wide"), (150, "-vast")]


class ModelsScreen(Screen[None]):
    """What there is for this machine, and the way into a chat."""

    CSS_PATH = "models.tcss"
    AUTO_FOCUS = "Rows"
    # Two widths more than elsewhere: the grid below the list, and beside it.
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("models")

    class Loaded(Message):
        """A model is in memory and ready."""

        def __init__(self, path: Path, loaded: wire.Loaded, *, is_guide: bool) -> None:
            super().__init__()
            self.path = path
            self.loaded = loaded
            self.is_guide = is_guide

    class Left(Message):
        """The reader wants to go back to the chat."""

    def __init__(self, engine: EngineClient, setup: Setup, appraiser: Appraiser) -> None:
        super().__init__()
        self._setup = setup
        self._appraiser = appraiser
        self._stock: Stock | None = None
        self._in_memory: Path | None = None
        """The file that was loaded last."""
        self._taken: Option | None = None
        """The choice that it was, where it was one."""
        self._held: Footprint | None = None
        """What it takes, as llama.cpp says."""
        self._has_chat = False
        """Whether there is a conversation to go back to, with or without a model in memory."""
        self._browser = Browser()
        self._strip = LoadStrip(engine)

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._browser
        yield self._strip
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Open what was asked for on the command line."""
        if self._setup.open_path is not None:
            self.load(self._setup.open_path)

    def on_screen_resume(self) -> None:
        """Look anew: memory is taken and freed while one chats."""
        self.action_refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        del parameters
        if action == "back":
            busy = self._strip.is_loading or self._strip.mode == "asking"
            return busy or self._browser.is_choosing or self._has_chat
        return not (action == "open_path" and self._strip.is_loading)

    def load(self, path: Path, option: Option | None = None) -> None:
        """Load a file, as the choice has it; Loaded follows when it is ready."""
        if self._strip.is_loading:
            return
        if self._setup.is_simulated:
            self._strip.tell(*wording.SIMULATED)
            return
        self._in_memory, self._taken, self._held = None, option, None
        params = option.params if option else self._setup.engine_params
        self._strip.load(path, self._browser.name_of(path), params)

    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Read the models folder and the state of the machine again, and plan anew."""
        async for found in self._appraiser.appraise(self._held):
            self._stock = found
            self._browser.show(found, self._in_memory)

    @on(Browser.Wanted)
    @work(exclusive=True, group="take")
    async def _take(self, event: Browser.Wanted) -> None:
        entry, option = event.entry, event.option
        if entry.path is None:
            folder = wording.short_path(self._setup.models_folder)
            self._strip.tell(*wording.how_to_get(entry.known, option, folder))
        elif entry.path == self._in_memory and option == self._taken:
            self.post_message(self.Left())
        elif option is None or option.fits == "now" or self._setup.is_simulated:
            self.load(entry.path, option)
        elif not self._strip.is_loading:
            question = ConfirmScreen(*wording.does_not_fit(option), "load it anyway")
            if await self.app.push_screen_wait(question):
                self.load(entry.path, option)

    @on(LoadStrip.Loaded)
    def _begin_chat(self, event: LoadStrip.Loaded) -> None:
        self._in_memory, self._held, self._has_chat = event.path, event.loaded.footprint, True
        entries = self._stock.entries if self._stock else ()
        guides = [each.path for each in entries if each.local and each.local.is_guide]
        is_guide = event.path in guides
        self.post_message(self.Loaded(event.path, event.loaded, is_guide=is_guide))

    @on(LoadStrip.Turned)
    def _turn(self) -> None:
        if self._strip.mode not in ("asking", "loading"):
            self._browser.take_focus()
        self.refresh_bindings()

    @on(Browser.Moved)
    def _move(self) -> None:
        self._strip.clear()
        self.refresh_bindings()

    def action_open_path(self) -> None:
        """Ask for the path of a file."""
        self._strip.ask_path()

    @on(LoadStrip.PathGiven)
    def _open(self, event: LoadStrip.PathGiven) -> None:
        if event.path:
            self.load(Path(event.path).expanduser())

    async def action_back(self) -> None:
        """Stop loading, or leave the path, or the grid, or go back to the chat."""
        if self._strip.is_loading:
            await self._strip.stop()
        elif self._strip.mode == "asking":
            self._strip.clear()
        elif self._browser.is_choosing:
            self._browser.choose(False)
        elif self._has_chat:
            self.post_message(self.Left())
