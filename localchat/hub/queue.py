"""Several downloads: so many at once, the others wait their turn; each can be paused and stopped.

Every download runs in a thread of its own. What is shown are snapshots, frozen values, so that a
screen asks when it likes or is called when something changed.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from localchat import errors
from localchat.hub import download
from localchat.hub.access import Access
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.throttle import Throttle
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, Phase, RemoteFile

ENDED: Final = frozenset({Phase.DONE, Phase.FAILED, Phase.CANCELLED})
_IDLE: Final = ENDED | {Phase.PAUSED}
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Download:
    """How one download of the queue stands."""

    id: int
    title: str
    files: tuple[RemoteFile, ...]
    progress: DownloadProgress
    error: errors.LocalchatError | None = None
    """Why it failed, or why it pauses by itself, as when the disk is full."""
    paths: tuple[Path, ...] = ()
    """Where the files are, once it is done."""

    @property
    def phase(self) -> Phase:
        """What it does right now."""
        return self.progress.phase


@dataclass(slots=True)
class _Item:
    shown: Download
    control: Control = field(default_factory=Control)
    thread: threading.Thread | None = None
    wants_again: bool = False
    is_discarded: bool = False


class Downloads:
    """A queue of downloads into one cache. Its methods may be called from any thread."""

    def __init__(
        self,
        cache: Cache,
        who: Access,
        at_once: int = 2,
        bytes_per_second: float = 0,
        manners: Manners | None = None,
        on_change: Callable[[Download], None] | None = None,
    ) -> None:
        """`on_change` is called from the downloads' threads, several times a second."""
        self._cache = cache
        self._who = who
        self._at_once = at_once
        self._throttle = Throttle(bytes_per_second)
        self._manners = manners
        self._on_change = on_change
        self._items: dict[int, _Item] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._is_closed = False

    def add(self, files: Sequence[RemoteFile], title: str) -> int:
        """Put the files of one model at the end of the queue, and return the download's id.

        Files that are in it already, and not at an end, are not added a second time.
        """
        with self._lock:
            for item in self._items.values():
                if item.shown.files == tuple(files) and item.shown.phase not in ENDED:
                    return item.shown.id
            size_bytes = sum(file.size_bytes for file in files)
            progress = DownloadProgress(Phase.QUEUED, 0, size_bytes)
            shown = Download(next(self._ids), title, tuple(files), progress)
            self._items[shown.id] = _Item(shown)
        self._changed(shown)
        self._start_next()
        return shown.id

    def all(self) -> tuple[Download, ...]:
        """Tell how every download stands, in the order in which they were added."""
        with self._lock:
            return tuple(item.shown for item in self._items.values())

    def pause(self, id: int) -> None:
        """Stop a download and keep what came; the next one in the queue may begin."""
        with self._lock:
            item = self._items[id]
            if item.shown.phase in _IDLE:
                return
            item.wants_again = False
            item.control.pause()
            item.shown = shown = _marked(item, Phase.PAUSED)
        self._changed(shown)
        self._start_next()

    def resume(self, id: int) -> None:
        """Let a download that pauses or failed go on, when there is a place for it."""
        with self._lock:
            item = self._items[id]
            if item.shown.phase not in (Phase.PAUSED, Phase.FAILED):
                return
            item.wants_again = True
            item.is_discarded = False
            item.shown = shown = _marked(item, Phase.QUEUED)
        self._changed(shown)
        self._start_next()

    def cancel(self, id: int, *, keep: bool = False) -> None:
        """Stop a download for good and remove what came of it, unless `keep`."""
        with self._lock:
            item = self._items[id]
            if item.shown.phase in ENDED - {Phase.FAILED}:
                return
            item.wants_again = False
            item.is_discarded = not keep
            item.control.cancel()
            item.shown = shown = _marked(item, Phase.CANCELLED)
            is_idle = item.thread is None
        if is_idle and item.is_discarded:
            download.discard(shown.files, self._cache)
        self._changed(shown)
        self._start_next()

    def forget(self, id: int) -> None:
        """Take a download that came to an end out of the list."""
        with self._lock:
            item = self._items.get(id)
            if item is not None and item.shown.phase in ENDED:
                del self._items[id]

    def move(self, id: int, places: int) -> None:
        """Move a download in the list, and so in the order of those that wait; -1 is forward."""
        with self._lock:
            ids = list(self._items)
            place = min(max(ids.index(id) + places, 0), len(ids) - 1)
            ids.remove(id)
            ids.insert(place, id)
            self._items = {each: self._items[each] for each in ids}
            shown = self._items[id].shown
        self._changed(shown)

    def limit(self, bytes_per_second: float) -> None:
        """Let all downloads together take at most so much; 0 for no limit. Takes effect at once."""
        self._throttle.bytes_per_second = bytes_per_second

    def run_at_once(self, at_once: int) -> None:
        """Let so many run at once; those above it that run already go on."""
        with self._lock:
            self._at_once = at_once
        self._start_next()

    def close(self) -> None:
        """Stop everything and keep what came. Call it when the program ends."""
        with self._lock:
            self._is_closed = True
            threads = [item.thread for item in self._items.values() if item.thread is not None]
            for item in self._items.values():
                item.wants_again = False
                if item.shown.phase not in _IDLE:
                    item.control.pause()
        for thread in threads:
            thread.join(_CLOSE_SECONDS)

    def _start_next(self) -> None:
        with self._lock:
            running = sum(item.thread is not None for item in self._items.values())
            waiting = (
                item
                for item in self._items.values()
                if item.shown.phase is Phase.QUEUED and item.thread is None
            )
            for item in itertools.islice(waiting, max(self._at_once - running, 0)):
                if self._is_closed:
                    return
                item.control = Control()
                item.wants_again = False
                name = f"download-{item.shown.id}"
                item.thread = threading.Thread(
                    target=self._run, args=(item,), name=name, daemon=True
                )
                item.thread.start()

    def _run(self, item: _Item) -> None:
        control, files = item.control, item.shown.files
        paths: tuple[Path, ...] = ()
        problem: errors.LocalchatError | None = None

        def report(progress: DownloadProgress) -> None:
            with self._lock:
                if control.wish or progress.phase is Phase.DONE:
                    # What the user wished for is shown at once, and stays; the end is told below,
                    # with the files.
                    return
                item.shown = replace(item.shown, progress=progress)
                shown = item.shown
            self._changed(shown)

        try:
            paths = download.fetch(
                files, self._cache, self._who, report, control, self._manners, self._throttle
            )
        except errors.LocalchatError as error:
            problem = error
        with self._lock:
            item.shown = shown = _ended(item, paths, problem)
        if item.is_discarded:
            download.discard(files, self._cache)
        with self._lock:
            item.thread = None
        self._changed(shown)
        self._start_next()

    def _changed(self, shown: Download) -> None:
        if self._on_change is not None:
            self._on_change(shown)


