"""What the Hub offers, and how a download goes, as values.

Names in them are untrusted until `names` has seen them. Knows nothing of HTTP or of folders.
"""

from dataclasses import dataclass
from enum import StrEnum

from localchat.models.quants import Quant


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository, at one commit."""

    repo: str
    """ "user/name"."""
    revision_commit: str
    """40 hex digits."""
    path: str
    """In the repository, with "/" between folders."""
    size_bytes: int
    sha256: str
    """Of the whole content; empty for a small file that git itself keeps."""
    etag: str
    """The name of its blob in the cache: the sha256, or else git's own hash."""
    revision: str = "main"
    """The branch or tag that led to the commit; the commit itself when the user named it."""

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RemoteQuant:
    """One quantization of a model: a file, or the parts of a split one in order."""

    label: str
    """As the repository writes it, such as "UD-Q4_K_XL"."""
    quant: Quant | None
    """None when the label is no name of llama.cpp."""
    files: tuple[RemoteFile, ...]
    size_bytes: int
    """Of all parts."""


@dataclass(frozen=True, slots=True)
class RemoteRepo:
    """A repository's files at one commit."""

    repo: str
    commit: str
    gated: bool
    private: bool
    quants: tuple[RemoteQuant, ...]
    others: tuple[RemoteFile, ...] = ()
    """GGUF files that are no model to chat with by themselves: mmproj, adapters, imatrix."""


class Phase(StrEnum):
    """What a download does right now."""

    QUEUED = "queued"
    ASKING = "asking the Hub"
    WAITING_FOR_OTHER = "another program downloads this file"
    CHECKING = "checking what is here"
    DOWNLOADING = "downloading"
    RETRYING = "waiting to try again"
    PAUSED = "paused"
    FINISHING = "writing to disk"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How one download goes; a new value comes at least four times a second while bytes flow."""

    phase: Phase
    done_bytes: int
    """Verified or on the way to be: what a restart would not fetch again."""
    size_bytes: int
    bytes_per_second: float = 0.0
    """Over the last seconds; 0 while nothing flows."""
    seconds_left: float | None = None
    """None while it cannot be said."""
    note: str = ""
    """One sentence where there is something to say: why it waits, and for how long."""
    file_name: str = ""
    """The file on the way now; a split model has several."""

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1."""
        return min(self.done_bytes / self.size_bytes, 1.0) if self.size_bytes else 1.0
