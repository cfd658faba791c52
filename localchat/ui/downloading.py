"""The part of the app that concerns downloads, whatever is on the screen.

It owns the desk, tells when a download is here or failed, offers to go on with what an earlier
session left, and says before the end of the program what becomes of downloads under way.
"""

import asyncio
from pathlib import Path

from textual.screen import ModalScreen

from localchat import sanitize
from localchat.library.cache import Cache
from localchat.library.values import Phase
from localchat.ui import download_board, leftovers, toasts, wording
from localchat.ui.commands import own_keys
from localchat.ui.downloads import DownloadDesk
from localchat.ui.drawn_app import DrawnApp
from localchat.ui.leftovers import Leftover
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.screens.downloads import DownloadsScreen
from localchat.ui.setup import Setup
from localchat.ui.widgets import download_words

_OFFER_SECONDS = 1.0
_TOAST_SECONDS = 12.0
_TITLE_CHARACTERS = 100


class DownloadingApp(DrawnApp):
    """An app with downloads. What to do with a model that is here is for those who derive."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        cache = setup.cache or Cache(setup.models_folder)
        self.downloads = DownloadDesk(cache, setup.access, setup.terms, setup.journal)
        self._scan_library = setup.scan_library
        self._is_leaving = False

    def on_mount(self) -> None:
        """Listen, and offer soon what did not finish the last time."""
        self.downloads.subscribe(self)
        # Not at once: the first screen has more important work.
        self.set_timer(_OFFER_SECONDS, self._find_leftovers)

    async def on_unmount(self) -> None:
        """Stop the downloads; what came is kept."""
        await self.downloads.close()

    async def chat_with(self, path: Path) -> None:
        """Load a model that was downloaded, and chat with it."""

    def on_download_desk_finished(self, event: DownloadDesk.Finished) -> None:
        """Say that a model is here."""
        title = sanitize.line(event.download.title, _TITLE_CHARACTERS)
        key = own_keys.spoken(self, "app.downloads")
        words = f"{title} is here, its checksum is right. {key}, Enter: chat with it."
        toasts.tell(self, words, seconds=_TOAST_SECONDS)

    def on_download_desk_failed(self, event: DownloadDesk.Failed) -> None:
        """Say why a download failed, and what to do."""
        title = sanitize.line(event.download.title, _TITLE_CHARACTERS)
        is_pause = event.download.phase is Phase.PAUSED
        toasts.tell(
            self,
            download_board.explain(event.error),
            "warning" if is_pause else "error",
            title=f"{title} {'is paused' if is_pause else 'was not downloaded'}",
            seconds=_TOAST_SECONDS,
        )

    async def on_downloads_screen_wanted(self, event: DownloadsScreen.Wanted) -> None:
        """Leave the downloads for a chat with one of them."""
        await self.pop_screen()
        await self.chat_with(event.path)

    def action_show_downloads(self) -> None:
        """Go to the downloads, or back."""
        if isinstance(self.screen, DownloadsScreen):
            self.screen.dismiss()
        elif not isinstance(self.screen, ModalScreen):
            self.push_screen(DownloadsScreen(self.downloads, self._scan_library))

    async def action_quit(self) -> None:
        """Leave; while downloads are under way only after saying what becomes of them."""
        going = [each for each in self.downloads.all() if download_words.is_open(each.phase)]
        if not going or self._is_leaving:
            self.exit()
            return
        self._is_leaving = True
        self.push_screen(ConfirmScreen(*quitting(len(going)), "quit"), self._leave)

    def _leave(self, wants_to: bool | None) -> None:
        self._is_leaving = False
        if wants_to:
            self.exit()

    def _find_leftovers(self) -> None:
        desk, loop = self.downloads, asyncio.get_running_loop()
        # Not a worker: the end of the app need not wait for a slow disk.
        found = loop.run_in_executor(None, leftovers.find, desk.cache, desk.journal)
        found.add_done_callback(self._offer)

    def _offer(self, found: "asyncio.Future[tuple[Leftover, ...]]") -> None:
        is_idle = self.is_running and not self.downloads.all()
        if found.cancelled() or not is_idle or isinstance(self.screen, DownloadsScreen):
            return
        if number := len(found.result()):
            key = own_keys.spoken(self, "app.downloads")
            words = f"{wording.count(number, 'download')} did not finish. {key}: go on with it."
            toasts.tell(self, words, seconds=_TOAST_SECONDS)


def quitting(downloads: int) -> tuple[str, str]:
    """Ask whether to leave, and say what becomes of downloads.

    >>> quitting(2)[0]
    'Quit during 2 downloads?'
    """
    return (
        f"Quit during {'a download' if downloads == 1 else f'{downloads} downloads'}?",
        "What came is kept: the next start offers to go on from there.",
    )
