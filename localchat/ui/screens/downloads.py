"""Everything that is being downloaded, was, or did not finish earlier; and what may be done."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from localchat.library.values import Phase
from localchat.ui import commands, download_board
from localchat.ui.downloads import DownloadDesk
from localchat.ui.screens.download_steering import SteeringScreen
from localchat.ui.widgets import download_words
from localchat.ui.widgets.bars import TooSmall
from localchat.ui.widgets.download_list import DownloadList
from localchat.ui.widgets.key_footer import KeyFooter

_NOTHING = (
    "Nothing is being downloaded.\n\n"
    "Choose a model in the list of models: what is not on this disk is downloaded, and goes on "
    "while you chat."
)


class DownloadsScreen(SteeringScreen):
    """Watches downloads and steers them."""

    CSS_PATH = "downloads.tcss"
    AUTO_FOCUS = "DownloadList"
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("downloads")

    class Wanted(Message):
        """The reader wants to chat with what was downloaded."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._bar
        yield self._total
        yield self._list
        yield Static(_NOTHING, id="nothing", markup=False)
        yield KeyFooter()

    async def on_mount(self) -> None:
        """Show what there is, and look at the disk."""
        self._bar.subject = "Downloads"
        self._list.can_take = self._can_take
        self._desk.subscribe(self)
        await self._show_all()
        self._look()

    @on(DownloadDesk.Changed)
    async def _follow(self, event: DownloadDesk.Changed) -> None:
        key = download_board.key_of(event.download)
        download = self._board.download(key)
        if download is None or self._list.keys != self._board.keys():
            await self._show_all()
        else:
            self._list.show_one(key, download_words.of_download(download))
            self._total.show(self._desk.all(), self._desk.terms)
        phases = tuple(each.phase for each in self._desk.all())
        if phases != self._phases:
            # Not at every step: the footer is made anew each time.
            self._phases = phases
            self.refresh_bindings()

    @on(DownloadDesk.Finished)
    @on(DownloadDesk.Failed)
    def _come_to_an_end(self) -> None:
        self._look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the download under the cursor."""
        del parameters
        download = self._board.download(self._list.key)
        if action == "pause":
            return download is not None and download.phase is not Phase.DONE
        if action == "pause_all":
            return any(each.phase is not Phase.DONE for each in self._desk.all())
        return bool(self._list.key) if action == "cancel" else True

    def _can_take(self, key: str) -> bool:
        download = self._board.download(key)
        if download is None:
            return bool(key)
        return bool(download.paths) or download_board.can_go_on(download)

    def footer_title(self, command_id: str) -> str:
        """Say what Enter does with the download under the cursor."""
        download = self._board.download(self._list.key)
        is_here = download is not None and bool(download.paths)
        return "Go on" if command_id == "downloadlist.take" and not is_here else ""

    @on(DownloadList.Moved)
    def _offer(self) -> None:
        self.refresh_bindings()

    @on(DownloadList.Taken)
    def _take(self, event: DownloadList.Taken) -> None:
        download = self._board.download(event.key)
        if download is not None and download.paths:
            self.post_message(self.Wanted(download.paths[0]))
        elif download is None or download_board.can_go_on(download):
            self._go_on(event.key)

    def action_back(self) -> None:
        """Leave this screen; downloads go on."""
        self.dismiss()
