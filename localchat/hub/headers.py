"""What the headers of a repository's models say, for as few bytes as that takes.

One header is fetched whole; of every further quantization only the beginning, to see that it is the
same model, and its list of tensors. Where a file is not what that expects, its header is fetched
whole as well. What was fetched once is not fetched again.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import errors, paths
from localchat.hub import splicing
from localchat.hub.headercache import HeaderCache, Kept
from localchat.hub.ranges import Growing, RemoteBytes
from localchat.hub.session import Session
from localchat.hub.splicing import Spliced, Whole
from localchat.library.values import RemoteFile, RemoteQuant, RemoteRepo
from localchat.models import gguf
from localchat.models.header import Header

AT_ONCE: Final = 4
"""Requests at the same time: the time of a small read is the way to the Hub and back."""
MOST_IN_MEMORY: Final = 8
"""Whole headers."""


@dataclass(frozen=True, slots=True)
class RemoteHeader:
    """What the headers of one quantization say."""

    quant: RemoteQuant
    parts: tuple[Header, ...]
    """One for each file."""
    problem: str = ""
    """Why there is none, in one sentence; then `parts` is empty."""

    @property
    def header(self) -> Header:
        """The first part's, which knows everything but the tensors of later parts."""
        return self.parts[0]


class Headers:
    """Reads headers of one Hub; may be used from several threads."""

    def __init__(self, session: Session, cache: HeaderCache) -> None:
        self._session = session
        self._cache = cache
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str], Whole] = {}
        self._spliced: dict[tuple[str, str, str], tuple[Spliced, RemoteFile]] = {}

    def of_repo(self, repo: RemoteRepo) -> tuple[RemoteHeader, ...]:
        """Read the headers of every quantization, in the order of the repository.

        A file that is no sound GGUF has a `problem` instead. Raises as Session does.
        """
        if not repo.quants:
            return ()
        references = self._references(repo)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="headers") as pool:
            return tuple(pool.map(lambda quant: self._of_quant(quant, references), repo.quants))

    def of_quant(self, repo: RemoteRepo, quant: RemoteQuant) -> RemoteHeader:
        """Read the headers of one quantization. Raises as Session does, and BadModel."""
        return RemoteHeader(quant, self._parts(quant, self._kept(repo)))

    def write(self, remote: RemoteHeader, folder: Path) -> Path:
        """Write the headers as files without their weights, for a dry run; give the first one.

        Only what was read before can be written. Raises KeyError for other headers, and OSError.
        """
        paths.private_folder(folder)
        written = []
        for file in remote.quant.files:
            path = folder / file.name
            path.write_bytes(self._raw(file))
            written.append(path)
        return written[0]

    def _references(self, repo: RemoteRepo) -> list[RemoteFile]:
        """Files whose headers are known whole: what is kept already, or the smallest model's."""
        if kept := self._kept(repo):
            return kept
        for quant in reversed(repo.quants):
            try:
                self._whole(quant.files[0])
            except errors.BadModel:
                continue
            return [quant.files[0]]
        return []

    def _kept(self, repo: RemoteRepo) -> list[RemoteFile]:
        """Files of a repository whose headers are here whole."""
        self._forget_others(repo)
        first_files = (quant.files[0] for quant in repo.quants)
        return [file for file in first_files if isinstance(self._recalled(file), Whole)]

    def _forget_others(self, repo: RemoteRepo) -> None:
        """Keep memory small: a whole header has many megabytes, and the disk has it too."""
        with self._lock:
            if len(self._known) <= MOST_IN_MEMORY:
                return
            here = (repo.repo, repo.commit)
            self._known = {key: each for key, each in self._known.items() if key[:2] == here}
            self._spliced = {key: each for key, each in self._spliced.items() if key[:2] == here}

    def _of_quant(self, quant: RemoteQuant, references: Sequence[RemoteFile]) -> RemoteHeader:
        try:
            return RemoteHeader(quant, self._parts(quant, references))
        except errors.BadModel as error:
            return RemoteHeader(quant, (), error.message)

    def _parts(self, quant: RemoteQuant, references: Sequence[RemoteFile]) -> tuple[Header, ...]:
        first = self._header(quant.files[0], references)
        # Later parts of a split model have no vocabulary: their headers are small.
        return (first, *(self._header(file, ()) for file in quant.files[1:]))

    def _header(self, file: RemoteFile, references: Sequence[RemoteFile]) -> Header:
        known = self._recalled(file)
        if known is not None:
            return known.header
        remote = RemoteBytes(self._session, file)
        found = self._shared(remote, file, [each for each in references if each != file])
        return found.header if found else self._whole(file).header

    def _shared(
        self, remote: RemoteBytes, file: RemoteFile, references: Sequence[RemoteFile]
    ) -> Spliced | None:
        """Make a header from one of the references and a small read; None when none is like it."""
        head = b""
        for reference in references:
            known = self._recalled(reference)
            if not isinstance(known, Whole):
                continue
            if len(head) < known.head_bytes:
                head = remote.read(0, known.head_bytes)
            if not splicing.is_same_model(head, known):
                continue
            start, end = known.window
            window = remote.read(start, end - start)
            found = splicing.spliced(head, window, known, file.name, file.size_bytes)
            if found is not None:
                self._cache.keep_spliced(file, found, reference)
                with self._lock:
                    self._spliced[_key(file)] = found, reference
                return found
        return None

    def _whole(self, file: RemoteFile) -> Whole:
        beginning = Growing(RemoteBytes(self._session, file))
        header = gguf.parse(beginning, file.name, file.size_bytes)
        raw = bytes(beginning.content[: header.data_offset_bytes])
        # The gap before the tensors is all zeros; reading may have stopped before its end.
        raw += bytes(header.data_offset_bytes - len(raw))
        known = splicing.whole(raw, header)
        self._cache.keep_whole(file, known)
        with self._lock:
            self._known[_key(file)] = known
        return known

    def _recalled(self, file: RemoteFile) -> Whole | Spliced | None:
        key = _key(file)
        with self._lock:
            if key in self._known:
                return self._known[key]
            if key in self._spliced:
                return self._spliced[key][0]
        kept = self._cache.load(file)
        if isinstance(kept, Whole):
            with self._lock:
                self._known[key] = kept
            return kept
        return self._rejoined(file, kept) if kept is not None else None

    def _rejoined(self, file: RemoteFile, kept: Kept) -> Spliced | None:
        """Make a kept header again, if the one that it shares its metadata with is here too."""
        if kept.reference == file.path:
            return None
        reference = _sibling(file, kept.reference)
        known = self._known.get(_key(reference))
        if known is None:
            return None
        try:
            spliced = kept.header(known)
        except errors.BadModel:
            return None
        with self._lock:
            self._spliced[_key(file)] = spliced, reference
        return spliced

    def _raw(self, file: RemoteFile) -> bytes:
        with self._lock:
            if (known := self._known.get(_key(file))) is not None:
                return known.raw
            spliced, reference = self._spliced[_key(file)]
            return splicing.raw(spliced.header, spliced.listed, self._known[_key(reference)])


def _key(file: RemoteFile) -> tuple[str, str, str]:
    return file.repo, file.revision_commit, file.path


def _sibling(file: RemoteFile, path: str) -> RemoteFile:
    """Another file of the same commit, as far as its name goes."""
    return RemoteFile(file.repo, file.revision_commit, path, 0, "", "", file.revision)
