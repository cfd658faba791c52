"""The downloads of the app: begun from any screen, going on whatever is on the screen.

Whoever subscribes gets messages in the app's loop; nothing here waits for the network. What speaks
with the Hub is imported with the first download, so that a start without one opens no socket.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from localchat import errors
from localchat.hub.access import Access
from localchat.library import wanted
from localchat.library.cache import Cache
from localchat.library.values import Phase, RemoteFile
from localchat.library.wanted import Wanted
from localchat.ui.courier import Courier

if TYPE_CHECKING:
    from localchat.hub.manners import Manners
    from localchat.hub.queue import Download, Downloads

Then = Callable[[tuple[Path, ...]], None]
"""What to do with a model's files once they are here."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How downloads go: several at once, and not faster than the reader wants."""

    at_once: int = 2
    bytes_per_second: float = 0
    """For all of them together; 0 is no limit."""


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
        terms: Terms | None = None,
        journal: Path | None = None,
        manners: "Manners | None" = None,
    ) -> None:
        """`journal` keeps over the end of the program what is wanted; None keeps nothing."""
        self.cache = cache
        self.who = who
        self.terms = terms or Terms()
        self.journal = journal
        self._manners = manners
        self._queue: Downloads | None = None
        self._subscribers = _Subscribers()
        self._then: dict[int, list[Then]] = {}
        self._told: dict[int, Phase] = {}
        """The phase that the subscribers know of each download."""

    def subscribe(self, subscriber: MessagePump) -> None:
        """Post Changed, Finished and Failed to a screen, a widget or the app while it lives."""
        self._subscribers.add(subscriber)

    async def want(self, files: Sequence[RemoteFile], title: str, then: Then | None = None) -> int:
        """Queue the files of one model and return the download's id; resume it if it is there.

        `then` is called once, when all files are here. Raises Offline.
        """
        self.who.check_online("a download")
        queue = await self._opened()
        if self.journal is not None:
            await asyncio.to_thread(wanted.add, self.journal, Wanted(title, tuple(files)))
        known = self.find(files)
        id = queue.add(files, title)
        if then is not None:
            self._then.setdefault(id, []).append(then)
        if known is not None and known.id == id:
            self.resume(id)
        elif known is not None:
            self.forget(known.id)
        return id

    def all(self) -> "tuple[Download, ...]":
        """Tell how every download stands, in the order in which they have their turn."""
        return self._queue.all() if self._queue is not None else ()

    def find(self, files: Sequence[RemoteFile]) -> "Download | None":
        """Find the newest download of these files."""
        asked = tuple(files)
        return next((each for each in reversed(self.all()) if each.files == asked), None)

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
        """Stop a download for good; what came of it is removed unless `keep`.

        What is kept is offered again at the next start.
        """
        self._then.pop(id, None)
        files = next((each.files for each in self.all() if each.id == id), ())
        if self._queue is not None:
            # Removing some gigabytes may take a while.
            await asyncio.to_thread(self._queue.cancel, id, keep=keep)
        if self.journal is not None and not keep:
            await asyncio.to_thread(wanted.remove, self.journal, files)

    def forget(self, id: int) -> None:
        """Take a download that came to an end out of the list."""
        self._told.pop(id, None)
        if self._queue is not None:
            self._queue.forget(id)

    def move(self, id: int, places: int) -> None:
        """Give a download another place in the order; -1 is one place forward."""
        if self._queue is not None:
            self._queue.move(id, places)

    def agree(self, terms: Terms) -> None:
        """Change how downloads go, those under way too."""
        self.terms = terms
        if self._queue is not None:
            self._queue.limit(terms.bytes_per_second)
            self._queue.run_at_once(terms.at_once)

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
            self.terms.at_once,
            self.terms.bytes_per_second,
            self._manners,
            on_change=lambda download: courier.take(download.id, download),
        )

    def _deliver(self, download: "Download") -> None:
        self._subscribers.post(lambda: DownloadDesk.Changed(download))
        before, phase = self._told.get(download.id), download.phase
        self._told[download.id] = phase
        if phase is Phase.CANCELLED:
            self.forget(download.id)
        if phase is before:
            return
        if phase is Phase.DONE:
            if self.journal is not None:
                loop = asyncio.get_running_loop()
                loop.run_in_executor(None, wanted.remove, self.journal, download.files)
            self._subscribers.post(lambda: DownloadDesk.Finished(download, download.paths))
            for then in self._then.pop(download.id, ()):
                then(download.paths)
        elif error := download.error:
            self._subscribers.post(lambda: DownloadDesk.Failed(download, error))


class _Subscribers:
    """Who wants to know; each gets a message of its own, as Textual keeps state in them."""

    def __init__(self) -> None:
        self._all: list[MessagePump] = []

    def add(self, subscriber: MessagePump) -> None:
        if subscriber not in self._all:
            self._all.append(subscriber)

    def clear(self) -> None:
        self._all.clear()

    def post(self, make: Callable[[], Message]) -> None:
        for subscriber in tuple(self._all):
            if not subscriber.post_message(make()):
                # It is gone.
                self._all.remove(subscriber)
