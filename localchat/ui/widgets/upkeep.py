"""What is done to the disk and to the machine: remove a model, open one by its path, measure."""

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from localchat import errors, sanitize, units
from localchat.engine.prober import Prober
from localchat.library import removal
from localchat.ui import commands, measuring, removing, toasts
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry
from localchat.ui.widgets.download_strip import DownloadStrip
from localchat.ui.widgets.hub_browser import HubBrowser
from localchat.ui.widgets.load_strip import LoadStrip


class Upkeep(Vertical):
    """Everything of the models screen but its footer."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("upkeep")

    class Changed(Message):
        """The disk, or what is known of the machine, is another now."""

    def __init__(
        self, setup: Setup, hub: HubBrowser, downloading: DownloadStrip, strip: LoadStrip
    ) -> None:
        super().__init__()
        self._setup = setup
        self._hub = hub
        self._downloading = downloading
        self._strip = strip
        self._prober: Prober | None = None
        """At work now."""

    def compose(self) -> ComposeResult:
        yield self._hub
        yield self._downloading
        yield self._strip

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        del parameters
        is_free = self._strip.mode not in ("loading", "working")
        if action == "open_path":
            # In a text an o is a letter as others.
            return is_free and not isinstance(self.screen.focused, Input)
        if action == "remove":
            entry = self._hub.browser.entry
            is_guide = entry is not None and entry.local is not None and entry.local.is_guide
            return is_free and entry is not None and entry.is_here and not is_guide
        return is_free

    async def stop(self) -> bool:
        """Stop measuring; whether there was something to stop."""
        if self._prober is None:
            return False
        await self._prober.cancel()
        return True

    def action_open_path(self) -> None:
        """Ask for the path of a file."""
        self._strip.ask_path()

    @work(exclusive=True, group="remove")
    async def action_remove(self) -> None:
        """Remove what the cursor is on, after a question."""
        entry, loaded = self._hub.browser.entry, self._hub.now.loaded
        planned = await asyncio.to_thread(removing.plan, entry, loaded) if entry else None
        if entry is None or planned is None:
            self._strip.tell("There is nothing here that localchat could remove.")
        elif planned.refused:
            title = sanitize.line(entry.title, 120)
            self._strip.tell(f"{title} cannot be removed here: {planned.refused}", planned.hint)
        elif await self.app.push_screen_wait(ConfirmScreen(*removing.question(planned))):
            await self._remove(entry, planned)

    async def _remove(self, entry: Entry, planned: removal.Removal) -> None:
        try:
            freed_bytes = await asyncio.to_thread(removal.remove, planned)
        except errors.LocalchatError as error:
            self._strip.tell(error.message, error.hint)
        else:
            title, freed = sanitize.line(entry.title, 120), units.human_bytes(freed_bytes)
            # The row that the lower edge would speak of goes too.
            toasts.tell(self.app, f"Removed {title}: {freed} are free again.")
        self.post_message(self.Changed())

    @work(exclusive=True, group="measure")
    async def action_measure(self) -> None:
        """Measure how fast this machine is."""
        stock, setup = self._hub.browser.stock, self._setup
        if setup.is_simulated or setup.make_prober is None or stock is None:
            self._strip.tell("Only the machine that localchat runs on can be measured.")
            return
        words = "Measuring this machine, which takes some seconds of all of it"
        self._strip.work_on(words, 0.0)
        self._prober = setup.make_prober()
        try:
            said = await measuring.measure(
                self._prober,
                setup.engine_params,
                stock.hardware,
                setup.measurements_file,
                lambda done: self._strip.work_on(words, done),
            )
        except errors.LocalchatError as error:
            said = (error.message, error.hint)
        except OSError as error:
            said = (f"The figures cannot be kept: {sanitize.line(str(error), 200)}.", "")
        self._prober = None
        self.post_message(self.Changed())
        self._strip.tell(*said)
