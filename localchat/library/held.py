"""Whether this disk has what the Hub offers, so that nothing is downloaded twice."""

import hashlib
from collections.abc import Iterator

from localchat.library.entries import Copy, Library, LocalEntry
from localchat.library.values import RemoteQuant

_READ_BYTES = 1 << 20


def held(library: Library, quant: RemoteQuant) -> LocalEntry | None:
    """Find a model on this disk that is this one, by hash or by its place in the Hub's cache."""
    for entry in library.entries:
        if any(_is_certain(copy, quant) for copy in entry.copies) and not entry.problem:
            return entry
    return None


def perhaps(library: Library, quant: RemoteQuant) -> tuple[LocalEntry, ...]:
    """List models that may be this one: their sizes are, and no hash says that they are not."""
    return tuple(
        entry
        for entry in library.entries
        if not entry.problem
        and any(_sizes(copy) == _wanted_sizes(quant) for copy in entry.copies)
        and not any(_hashes(copy) for copy in entry.copies)
        and not any(_is_certain(copy, quant) for copy in entry.copies)
    )


def compare(copy: Copy, quant: RemoteQuant) -> Iterator[int]:
    """Hash a copy and compare, yielding how many bytes are done; the last is -1 if it differs.

    Raises OSError.
    """
    done_bytes = 0
    for stored, remote in zip(copy.files, quant.files, strict=True):
        digest = hashlib.sha256()
        with stored.real_path.open("rb", buffering=0) as handle:
            while piece := handle.read(_READ_BYTES):
                digest.update(piece)
                done_bytes += len(piece)
                yield done_bytes
        if digest.hexdigest() != remote.sha256:
            yield -1
            return


def _is_certain(copy: Copy, quant: RemoteQuant) -> bool:
    if copy.problem or _sizes(copy) != _wanted_sizes(quant):
        return False
    if hashes := _hashes(copy):
        return hashes == tuple(file.sha256 for file in quant.files)
    first = quant.files[0]
    place = (first.repo, first.revision_commit, first.path)
    return (copy.repo, copy.commit, copy.path_in_repo) == place


def _hashes(copy: Copy) -> tuple[str, ...]:
    hashes = tuple(file.sha256 for file in copy.files)
    return hashes if all(hashes) else ()


def _sizes(copy: Copy) -> tuple[int, ...]:
    return tuple(file.size_bytes for file in copy.files)


def _wanted_sizes(quant: RemoteQuant) -> tuple[int, ...]:
    return tuple(file.size_bytes for file in quant.files)
