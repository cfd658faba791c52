"""Looks for files while a mention is being typed; the disk is read in threads."""

import asyncio
from pathlib import Path

from localchat import units
from localchat.ui import folders, fuzzy
from localchat.ui.widgets.suggestions import MOST_ROWS, Suggestion

_LOOK_AGAIN_SECONDS = 0.15
_FRESH_SECONDS = 20.0


class FileFinder:
    """Finds what an unfinished path may mean, as seen from a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listing: folders.Listing | None = None
        self._reading: asyncio.Task[None] | None = None
        self._read_seconds = 0.0

    async def find(self, query: str) -> tuple[tuple[Suggestion, ...], bool]:
        """Give the likeliest files, and whether all of the folder has been looked through."""
        base, shown, pattern = await asyncio.to_thread(folders.split, query, self.folder)
        listing = self._list(base)
        is_done = listing.is_done
        rows = await asyncio.to_thread(_rows, listing, shown, pattern)
        return rows, is_done

    async def wait(self) -> None:
        """Wait until there may be more to find."""
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=_LOOK_AGAIN_SECONDS)

    def path(self, written: str) -> Path:
        """Give the path that was written, as seen from the folder."""
        path = Path(written)
        if written.startswith("~"):
            try:
                path = path.expanduser()
            except RuntimeError:
                # No such user: a file may have that name.
                path = Path(written)
        return self.folder / path

    def close(self) -> None:
        """Stop reading, and read anew the next time."""
        if self._listing is not None:
            self._listing.stop()
        self._listing = None

    def _list(self, base: Path) -> folders.Listing:
        now = asyncio.get_running_loop().time()
        known = self._listing
        is_old = now - self._read_seconds > _FRESH_SECONDS
        if known is not None and known.base == base and not (known.is_done and is_old):
            return known
        if known is not None:
            known.stop()
        self._listing = folders.Listing(base)
        self._read_seconds = now
        self._reading = asyncio.create_task(asyncio.to_thread(self._listing.read))
        return self._listing


def _rows(listing: folders.Listing, shown: str, pattern: str) -> tuple[Suggestion, ...]:
    def is_text(path: str) -> bool:
        return path.endswith("/") or not folders.looks_binary(listing.base / path)

    # A copy, since the list is being made longer by another thread.
    paths = listing.paths.copy()
    if not pattern.startswith("."):
        paths = [path for path in paths if not path.startswith(".")] if not pattern else paths
    found = fuzzy.find(pattern, paths, MOST_ROWS, is_text)
    return tuple(_row(listing.base, shown, match) for match in found)


def _row(base: Path, shown: str, match: fuzzy.Match) -> Suggestion:
    is_folder = match.path.endswith("/")
    return Suggestion(
        value=shown + match.path,
        label=shown + match.path,
        detail="" if is_folder else _size(base / match.path),
        marked=tuple(len(shown) + place for place in match.letters),
        is_open=is_folder,
    )


def _size(path: Path) -> str:
    try:
        return units.human_bytes(path.stat().st_size)
    except OSError:
        return ""
