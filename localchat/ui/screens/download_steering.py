"""What can be done with downloads, by the keys of their screen; how it looks is the screen's."""

import dataclasses

from textual import work
from textual.screen import Screen

from localchat import errors, units
from localchat.library.values import Phase
from localchat.ui import download_board, toasts
from localchat.ui.download_board import Board, DiskFacts, ScanLibrary
from localchat.ui.downloads import DownloadDesk
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.screens.download_questions import LimitScreen, StopScreen
from localchat.ui.widgets.bars import TopBar
from localchat.ui.widgets.download_list import DownloadList
from localchat.ui.widgets.download_total import DownloadTotal

_MOST_AT_ONCE = 4


class SteeringScreen(Screen[None]):
    """Acts on the download under the cursor, and on all of them."""

    def __init__(self, desk: DownloadDesk, scan_library: ScanLibrary) -> None:
        super().__init__()
        self._desk = desk
        self._board = Board(desk, scan_library)
        self._bar = TopBar()
        self._bar.notes_downloads = False
        self._total = DownloadTotal()
        self._list = DownloadList()
        self._phases: tuple[Phase, ...] = ()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        facts = await self._board.look()
        self._bar.facts = disk_words(facts) if facts else ""
        await self._show_all()

    async def _show_all(self) -> None:
        lines = self._board.lines()
        await self._list.show(lines)
        self.set_class(not lines, "-nothing")
        self._total.show(self._desk.all(), self._desk.terms)
        self.refresh_bindings()

    def action_pause(self) -> None:
        """Pause the download under the cursor, or let it go on."""
        key = self._list.key
        download = self._board.download(key)
        if download is None or download_board.can_go_on(download):
            self._go_on(key)
        else:
            self._desk.pause(download.id)

    # Not in the screen's own turn: the first download loads the HTTP client.
    @work(group="go-on")
    async def _go_on(self, key: str) -> None:
        try:
            await self._board.go_on(key)
        except errors.LocalchatError as error:
            toasts.tell(self, download_board.explain(error), "warning")

    def action_pause_all(self) -> None:
        """Pause all, or let all go on."""
        try:
            self._board.toggle_all()
        except errors.Offline as error:
            toasts.tell(self, download_board.explain(error), "warning")

    @work(exclusive=True, group="cancel")
    async def action_cancel(self) -> None:
        """Stop a download for good, or take one that ended out of the list."""
        key = self._list.key
        download, left = self._board.download(key), self._board.leftover(key)
        if download is not None and download.phase is Phase.DONE:
            self._desk.forget(download.id)
        elif download is not None:
            stop = StopScreen(download.title, download.progress.done_bytes)
            ending = await self.app.push_screen_wait(stop)
            if ending and self._board.download(key) is not None:
                await self._desk.cancel(download.id, keep=ending == "keep")
        elif left is not None:
            size = units.human_bytes(left.done_bytes)
            question = f"Remove what came of {left.title}?"
            remove = ConfirmScreen(question, f"{size} would have to come again.", "remove it")
            if await self.app.push_screen_wait(remove):
                await self._remove(key)
        self._look()

    async def _remove(self, key: str) -> None:
        try:
            await self._board.remove(key)
        except errors.LocalchatError as error:
            toasts.tell(self, download_board.explain(error), "error")

    def action_move(self, places: int) -> None:
        """Let the download under the cursor have its turn earlier or later."""
        download = self._board.download(self._list.key)
        if download is not None:
            self._desk.move(download.id, places)

    def action_at_once(self) -> None:
        """Let one more run at once, and after the most only one."""
        at_once = self._desk.terms.at_once % _MOST_AT_ONCE + 1
        self._desk.agree(dataclasses.replace(self._desk.terms, at_once=at_once))
        self._total.show(self._desk.all(), self._desk.terms)

    @work(exclusive=True, group="limit")
    async def action_limit(self) -> None:
        """Ask how fast all downloads may be together."""
        rate = await self.app.push_screen_wait(LimitScreen(self._desk.terms.bytes_per_second))
        if rate is not None:
            self._desk.agree(dataclasses.replace(self._desk.terms, bytes_per_second=rate))
            self._total.show(self._desk.all(), self._desk.terms)


def disk_words(facts: DiskFacts) -> str:
    """Say how much is free, and what the models take.

    >>> disk_words(DiskFacts(128_849_018_880, 34_359_738_368))
    '120.00 GiB free · models take 32.00 GiB'
    """
    free, taken = units.human_bytes(facts.free_bytes), units.human_bytes(facts.models_bytes)
    return f"{free} free · models take {taken}"
