"""The download that the reader waits for: how it goes, at the lower edge of the models screen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localchat import sanitize
from localchat.fit.option import Option
from localchat.library.entries import Library
from localchat.library.values import Phase, RemoteFile, RemoteQuant
from localchat.ui import hub_held, toasts
from localchat.ui.commands import own_keys
from localchat.ui.courier import Courier
from localchat.ui.downloads import DownloadDesk
from localchat.ui.widgets import download_words, gauge

if TYPE_CHECKING:
    from localchat.hub.queue import Download

_BAR_CELLS = 32
_LOOK_SECONDS = 0.2


class DownloadStrip(Static):
    """Waits for one download at a time; whoever goes on to something else waits for none."""

    class Arrived(Message):
        """What was waited for is here."""

        def __init__(self, path: Path, option: Option | None) -> None:
            super().__init__()
            self.path = path
            self.option = option

    class Landed(Message):
        """Something is here that nobody waits for any more."""

    class Turned(Message):
        """There is something to wait for, or there is not."""

    def __init__(self, downloads: DownloadDesk) -> None:
        super().__init__("", markup=False)
        self.display = False
        self._downloads = downloads
        self._awaited: int | None = None
        """Of the download that is waited for."""
        self._option: Option | None = None
        self._is_comparing = False
        self._is_left = False

    def on_mount(self) -> None:
        """Follow the downloads."""
        self._downloads.subscribe(self)

    @property
    def is_waiting(self) -> bool:
        """Whether the reader waits for a download, or for a comparison before it."""
        return self._awaited is not None or self._is_comparing

    async def want(
        self, quant: RemoteQuant, library: Library, title: str, option: Option | None = None
    ) -> None:
        """Download a model and wait for it, or find that it is here; Arrived follows.

        Raises Offline.
        """
        here = await self._compared(quant, library)
        if here is not None:
            self.post_message(self.Arrived(here, option))
        elif not self._is_left:
            await self.go_on(quant.files, title, option)

    async def go_on(
        self, files: Sequence[RemoteFile], title: str, option: Option | None = None
    ) -> None:
        """Download files and wait for them; Arrived follows. Raises Offline."""
        self._awaited = await self._downloads.want(files, title)
        self._option = option
        if (found := self._downloads.find(files)) is not None:
            self._draw(found)
        self.post_message(self.Turned())

    async def _compared(self, quant: RemoteQuant, library: Library) -> Path | None:
        self._is_left, self._is_comparing = False, True
        courier = Courier(self._draw_comparing)
        try:
            return await asyncio.to_thread(
                hub_held.find,
                library,
                quant,
                lambda name, done: courier.take("compared", (name, done)),
                lambda: self._is_left,
            )
        finally:
            self._is_comparing = False
            self.display = False

    def _draw_comparing(self, news: tuple[str, float]) -> None:
        name, done = news
        if self._is_comparing:
            words = f"Comparing with {name}, which may be this very file: {100 * done:.0f} %"
            stop = Content.styled("\nEsc stops it", "$foreground-muted")
            self.update(Content.styled(words, "bold") + stop)
            if not self.display:
                self.display = True
                self.post_message(self.Turned())

    def leave(self) -> None:
        """Wait no longer; the download goes on."""
        self._awaited, self._is_left = None, True
        self.display = False
        self.post_message(self.Turned())

    @on(DownloadDesk.Changed)
    def _follow(self, event: DownloadDesk.Changed) -> None:
        if event.download.id != self._awaited:
            return
        if event.download.phase is Phase.CANCELLED:
            self.leave()
        else:
            self._draw(event.download)

    @on(DownloadDesk.Finished)
    def _arrive(self, event: DownloadDesk.Finished) -> None:
        if event.download.id == self._awaited:
            self._hand_over(event.download.id, event.paths[0], event.download.title)
        else:
            self.post_message(self.Landed())

    @work(exclusive=True)
    async def _hand_over(self, id: int, path: Path, title: str) -> None:
        """Hand it to who waits for it; who only looks at something above this screen does."""
        while not self.screen.is_current:
            if self.screen not in self.app.screen_stack or self._awaited != id:
                toasts.tell(self.app, f"{sanitize.line(title, 80)} is on this disk now.")
                self.leave()
                self.post_message(self.Landed())
                return
            await asyncio.sleep(_LOOK_SECONDS)
        if self._awaited == id:
            option = self._option
            self.leave()
            self.post_message(self.Arrived(path, option))

    def _draw(self, download: "Download") -> None:
        line = download_words.of_download(download)
        filled, rest = gauge.bar(line.fraction or 0.0, _BAR_CELLS)
        percent = f"  {100 * (line.fraction or 0.0):.0f} % · "
        figures = line.figures if download.phase is Phase.DOWNLOADING else line.state
        parts = [
            Content.styled(line.title, "bold"),
            Content.assemble((filled, f"{line.color} on $panel"), (rest, "on $panel"), percent)
            + Content(figures),
        ]
        if line.note:
            parts.append(Content.styled(line.note, "$text-error" if line.is_error else "$warning"))
        key = own_keys.spoken(self, "app.downloads")
        waits = "" if line.is_error else "It is loaded when it is here. "
        parts.append(
            Content.styled(f"{waits}Esc: wait no longer. {key}: downloads", "$foreground-muted")
        )
        self.update(Content("\n").join(parts))
        self.display = True
