"""The downloads of the app: begun from any screen, going on whatever is on the screen.

Whoever subscribes gets messages in the app's loop; nothing here waits for the network. What speaks
with the Hub is imported with the first download, so that a start without one opens no socket.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from localchat import errors
from localchat.hub.access import Access
from localchat.library.cache import Cache
from localchat.library.values import Phase, RemoteFile
from localchat.ui.courier import Courier

if TYPE_CHECKING:
    from localchat.hub.manners import Manners
    from localchat.hub.queue import Download, Downloads

Then = Callable[[tuple[Path, ...]], None]
"""What to do with a model's files once they are here."""


class DownloadDesk:
    """Lives as long as the app. Its methods are called in the app's loop."""

    class Changed(Message, bubble=False):
        """A download has moved; at most eight times a second for each."""

        def __init__(self, download: "Download") -> None:
            super().__init__()
            self.download = download

    class Finished(Message, bubble=False):
        """A download is here, and verified; comes after its last Changed."""

        def __init__(self, download: "Download", paths: tuple[Path, ...]) -> None:
            super().__init__()
            self.download = download
            self.paths = paths

    class Failed(Message, bubble=False):
        """A download failed, or pauses by itself as the disk is full; after its last Changed."""

        def __init__(self, download: "Download", error: errors.LocalchatError) -> None:
            super().__init__()
            self.download = download
            self.error = error

    def __init__(
        self,
        cache: Cache,
        who: Access,
        *,
        at_once: int = 2,
        bytes_per_second: float = 0,
        manners: "Manners | None" = None,
    ) -> None:
        """`bytes_per_second` is a limit for all downloads together; 0 is none."""
        self.cache = cache
        self.who = who
        self.bytes_per_second = bytes_per_second
        self._at_once = at_once
        self._manners = manners
        self._queue: Downloads | None = None
        self._subscribers: list[MessagePump] = []
        self._then: dict[int, Then] = {}
        self._told: dict[int, Phase] = {}
        """The phase that each download's subscribers know of."""

    def subscribe(self, subscriber: MessagePump) -> None:
        """Post Changed, Finished and Failed to a screen, a widget or the app from now on."""
        if subscriber not in self._subscribers:
            self._subscribers.append(subscriber)

    async def want(self, files: Sequence[RemoteFile], title: str, then: Then | None = None) -> int:
        """Queue the files of one model and return the download's id; resume it if it is there.

        `then` is called once, when all files are here. Raises Offline.
        """
        self.who.check_online("a download")
        queue = await self._opened()
        known = self.find(files)
        id = queue.add(files, title)
        if then is not None:
            self._then[id] = then
        if known is not None and known.id == id:
            self.resume(id)
        elif known is not None:
            queue.forget(known.id)
        return id

    def all(self) -> "tuple[Download, ...]":
        """Tell how every download stands, in the order in which they were wanted."""
        return self._queue.all() if self._queue is not None else ()

    def find(self, files: Sequence[RemoteFile]) -> "Download | None":
        """Find the newest download of these files."""
        wanted = tuple(files)
        return next((each for each in reversed(self.all()) if each.files == wanted), None)

    def pause(self, id: int) -> None:
        """Stop a download and keep what came."""
        if self._queue is not None:
            self._queue.pause(id)

    def resume(self, id: int) -> None:
        """Let a download that pauses or failed go on. Raises Offline."""
        self.who.check_online("a download")
        if self._queue is not None:
            self._told.pop(id, None)
            self._queue.resume(id)

    async def cancel(self, id: int, *, keep: bool = False) -> None:
        """Stop a download for good; what came of it is removed unless `keep`."""
        self._then.pop(id, None)
        if self._queue is not None:
            # Removing some gigabytes may take a while.
            await asyncio.to_thread(self._queue.cancel, id, keep=keep)

    def forget(self, id: int) -> None:
        """Take a download that came to an end out of the list."""
        self._told.pop(id, None)
        if self._queue is not None:
            self._queue.forget(id)

    def limit(self, bytes_per_second: float) -> None:
        """Let all downloads together take at most so much; 0 for no limit."""
        self.bytes_per_second = bytes_per_second
        if self._queue is not None:
            self._queue.limit(bytes_per_second)

    async def close(self) -> None:
        """Stop everything and keep what came. Call it when the app ends."""
        self._subscribers.clear()
        self._then.clear()
        if self._queue is not None:
            await asyncio.to_thread(self._queue.close)

    async def _opened(self) -> "Downloads":
        if self._queue is None:
            courier = Courier(self._deliver)
            # Importing what speaks HTTP takes a tenth of a second.
            made = await asyncio.to_thread(self._make, courier)
            self._queue = self._queue or made
        return self._queue

    def _make(self, courier: "Courier[Download]") -> "Downloads":
        from localchat.hub import queue

        return queue.Downloads(
            self.cache,
            self.who,
            self._at_once,
            self.bytes_per_second,
            self._manners,
            on_change=lambda download: courier.take(download.id, download),
        )

    def _deliver(self, download: "Download") -> None:
        self._post(lambda: DownloadDesk.Changed(download))
        before, phase = self._told.get(download.id), download.phase
        self._told[download.id] = phase
        if phase is before:
            return
        if phase is Phase.DONE:
            self._post(lambda: DownloadDesk.Finished(download, download.paths))
            if then := self._then.pop(download.id, None):
                then(download.paths)
        elif error := download.error:
            self._post(lambda: DownloadDesk.Failed(download, error))
        elif phase is Phase.CANCELLED:
            self.forget(download.id)

    def _post(self, make: Callable[[], Message]) -> None:
        for subscriber in tuple(self._subscribers):
            if not subscriber.post_message(make()):
                # It is gone.
                self._subscribers.remove(subscriber)