def _ended(item: _Item, paths: tuple[Path, ...], problem: errors.LocalchatError | None) -> Download:
    """Say how a download stands when its thread has ended."""
    shown = item.shown
    if paths:
        item.is_discarded = False
        done = replace(shown.progress, phase=Phase.DONE, done_bytes=shown.progress.size_bytes)
        return replace(shown, progress=done, error=None, paths=paths)
    if item.wants_again:
        return _marked(item, Phase.QUEUED)
    if item.control.wish or problem is None:
        is_pause = item.control.wish == "pause"
        return _marked(item, Phase.PAUSED if is_pause else Phase.CANCELLED)
    phase = Phase.PAUSED if isinstance(problem, errors.DiskFull) else Phase.FAILED
    failed = replace(shown.progress, phase=phase, note=problem.message)
    return replace(shown, progress=failed, error=problem)


def _marked(item: _Item, phase: Phase) -> Download:
    progress = replace(
        item.shown.progress, phase=phase, note="", bytes_per_second=0.0, seconds_left=None
    )
    return replace(item.shown, progress=progress, error=None)


@contextlib.contextmanager
def running(downloads: Downloads) -> Iterator[Downloads]:
    """Close a queue at the end, whatever happens."""
    try:
        yield downloads
    finally:
        downloads.close()
