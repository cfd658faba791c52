"""Downloads that did not come to their end in an earlier session: found on the disk, as values.

Everything here reads or removes files: call it in a thread. Only `completed` asks the Hub.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localchat import errors, sanitize
from localchat.hub.access import Access
from localchat.library import cache as caches
from localchat.library import labels, parts, removal, wanted
from localchat.library.cache import Cache
from localchat.library.entries import Partial
from localchat.library.places import Program
from localchat.library.values import RemoteFile
from localchat.models import splits


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
    is_piece: bool = False
    """Whether `files` is one part of a split model whose other parts are not known."""


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
        file = unfinished.file
        if file.etag not in named:
            is_piece = splits.part_of(Path(file.name)) is not None
            found.append(_of_files(cache, _title(file), (file,), is_piece=is_piece))
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


def completed(leftover: Leftover, who: Access) -> Leftover:
    """Ask the Hub for the other parts of a split model; anything else is complete.

    Raises LocalchatError where the Hub cannot be asked, or has it no more.
    """
    if not leftover.is_piece:
        return leftover
    # Loaded only here: it brings the HTTP client.
    from localchat.hub.client import HubClient

    (piece,) = leftover.files
    with HubClient(who) as client:
        repo = client.repo(piece.repo, piece.revision_commit)
    for quant in repo.quants:
        if any(file.etag == piece.etag for file in quant.files):
            files = tuple(replace(file, revision=piece.revision) for file in quant.files)
            return replace(leftover, files=files, is_piece=False)
    raise errors.HubNotFound(
        f"{sanitize.line(piece.repo, 120)} has no file {sanitize.line(piece.name, 120)} any more.",
        "Remove what came of it, and look for another.",
    )


def _of_files(
    cache: Cache, title: str, files: Sequence[RemoteFile], *, is_piece: bool = False
) -> Leftover | None:
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
    shown = sanitize.line(title, 160)
    return Leftover(shown, done_bytes, size_bytes, tuple(files), is_piece=is_piece)


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
    return f"{file.repo}:{labels.label(file.path)[0]}"
