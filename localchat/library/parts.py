"""Files on their way: `<etag>.part` beside the blob it will be, and a note of what it is.

A part file grows from its beginning and nothing in it is trusted before the hash of the whole is
right; what was there before is hashed again when a download goes on. The note holds what a listing
needs and the validator that the server gave for the bytes so far. Knows nothing of the network.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from localchat import errors
from localchat.library import names
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile

PART: Final = ".part"
NOTE: Final = ".part.json"
QUARANTINE: Final = ".bad"
_READ_BYTES = 1 << 20
_MOST_NOTE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One download that can go on."""

    file: RemoteFile
    part: Path
    done_bytes: int
    validator: str = ""
    """What the server calls the content that the part is a piece of; empty when it did not say."""


class Part:
    """One open part file, and the hash of what is in it."""

    def __init__(self, cache: Cache, file: RemoteFile) -> None:
        self._file = file
        self._blob = cache.blob(file)
        self.path = part_path(self._blob)
        # No buffer, so that what was written is in the file when the process is killed.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        self._handle = io.FileIO(os.open(self.path, flags, 0o666), "r+")
        self._hash = _hasher(file)
        self.done_bytes = 0
        unfinished = read(cache, self._blob)
        self.validator = unfinished.validator if unfinished else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()
        if self.done_bytes == 0 and self._file.size_bytes:
            # Nothing came: leave no trace that looks like a download.
            self.path.unlink(missing_ok=True)
            note_path(self._blob).unlink(missing_ok=True)

    def rehash(self) -> Iterator[int]:
        """Hash what an earlier run left, piece by piece; yields how much is done. Raises OSError.

        More than the file shall have is no piece of it, and is dropped.
        """
        size_bytes = os.fstat(self._handle.fileno()).st_size
        if size_bytes > self._file.size_bytes:
            self.restart()
            size_bytes = 0
        while self.done_bytes < size_bytes:
            piece = self._handle.read(_READ_BYTES)
            if not piece:
                break
            self._hash.update(piece)
            self.done_bytes += len(piece)
            yield self.done_bytes

    def append(self, piece: bytes) -> None:
        """Write the next bytes. Raises OSError, when the disk is full for example."""
        view = memoryview(piece)
        while view:
            written = self._handle.write(view)
            self._hash.update(view[:written])
            self.done_bytes += written
            view = view[written:]

    def restart(self) -> None:
        """Forget everything that came so far. Raises OSError."""
        self._handle.seek(0)
        self._handle.truncate()
        self._hash = _hasher(self._file)
        self.done_bytes = 0
        self.note("")

    def note(self, validator: str) -> None:
        """Write down what this is a part of. Raises OSError."""
        self.validator = validator
        fresh = self._blob.with_name(f"{self._blob.name}{NOTE}.{os.getpid()}.tmp")
        content = {"file": dataclasses.asdict(self._file), "validator": validator}
        try:
            fresh.write_text(json.dumps(content), encoding="utf-8")
            fresh.replace(note_path(self._blob))
        finally:
            fresh.unlink(missing_ok=True)

    def hexdigest(self) -> str:
        """Return the hash of everything so far."""
        return self._hash.hexdigest()

    def sync(self) -> None:
        """Wait until the disk has it. Raises OSError."""
        os.fsync(self._handle.fileno())

    def quarantine(self) -> None:
        """Put bad content aside, where nothing takes it for a part. Raises OSError."""
        self._handle.close()
        self.path.replace(self._blob.with_name(self._blob.name + QUARANTINE))


def part_path(blob: Path) -> Path:
    """Where a blob is while it comes."""
    return blob.with_name(blob.name + PART)


def note_path(blob: Path) -> Path:
    """Where the note on a part file lies."""
    return blob.with_name(blob.name + NOTE)


def expected_hash(file: RemoteFile) -> str:
    """Return what the content must hash to. Raises DownloadFailed when the Hub contradicts itself.

    Large files have a sha256; small ones have git's own hash of a blob.
    """
    stated = names.etag(file.etag)
    if file.sha256 and names.sha256(file.sha256) != stated:
        raise errors.DownloadFailed(
            f"The Hub gives two checksums for {file.name}.", expected_sha256=file.sha256
        )
    return stated


def verify(path: Path, file: RemoteFile) -> Iterator[int]:
    """Hash a file that is whole, yielding how much is done; it is removed when it is not right.

    Raises OSError.
    """
    done_bytes, hashed = 0, _hasher(file)
    with path.open("rb", buffering=0) as handle:
        while piece := handle.read(_READ_BYTES):
            hashed.update(piece)
            done_bytes += len(piece)
            yield done_bytes
    if hashed.hexdigest() != expected_hash(file):
        path.unlink()


def read(cache: Cache, blob: Path) -> Unfinished | None:
    """Read the note on a part file; None when there is none that can be used."""
    part = part_path(blob)
    try:
        with note_path(blob).open("rb") as handle:
            content = json.loads(handle.read(_MOST_NOTE_BYTES))
        file = RemoteFile(**content["file"])
        validator = str(content["validator"])
        is_its_own = cache.blob(file) == blob and isinstance(file.size_bytes, int)
        done_bytes = part.stat().st_size
    except (OSError, ValueError, TypeError, KeyError, errors.DownloadFailed):
        return None
    return Unfinished(file, part, done_bytes, validator) if is_its_own else None


def unfinished(cache: Cache) -> tuple[Unfinished, ...]:
    """List the downloads of a cache that can go on."""
    blobs = cache.folder.glob(f"models--*/blobs/*{PART}")
    found = (read(cache, path.with_name(path.name.removesuffix(PART))) for path in blobs)
    return tuple(each for each in found if each is not None)


def discard(cache: Cache, file: RemoteFile) -> None:
    """Remove what is there of an unfinished download. Raises OSError or DownloadFailed."""
    part_path(cache.blob(file)).unlink(missing_ok=True)
    sweep(cache, file)


def sweep(cache: Cache, file: RemoteFile) -> None:
    """Remove what stood beside a part file that is no more. Raises OSError or DownloadFailed."""
    blob = cache.blob(file)
    note_path(blob).unlink(missing_ok=True)
    blob.with_name(blob.name + QUARANTINE).unlink(missing_ok=True)
    for left_over in blob.parent.glob(f"{blob.name}{NOTE}.*.tmp"):
        left_over.unlink(missing_ok=True)


def room_bytes(cache: Cache) -> int:
    """How much may be written to the disk of a cache; the largest number when it does not say."""
    folder = cache.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free
    return 1 << 62


def _hasher(file: RemoteFile) -> "hashlib._Hash":
    if len(names.etag(file.etag)) == 64:
        return hashlib.sha256()
    return hashlib.sha1(f"blob {file.size_bytes}\0".encode(), usedforsecurity=False)
