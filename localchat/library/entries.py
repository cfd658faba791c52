"""What is on this disk, as values: models, where they lie, and downloads that did not finish.

Names in them are untrusted. Knows nothing of how they are found.
"""

from dataclasses import dataclass
from pathlib import Path

from localchat.library.places import Place, Program
from localchat.library.values import RemoteFile
from localchat.models.folder import LocalModel


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file, as the disk has it."""

    path: Path
    """Where a program finds it; it may be a link."""
    real_path: Path
    """Where its content lies."""
    size_bytes: int
    allocated_bytes: int
    """What it takes on the disk."""
    device: int
    inode: int
    """With `device`, which file it is: hard links share both. 0 where the system has none."""
    links: int
    """How many names the content has on this disk."""
    changed_nanoseconds: int
    used_seconds: float
    """When it was last read or written, in seconds since 1970, as far as the disk keeps that."""
    sha256: str = ""
    """Where the name of the file is the hash of its content; empty elsewhere."""

    @property
    def identity(self) -> tuple[int, int] | Path:
        """What two names of one content share."""
        return (self.device, self.inode) if self.inode else self.real_path


@dataclass(frozen=True, slots=True)
class Copy:
    """A model at one place: one file, or all parts of a split one in order."""

    place: Place
    files: tuple[StoredFile, ...]
    names: tuple[str, ...]
    """What its program calls it, such as "user/repo:Q4_K_M" or "llama3.2:3b"; one at least."""
    repo: str = ""
    """The Hub's repository, where it is known."""
    commit: str = ""
    path_in_repo: str = ""
    """Of the first part."""
    revisions: tuple[str, ...] = ()
    """Branches and tags that lead to it."""
    pointers: tuple[Path, ...] = ()
    """Every name that the place has for its files, in the Hub's cache: one for each commit."""
    problem: str = ""
    """Why this copy cannot be opened, in one sentence."""

    @property
    def path(self) -> Path:
        """What to open to load the model."""
        return self.files[0].path

    @property
    def size_bytes(self) -> int:
        """Of all parts."""
        return sum(file.size_bytes for file in self.files)

    @property
    def allocated_bytes(self) -> int:
        """What all parts take on the disk."""
        return sum(file.allocated_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """One model on this disk, with every copy of it."""

    copies: tuple[Copy, ...]
    """Those that can be opened first; of these the one to use."""
    model: LocalModel | None = None
    """What its header says; None as long as it was not read."""
    used_seconds: float = 0.0
    """When any copy was last used, in seconds since 1970, as far as the disk keeps that."""

    @property
    def copy(self) -> Copy:
        """The copy to use."""
        return self.copies[0]

    @property
    def path(self) -> Path:
        """What to open to load the model."""
        return self.copy.path

    @property
    def name(self) -> str:
        """What to call it on the command line."""
        return self.copy.names[0]

    @property
    def size_bytes(self) -> int:
        """Of one copy."""
        return self.copy.size_bytes

    @property
    def allocated_bytes(self) -> int:
        """What all copies take on the disk, hard links once."""
        files = {file.identity: file for copy in self.copies for file in copy.files}
        return sum(file.allocated_bytes for file in files.values())

    @property
    def problem(self) -> str:
        """Why it cannot be opened, in one sentence; empty when nothing is known against it."""
        return self.copy.problem or (self.model.problem if self.model else "")


@dataclass(frozen=True, slots=True)
class Partial:
    """A download that did not finish."""

    place: Place
    path: Path
    extras: tuple[Path, ...] = ()
    """Files that only serve this download."""
    name: str = ""
    """The model's or file's name; empty when it is not known."""
    repo: str = ""
    done_bytes: int = 0
    size_bytes: int = 0
    """Of the whole file; 0 when it is not known."""
    allocated_bytes: int = 0
    changed_seconds: float = 0.0
    """When it last grew, in seconds since 1970."""
    file: RemoteFile | None = None
    """What to fetch to go on with it: our own downloads can, other programs' need their program."""

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None when the whole size is not known."""
        return min(self.done_bytes / self.size_bytes, 1.0) if self.size_bytes else None


@dataclass(frozen=True, slots=True)
class Found:
    """What one place holds."""

    copies: tuple[Copy, ...] = ()
    partials: tuple[Partial, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be looked at, one sentence each."""


@dataclass(frozen=True, slots=True)
class Library:
    """Everything on this disk."""

    entries: tuple[LocalEntry, ...]
    partials: tuple[Partial, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def allocated_bytes(self) -> int:
        """What all of it takes on the disk, hard links once, unfinished downloads too."""
        files = {
            file.identity: file
            for entry in self.entries
            for copy in entry.copies
            for file in copy.files
        }
        partial_bytes = sum(partial.allocated_bytes for partial in self.partials)
        return sum(file.allocated_bytes for file in files.values()) + partial_bytes

    @property
    def unread(self) -> tuple[LocalEntry, ...]:
        """Entries whose headers were not read yet."""
        return tuple(entry for entry in self.entries if entry.model is None)

    def of(self, program: Program) -> tuple[LocalEntry, ...]:
        """List the models that a program keeps, by the copy that is used."""
        return tuple(entry for entry in self.entries if entry.copy.place.program is program)
