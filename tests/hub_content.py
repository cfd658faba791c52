"""What a fake hub offers, and what goes wrong with it: values for `fake_hub`."""

import dataclasses
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
_READ_BYTES = 1 << 20

FaultKind = Literal[
    "early end",  # Content-Length promises all, the connection closes cleanly before
    "early last chunk",  # chunked, and the last chunk comes too early
    "short chunk",  # a chunk holds less than its length says, then the connection closes
    "reset",
    "stall",
    "ignore range",  # the whole file with 200 where a range was asked for
    "wrong bytes",  # 206 and a right Content-Range, but another place's bytes
    "wrong content range",
    "flipped bit",
    "one byte more",
    "one byte less",
    "range refused",  # 416
    "new etag",  # from now on the content is another one
    "redirect",  # to `location`
    "endless redirect",
    "black hole",  # no answer at all
    "garbage",  # no HTTP
    "status",  # `status` with `headers`
    "headers",  # the usual answer with `headers` over its own
]
Place = Literal["api", "resolve", "cdn"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, with the next `times` requests at its place."""

    kind: FaultKind
    on: Place = "cdn"
    at_byte: int = 0
    """In the body of the answer (for a flipped bit: in the file)."""
    times: int = 1
    """A negative number is for ever."""
    skip: int = 0
    """So many requests at its place go well before."""
    status: int = 500
    headers: tuple[tuple[str, str], ...] = ()
    location: str = ""
    only: str = ""
    """Requests whose path holds this text; others pass."""


@dataclass(frozen=True, slots=True)
class FakeFile:
    """One file of a repository; large ones are files on the disk, sparse where they may be."""

    path: str
    content: bytes | Path
    is_lfs: bool = True
    stated_size_bytes: int | None = None
    """What the API says instead of the truth."""
    stated_sha256: str = ""
    xet_hash: str = ""
    _known_sha256: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        """Hash what is in memory once: every request needs it."""
        if isinstance(self.content, bytes):
            known = hashlib.sha256(self.content).hexdigest()
            object.__setattr__(self, "_known_sha256", known)

    @property
    def size_bytes(self) -> int:
        """The true size."""
        if isinstance(self.content, Path):
            return self.content.stat().st_size
        return len(self.content)

    @property
    def sha256(self) -> str:
        """What the hub says its sha256 is: the true one unless a test states another."""
        if self.stated_sha256 or self._known_sha256:
            return self.stated_sha256 or self._known_sha256
        assert isinstance(self.content, Path)
        return _sha256(self.content)

    @property
    def oid(self) -> str:
        """Git's hash of a small file, or of the pointer of a large one."""
        if isinstance(self.content, bytes) and not self.is_lfs:
            head = f"blob {len(self.content)}\0".encode()
            return hashlib.sha1(head + self.content).hexdigest()
        return hashlib.sha1(self.path.encode()).hexdigest()

    @property
    def etag(self) -> str:
        """The name of its blob in the cache."""
        return self.sha256 if self.is_lfs else self.oid

    def read(self, start: int, size_bytes: int) -> bytes:
        """Read a piece of the content."""
        if isinstance(self.content, bytes):
            return self.content[start : start + size_bytes]
        with self.content.open("rb") as handle:
            handle.seek(start)
            return handle.read(size_bytes)


_known_hashes: dict[tuple[str, int, int], str] = {}


def _sha256(content: Path) -> str:
    state = content.stat()
    key = (str(content), state.st_size, state.st_mtime_ns)
    if key not in _known_hashes:
        with content.open("rb") as handle:
            _known_hashes[key] = hashlib.file_digest(handle, "sha256").hexdigest()
    return _known_hashes[key]


@dataclass(frozen=True, slots=True)
class FakeRepo:
    """One repository at one commit, with what the API tells about it."""

    id: str
    files: tuple[FakeFile, ...] = ()
    commit: str = COMMIT
    branches: tuple[str, ...] = ("main",)
    is_gated: bool = False
    is_private: bool = False
    readers: frozenset[str] = frozenset()
    """Tokens that may read it, where it is gated or private."""
    downloads: int = 0
    likes: int = 0
    last_modified: str = "2026-01-01T00:00:00.000Z"
    tags: tuple[str, ...] = ("gguf", "text-generation")
    pipeline_tag: str = "text-generation"
    gguf: dict[str, object] = field(default_factory=dict)
    """What `expand=gguf` gives: total, architecture, context_length, chat_template."""

    def file(self, path: str) -> FakeFile | None:
        """Find a file by its path."""
        return next((file for file in self.files if file.path == path), None)

    def knows(self, revision: str) -> bool:
        """Tell whether a branch or commit is this one."""
        return revision == self.commit or revision in self.branches

    def with_files(self, *files: FakeFile) -> "FakeRepo":
        """Give the same repository with other files."""
        return dataclasses.replace(self, files=files)


@dataclass(slots=True)
class LoggedRequest:
    """One request, as the server saw it."""

    server: Literal["hub", "cdn"]
    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    """Names in small letters."""
    status: int = 0
    body_bytes: int = 0
    """Of the answer's body, as far as the connection took it."""

    @property
    def token(self) -> str:
        """What it says in Authorization; empty without."""
        return self.headers.get("authorization", "")


def pattern(size_bytes: int, seed: int = 0) -> bytes:
    """Make content that differs everywhere, so that a misplaced piece is seen."""
    block = b"".join(hashlib.sha256(f"{seed}/{number}".encode()).digest() for number in range(2048))
    pieces, number = bytearray(), 0
    while len(pieces) < size_bytes:
        pieces += number.to_bytes(8, "big") + block
        number += 1
    return bytes(pieces[:size_bytes])
