"""The layout of the Hugging Face cache: where a file of a repository lies, and how it gets there.

    models--user--name/blobs/<etag>                     the content
    models--user--name/snapshots/<commit>/<path>        a link to it, or the file itself
    models--user--name/refs/<branch>                    the commit
    .locks/models--user--name/<etag>.lock

It is huggingface_hub's own layout, so that every program which uses it finds the files. Every name
is checked by `names` on its way into a path. Knows nothing of the network.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localchat import errors, sanitize
from localchat.library import names, places
from localchat.library.values import RemoteFile

_TRUE = ("1", "on", "yes", "true")
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# A cache that programs using the Hugging Face Hub share; see https://bford.info/cachedir/\n"
)


@dataclass(frozen=True, slots=True)
class Cache:
    """A Hugging Face cache."""

    folder: Path
    may_link: bool = True
    """False where the user has switched symbolic links off."""

    def repo_folder(self, repo: str) -> Path:
        """Where everything of a repository lies. Raises DownloadFailed for an unsafe name."""
        return self.folder / f"models--{names.repo(repo).replace('/', '--')}"

    def blob(self, file: RemoteFile) -> Path:
        """Where the content lies. Raises DownloadFailed for unsafe names."""
        return self.repo_folder(file.repo) / "blobs" / names.etag(file.etag)

    def pointer(self, file: RemoteFile) -> Path:
        """Where the file appears under its name. Raises DownloadFailed for unsafe names."""
        snapshots = self.repo_folder(file.repo) / "snapshots" / names.commit(file.revision_commit)
        return snapshots.joinpath(*names.path(file.path).split("/"))

    def lock(self, file: RemoteFile) -> Path:
        """The lock that huggingface_hub takes as well. Raises DownloadFailed for unsafe names."""
        blob = self.blob(file)
        return self.folder / ".locks" / blob.parent.parent.name / f"{blob.name}.lock"


def here(environment: Mapping[str, str], home: Path) -> Cache:
    """Find the cache that huggingface_hub uses for this user, by its own rules."""
    switch = environment.get("HF_HUB_DISABLE_SYMLINKS", "").lower()
    return Cache(places.hub_cache(environment, home), may_link=switch not in _TRUE)


def find(cache: Cache, file: RemoteFile) -> Path | None:
    """Find a file that is whole, by its name and size; None when it is not here."""
    pointer = cache.pointer(file)
    return pointer if _size_bytes(pointer) == file.size_bytes else None


def prepare(cache: Cache, file: RemoteFile) -> None:
    """Make the folders that a download writes to.

    Raises DownloadFailed for unsafe names or a folder that leads elsewhere, OSError when the cache
    cannot be written.
    """
    blob = cache.blob(file)
    for folder in (blob.parent, blob.parent.parent / "snapshots", cache.lock(file).parent):
        _make_folder(cache, folder)
    tag = cache.folder / "CACHEDIR.TAG"
    if not tag.exists():
        with contextlib.suppress(OSError):
            tag.write_text(_TAG, encoding="utf-8")


def publish(cache: Cache, file: RemoteFile, part: Path) -> Path:
    """Make a verified part file visible, and return where; the part is gone afterwards.

    The caller has verified the content and written it through to the disk. Raises OSError, and
    DownloadFailed for a folder that leads elsewhere.
    """
    blob, pointer = cache.blob(file), cache.pointer(file)
    _make_folder(cache, pointer.parent)
    part.replace(blob)
    _sync_folder(blob.parent)
    if not _is_linked(cache, blob, pointer):
        blob.replace(pointer)
    _sync_folder(pointer.parent)
    note_revision(cache, file)
    return pointer


def attach(cache: Cache, file: RemoteFile) -> Path:
    """Make a blob that is already here visible under the file's name. Raises as publish does."""
    blob, pointer = cache.blob(file), cache.pointer(file)
    _make_folder(cache, pointer.parent)
    if not _is_linked(cache, blob, pointer):
        # Another name may need the blob as well, so that it stays.
        copy = pointer.with_name(f".{blob.name}.copy")
        try:
            shutil.copyfile(blob, copy)
            copy.replace(pointer)
        finally:
            copy.unlink(missing_ok=True)
    note_revision(cache, file)
    return pointer


def note_revision(cache: Cache, file: RemoteFile) -> None:
    """Write down which commit the file's branch is at, once there is something of it.

    Does nothing where the cache cannot be written. Raises DownloadFailed for unsafe names.
    """
    refs = cache.repo_folder(file.repo) / "refs"
    note = refs.joinpath(*names.revision(file.revision).split("/"))
    commit = names.commit(file.revision_commit)
    if file.revision == commit:
        return
    fresh = note.with_name(f"{note.name}.{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        if note.is_file() and note.read_text(encoding="ascii") == commit:
            return
        _make_folder(cache, note.parent)
        fresh.write_text(commit, encoding="ascii")
        fresh.replace(note)


def _is_linked(cache: Cache, blob: Path, pointer: Path) -> bool:
    """Put a link in place of whatever is there; False where links cannot be made.

    The link is relative, so that the cache can be moved. On Windows most users may make none.
    """
    if not cache.may_link:
        return False
    fresh = pointer.with_name(f".{blob.name}.link")
    fresh.unlink(missing_ok=True)
    try:
        os.symlink(os.path.relpath(blob, pointer.parent), fresh)
    except OSError:
        return False
    fresh.replace(pointer)
    return True


def _make_folder(cache: Cache, folder: Path) -> None:
    """Make a folder of the cache, and make sure that no link leads out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.resolve().is_relative_to(cache.folder.resolve()):
        raise errors.DownloadFailed(
            "A folder of the cache is a link to some other place.",
            f"Look at {sanitize.line(str(folder))}, and remove it if you do not know it.",
        )


def _sync_folder(folder: Path) -> None:
    """Let a rename survive a power cut, where the system can say so."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
