"""What the downloads screen shows and does: this session's downloads, and what earlier ones left.

Every one has a key. Knows the desk and the disk, no widgets.
"""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localchat import errors
from localchat.library.entries import Library
from localchat.library.values import Phase
from localchat.ui import leftovers
from localchat.ui.downloads import DownloadDesk
from localchat.ui.leftovers import Leftover
from localchat.ui.widgets import download_words
from localchat.ui.widgets.download_words import Line

if TYPE_CHECKING:
    from localchat.hub.queue import Download

ScanLibrary = Callable[[float], Library]


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """How the disk stands that downloads go to."""

    free_bytes: int
    models_bytes: int
    """What all models on this computer take, unfinished downloads too."""


class Board:
    """Looks things up by their keys."""

    def __init__(self, desk: DownloadDesk, scan_library: ScanLibrary) -> None:
        self.desk = desk
        self._scan_library = scan_library
        self._leftovers: tuple[Leftover, ...] = ()

    def lines(self) -> dict[str, Line]:
        """Describe everything, this session's downloads first."""
        found = {key_of(each): download_words.of_download(each) for each in self.desk.all()}
        for key, left in self._left().items():
            found[key] = download_words.of_leftover(left)
        return found

    def keys(self) -> tuple[str, ...]:
        """Name everything, in the order of `lines`."""
        return (*(key_of(each) for each in self.desk.all()), *self._left())

    def download(self, key: str) -> "Download | None":
        """Find a download of this session."""
        return next((each for each in self.desk.all() if key_of(each) == key), None)

    def leftover(self, key: str) -> Leftover | None:
        """Find what an earlier session left."""
        return self._left().get(key)

    async def look(self) -> DiskFacts | None:
        """Look at the disk: what was left there, how much is free and taken; None without one."""
        found = await asyncio.to_thread(self._look)
        self._leftovers, facts = found
        return facts

    async def go_on(self, key: str) -> None:
        """Let a download go on that pauses, failed, or was left. Raises LocalchatError."""
        if (download := self.download(key)) is not None:
            self.desk.resume(download.id)
        elif (left := self.leftover(key)) is not None and left.files:
            self.desk.who.check_online("a download")
            whole = await asyncio.to_thread(leftovers.completed, left, self.desk.who)
            await self.desk.want(whole.files, whole.title)

    async def remove(self, key: str) -> None:
        """Remove what an earlier session left. Raises LocalchatError."""
        if (left := self.leftover(key)) is not None:
            await asyncio.to_thread(leftovers.remove, left, self.desk.cache, self.desk.journal)
            self._leftovers = tuple(each for each in self._leftovers if each != left)

    def toggle_all(self) -> None:
        """Pause everything that goes or waits; where nothing does, let everything go on.

        Raises Offline.
        """
        going = [
            each
            for each in self.desk.all()
            if each.phase is Phase.QUEUED or download_words.is_going(each.phase)
        ]
        # From the end, or each pause would start the next one.
        for each in reversed(going):
            self.desk.pause(each.id)
        if not going:
            for each in self.desk.all():
                if each.phase in (Phase.PAUSED, Phase.FAILED):
                    self.desk.resume(each.id)

    def _left(self) -> dict[str, Leftover]:
        taken = {file.etag for each in self.desk.all() for file in each.files}
        return {
            key_of(left): left
            for left in self._leftovers
            if not any(file.etag in taken for file in left.files)
        }

    def _look(self) -> tuple[tuple[Leftover, ...], DiskFacts | None]:
        library = self._scan_library(0.0)
        left = leftovers.find(self.desk.cache, self.desk.journal, library.partials)
        try:
            free_bytes = shutil.disk_usage(_existing(self.desk.cache.folder)).free
        except OSError:
            return left, None
        return left, DiskFacts(free_bytes, library.allocated_bytes)


def key_of(each: "Download | Leftover") -> str:
    """Name a download, the same while it is left over and when it goes on."""
    if not each.files:
        assert isinstance(each, Leftover)
        assert each.partial is not None
        return str(each.partial.path)
    return f"{each.files[0].repo} {each.files[0].etag}"


def can_go_on(download: "Download") -> bool:
    """Whether it pauses or failed."""
    return download.phase in (Phase.PAUSED, Phase.FAILED)


def explain(error: errors.LocalchatError) -> str:
    """Say what went wrong and what to do."""
    return f"{error.message} {error.hint}".strip()


def _existing(folder: Path) -> Path:
    """Find the nearest folder that is there: the cache is made with the first download."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
