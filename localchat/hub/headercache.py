"""Headers that were fetched before, by repository, commit and file: a commit never changes.

A whole header is kept compressed; one that shares another's metadata keeps its own list of tensors
and the other's name. What is damaged, or was written by another version, is as if it were not here.
The oldest go when there is too much.
"""

import hashlib
import io
import json
import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localchat import errors, paths, units
from localchat.hub import splicing
from localchat.hub.splicing import Spliced, Whole
from localchat.library.values import RemoteFile
from localchat.models import gguf
from localchat.models.cursor import MAX_HEADER_BYTES

VERSION: Final = 1
MOST_BYTES: Final = 256 * units.MIB
MOST_FILES: Final = 2_000

_MAGIC = b"localchat header\n"
_MOST_META_BYTES = 10_000
_END = ".header"


@dataclass(frozen=True, slots=True)
class Kept:
    """A spliced header as it was kept: it needs the header whose metadata it shares."""

    reference: str
    """The path of that file, in the same repository at the same commit."""
    listed: bytes
    n_tensors: int
    data_offset: int
    own: dict[str, int]

    def header(self, known: Whole) -> Spliced:
        """Make the header again. Raises BadModel."""
        header = splicing.relisted(self.listed, self.n_tensors, self.own, self.data_offset, known)
        return Spliced(header, self.listed, self.own)


class HeaderCache:
    """A folder of headers; several processes may share it. Without a folder it keeps nothing."""

    def __init__(
        self, folder: Path | None, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_files = most_files

    def load(self, file: RemoteFile) -> Whole | Kept | None:
        """Recall the header of a file; None when it is not here as it should be."""
        path = self._path(file)
        if path is None:
            return None
        try:
            content = path.read_bytes()
            meta, payload = _parted(content, file)
            found = _unpacked(meta, payload, file)
            os.utime(path)
        except (OSError, ValueError, KeyError, TypeError, zlib.error, errors.BadModel):
            return None
        return found

    def keep_whole(self, file: RemoteFile, whole: Whole) -> None:
        """Keep a whole header."""
        self._write(file, {}, zlib.compress(whole.raw, 1))

    def keep_spliced(self, file: RemoteFile, spliced: Spliced, reference: RemoteFile) -> None:
        """Keep a header that shares the metadata of another one."""
        meta = {
            "reference": reference.path,
            "tensors": len(spliced.header.tensors),
            "data_offset": spliced.header.data_offset_bytes,
            "own": dict(spliced.own),
        }
        self._write(file, meta, zlib.compress(spliced.listed, 1))

    def _write(self, file: RemoteFile, meta: dict[str, Any], payload: bytes) -> None:
        """Write atomically; a disk that is full or refuses only means that nothing is kept."""
        path = self._path(file)
        if path is None:
            return
        head = json.dumps({**_identity(file), **meta}).encode()
        part = None
        try:
            paths.private_folder(path.parent)
            descriptor, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(_MAGIC + len(head).to_bytes(4, "little") + head + payload)
            os.replace(part, path)
            part = None
            self._shrink()
        except OSError:
            return
        finally:
            if part is not None:
                Path(part).unlink(missing_ok=True)

    def _shrink(self) -> None:
        if self._folder is None:
            return
        known = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(_END):
                    status = entry.stat()
                    known.append((status.st_mtime_ns, status.st_size, entry.path))
        known.sort(reverse=True)
        total = 0
        for number, (_, size, path) in enumerate(known, start=1):
            total += size
            # The newest stays, however large it is.
            if number > 1 and (total > self._most_bytes or number > self._most_files):
                Path(path).unlink(missing_ok=True)

    def _path(self, file: RemoteFile) -> Path | None:
        if self._folder is None:
            return None
        name = "\0".join((file.repo, file.revision_commit, file.path))
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}{_END}"


def _identity(file: RemoteFile) -> dict[str, Any]:
    return {
        "version": VERSION,
        "repo": file.repo,
        "commit": file.revision_commit,
        "path": file.path,
        "size": file.size_bytes,
    }


def _parted(content: bytes, file: RemoteFile) -> tuple[dict[str, Any], bytes]:
    """Take a kept file apart. Raises ValueError when it is not the one that was meant."""
    start = len(_MAGIC) + 4
    length = int.from_bytes(content[len(_MAGIC) : start], "little")
    if not content.startswith(_MAGIC) or length > _MOST_META_BYTES:
        raise ValueError("no kept header")
    meta = json.loads(content[start : start + length])
    if not isinstance(meta, dict) or any(
        meta.get(key) != value for key, value in _identity(file).items()
    ):
        raise ValueError("another header")
    return meta, content[start + length :]


def _unpacked(meta: dict[str, Any], payload: bytes, file: RemoteFile) -> Whole | Kept:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(payload, MAX_HEADER_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("damaged")
    if "reference" not in meta:
        header = gguf.parse(io.BytesIO(content), file.name, file.size_bytes)
        return splicing.whole(content, header)
    own = {str(key): int(value) for key, value in meta["own"].items()}
    return Kept(
        str(meta["reference"]), content, int(meta["tensors"]), int(meta["data_offset"]), own
    )
