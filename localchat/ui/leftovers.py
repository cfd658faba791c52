"""Downloads that did not come to their end in an earlier session: found on the disk, as values.

Everything here reads or removes files: call it in a thread. Nothing asks the network.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from localchat import errors, sanitize
from localchat.library import cache as caches
from localchat.library import parts, removal, wanted
from localchat.library.cache import Cache
from localchat.library.entries import Partial
from localchat.library.places import Program
from localchat.library.values import RemoteFile


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is left of one download."""

    title: str
    done_bytes: int
    size_bytes: int
    """Of all its files; 0 when it is not known."""
    files: tuple[RemoteFile, ...] = ()
    """What to fetch to go on; empty for what can only be removed."""
    partial: Partial | None = None
    """What to remove, where there is nothing to fetch."""


def find(
    cache: Cache, journal: Path | None, partials: Iterable[Partial] = ()
) -> tuple[Leftover, ...]:
    """List what was wanted, then parts that nobody wrote down, then what can only be removed.

    `partials` are those that a scan of the library found.
    """
    known = wanted.read(journal) if journal is not None else ()
    found = [_of_files(cache, each.title, each.files) for each in known]
    named = {file.etag for each in known for file in each.files}
    for unfinished in parts.unfinished(cache):
        if unfinished.file.etag not in named:
            found.append(_of_files(cache, _title(unfinished.file), (unfinished.file,)))
    for partial in partials:
        if partial.place.program is Program.HUB and partial.file is None:
            found.append(_of_partial(partial))
    return tuple(each for each in found if each is not None)


def remove(leftover: Leftover, cache: Cache, journal: Path | None) -> None:
    """Remove what is left of a download, and forget that it was wanted. Raises LocalchatError."""
    if leftover.partial is not None:
        removal.remove(removal.plan_partial_removal(leftover.partial))
    if leftover.files:
        # Loaded only here: it brings the HTTP client.
        from localchat.hub import download

        download.discard(leftover.files, cache)
    if journal is not None:
        wanted.remove(journal, leftover.files)


def _of_files(cache: Cache, title: str, files: Sequence[RemoteFile]) -> Leftover | None:
    """Say how far a download came; None where a name in it cannot be, or where all is here."""
    done_bytes = size_bytes = 0
    try:
        for file in files:
            size_bytes += file.size_bytes
            done_bytes += _done_bytes(cache, file)
    except errors.DownloadFailed:
        return None
    if done_bytes >= size_bytes and all(caches.find(cache, file) for file in files):
        return None
    return Leftover(sanitize.line(title, 160), done_bytes, size_bytes, tuple(files))


def _done_bytes(cache: Cache, file: RemoteFile) -> int:
    if caches.find(cache, file) is not None:
        return file.size_bytes
    with contextlib.suppress(OSError):
        return min(parts.part_path(cache.blob(file)).stat().st_size, file.size_bytes)
    return 0


def _of_partial(partial: Partial) -> Leftover:
    title = sanitize.line(partial.name or partial.path.name, 160)
    return Leftover(title, partial.done_bytes, partial.size_bytes, partial=partial)


def _title(file: RemoteFile) -> str:
    return f"{file.repo}: {file.name}"
