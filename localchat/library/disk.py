"""Looks at files and folders that may be gone, forbidden or garbage; never raises for them."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from localchat import sanitize
from localchat.library.entries import StoredFile

DEPTH = 6
MOST_FILES = 20_000
"""More in one place is no collection of models but a link to a whole disk."""

_SHA256 = re.compile(r"^(?:sha256[-:])?([0-9a-f]{64})$")
_BLOCK_BYTES = 512


def stored(path: Path) -> StoredFile | None:
    """Look at one file through its links; None when it is gone, forbidden, or no regular file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        real = Path(os.path.realpath(path)) if path.is_symlink() else path
    except (OSError, ValueError):
        return None
    blocks: int | None = getattr(status, "st_blocks", None)
    return StoredFile(
        path=path,
        real_path=real,
        size_bytes=status.st_size,
        allocated_bytes=status.st_size if blocks is None else blocks * _BLOCK_BYTES,
        device=status.st_dev,
        inode=status.st_ino,
        links=status.st_nlink,
        changed_nanoseconds=status.st_mtime_ns,
        used_seconds=max(status.st_atime, status.st_mtime),
        sha256=sha256_of_name(real.name),
    )


def sha256_of_name(name: str) -> str:
    """Read the hash off the name of a blob in the Hub's cache or Ollama's; empty for others."""
    match = _SHA256.match(name)
    return match[1] if match else ""


def walk(folder: Path, problems: list[str], depth: int = DEPTH) -> Iterator[Path]:
    """Yield every file of a folder that has no dot before its name, sorted, links not followed.

    Adds a sentence to `problems` for each folder that cannot be read.
    """
    count = 0

    def note(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            problems.append(cannot_read(Path(error.filename or folder), error))

    for root, folders, names in os.walk(folder, onerror=note):
        if len(Path(root).relative_to(folder).parts) >= depth:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith("."):
                continue
            count += 1
            if count > MOST_FILES:
                shown = sanitize.line(str(folder))
                problems.append(f"{shown} holds more than {MOST_FILES:,} files: the rest is left.")
                return
            yield Path(root) / name


def children(folder: Path, problems: list[str]) -> tuple[Path, ...]:
    """List what a folder holds, sorted by name; nothing when it is not there.

    Adds a sentence to `problems` when it cannot be read.
    """
    try:
        return tuple(sorted(folder.iterdir()))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        problems.append(cannot_read(folder, error))
        return ()


def read_small(file: Path, most_bytes: int = 1_000_000) -> bytes:
    """Read a small file; nothing when it cannot be read or is larger."""
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as handle:
            content = handle.read(most_bytes + 1)
    except (OSError, ValueError):
        return b""
    return content if len(content) <= most_bytes else b""


def cannot_read(path: Path, error: Exception) -> str:
    """Say that something cannot be read."""
    why = error.strerror if isinstance(error, OSError) else str(error)
    return f"{sanitize.line(str(path))} cannot be read: {sanitize.line(why or 'unknown reason')}."
