"""The first screen: what this machine can run and how well, and the way into a chat."""

import dataclasses
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from localchat import errors
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.fit.footprint import Footprint
from localchat.fit.option import Option
from localchat.ui import commands, wording
from localchat.ui.appraiser import Appraiser
from localchat.ui.downloads import DownloadDesk
from localchat.ui.hub_desk import HubDesk
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry
from localchat.ui.type_ahead import TypeAhead
from localchat.ui.widgets.bars import TooSmall
from localchat.ui.widgets.browser import Browser
from localchat.ui.widgets.download_strip import DownloadStrip
from localchat.ui.widgets.hub_browser import HubBrowser
from localchat.ui.widgets.key_footer import KeyFooter
from localchat.ui.widgets.load_strip import LoadStrip
from localchat.ui.widgets.upkeep import Upkeep

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

    def __init__(
        self, engine: EngineClient, setup: Setup, appraiser: Appraiser, downloads: DownloadDesk
    ) -> None:
        super().__init__()
        self._setup = setup
        self._appraiser = appraiser
        self._taken: Option | None = None
        """The choice that was loaded last, where it was one."""
        self._held: Footprint | None = None
        """What it takes, as llama.cpp says."""
        self.ahead = TypeAhead()
        """What is typed already while a model is loaded."""
        self._has_chat = False
        """Whether there is a conversation to go back to, with or without a model in memory."""
        desk = HubDesk(setup.access, setup.headers_folder)
        self._hub = HubBrowser(desk, downloads, appraiser.keep)
        self._browser = self._hub.browser
        self._downloading = DownloadStrip(downloads)
        self._strip = LoadStrip(engine)
        self._upkeep = Upkeep(setup, self._hub, self._downloading, self._strip)

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._upkeep
        yield KeyFooter()

    def on_mount(self) -> None:
        """Open what was asked for on the command line."""
        if self._setup.open_path is not None:
            self.load(self._setup.open_path)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to go back only where there is something to go back from."""
        del parameters
        if action != "back":
            return True
        is_busy = self._strip.mode in ("asking", "loading", "working") or self._hub.talk.is_busy
        is_busy = is_busy or self._downloading.is_waiting
        return is_busy or self._browser.is_choosing or self._has_chat

    def load(self, path: Path, option: Option | None = None) -> None:
        """Load a file, as the choice has it; Loaded follows when it is ready."""
        if self._strip.is_loading:
            return
        self._downloading.leave()
        if self._setup.is_simulated:
            self._strip.tell(*wording.SIMULATED)
            return
        self._taken, self._held = option, None
        self._hub.show_now(dataclasses.replace(self._hub.now, loaded=None))
        params = option.params if option else self._setup.engine_params
        self._strip.load(path, self._browser.name_of(path), params)
        self.ahead.begin()

    def on_key(self, event: events.Key) -> None:
        """Keep what somebody types on who chose a model, for the chat with it."""
        # Keys come here before they are commands of the list, unless a text took them.
        if self.ahead.hear(event.key, event.character):
            event.stop()

    # Memory is taken and freed while one chats, and files come and go.
    @on(events.ScreenResume)
    @on(Upkeep.Changed)
    @on(DownloadStrip.Landed)
    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Look at the disk and at the state of the machine again, and plan anew."""
        async for found in self._appraiser.appraise(self._held):
            self._browser.show(found)

    @on(Browser.Wanted)
    @work(exclusive=True, group="take")
    async def _take(self, event: Browser.Wanted) -> None:
        entry, option, stock = event.entry, event.option, self._browser.stock
        label = option.label if option else ""
        path = stock.path_of(entry, label) if stock else entry.path
        if path is None:
            await self._get(entry, option)
        elif path == self._hub.now.loaded and option == self._taken:
            self.post_message(self.Left())
        elif option is None or option.fits == "now" or self._setup.is_simulated:
            self.load(path, option)
        elif not self._strip.is_loading:
            question = ConfirmScreen(*wording.does_not_fit(option), "load it anyway")
            if await self.app.push_screen_wait(question):
                self.load(path, option)

    async def _get(self, entry: Entry, option: Option | None) -> None:
        """Bring a model to this disk; first find out what its repository offers."""
        offer, stock = entry.offer, self._browser.stock
        quant = offer.quant(option.label) if offer and option else None
        try:
            if entry.partial is not None and entry.partial.file is not None:
                await self._downloading.go_on((entry.partial.file,), entry.title)
            elif entry.partial is not None:
                self._strip.tell(*wording.cannot_go_on(entry.partial))
            elif offer is None:
                self._hub.read(entry)
            elif quant is None or option is None or stock is None:
                self._strip.tell(*wording.cannot_run(offer.problems))
            elif option.fits != "no" or await self.app.push_screen_wait(
                ConfirmScreen(*wording.does_not_fit(option, "Download"), "download it anyway")
            ):
                title = f"{offer.repo.repo}:{quant.label}"
                await self._downloading.want(quant, stock.library, title, option)
        except errors.LocalchatError as error:
            self._strip.tell(error.message, error.hint)

    @on(DownloadStrip.Arrived)
    def _arrive(self, event: DownloadStrip.Arrived) -> None:
        self.load(event.path, event.option)
        self.action_refresh()

    @on(LoadStrip.Loaded)
    def _begin_chat(self, event: LoadStrip.Loaded) -> None:
        self._held, self._has_chat = event.loaded.footprint, True
        self._hub.show_now(dataclasses.replace(self._hub.now, loaded=event.path))
        entries = self._browser.stock.entries if self._browser.stock else ()
        guides = [each.path for each in entries if each.local and each.local.is_guide]
        is_guide = event.path in guides
        self.post_message(self.Loaded(event.path, event.loaded, is_guide=is_guide))

    @on(LoadStrip.Turned)
    @on(HubBrowser.Turned)
    @on(DownloadStrip.Turned)
    @on(Browser.Moved)
    def _turn(self, event: Message) -> None:
        if isinstance(event, Browser.Moved):
            self._strip.clear()
        elif isinstance(event, LoadStrip.Turned) and self._strip.mode in ("empty", "failed"):
            self._browser.take_focus()
        if self._strip.mode == "failed":
            self.ahead.take()
        self.refresh_bindings()

    @on(LoadStrip.PathGiven)
    def _open(self, event: LoadStrip.PathGiven) -> None:
        if event.path:
            self.load(Path(event.path).expanduser())

    async def action_back(self) -> None:
        """Stop what is under way, or leave the path, or the grid, or go back to the chat."""
        if self._strip.is_loading:
            self.ahead.take()
            await self._strip.stop()
        elif self._strip.mode == "asking":
            self._strip.clear()
        elif self._hub.talk.is_busy:
            self._hub.talk.stop()
        elif not await self._upkeep.stop():
            self._leave()

    def _leave(self) -> None:
        if self._downloading.is_waiting:
            self._downloading.leave()
        elif self._browser.is_choosing:
            self._browser.choose(False)
        elif self._has_chat:
            self.post_message(self.Left())
