"""Downloads that were wanted and are not here yet: remembered over the end of the program.

The parts themselves lie in the cache; this says which belong together, what to call them, and what
waited without a byte. One small JSON file that several programs may write. Knows no network.
"""

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from localchat import paths
from localchat.library import disk, locks
from localchat.library.values import RemoteFile

_MOST_BYTES: Final = 1 << 20
_MOST_ENTRIES: Final = 100
_LOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files of one model, and what to call it. Names in it are untrusted."""

    title: str
    files: tuple[RemoteFile, ...]


def read(file: Path) -> tuple[Wanted, ...]:
    """List what was wanted, in its order; whatever is wrong with the file, nothing was."""
    try:
        content = json.loads(disk.read_small(file, _MOST_BYTES))
        return tuple(_wanted(each) for each in content["downloads"][:_MOST_ENTRIES])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def add(file: Path, wanted: Wanted) -> None:
    """Remember a download; a disk that refuses costs only that."""
    _change(file, lambda kept: [*_without(kept, wanted.files), wanted])


def remove(file: Path, files: Sequence[RemoteFile]) -> None:
    """Forget a download that is here, or that nobody wants any more."""
    _change(file, lambda kept: _without(kept, tuple(files)))


def _without(kept: Sequence[Wanted], files: tuple[RemoteFile, ...]) -> list[Wanted]:
    return [each for each in kept if each.files != files]


def _change(file: Path, change: Callable[[tuple[Wanted, ...]], list[Wanted]]) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS

    def wait() -> None:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)

    with contextlib.suppress(OSError):
        paths.private_folder(file.parent)
        with locks.held(file.with_name(f"{file.name}.lock"), wait):
            before = read(file)
            after = change(before)
            if list(before) != after:
                rows = [asdict(each) for each in after[-_MOST_ENTRIES:]]
                paths.write_atomically(file, json.dumps({"downloads": rows}))


def _wanted(row: dict[str, Any]) -> Wanted:
    """Read one row. Raises ValueError, TypeError or KeyError for what it cannot be."""
    files = tuple(RemoteFile(**each) for each in row["files"])
    for each in files:
        if any(type(getattr(each, field.name)) is not field.type for field in fields(RemoteFile)):
            raise TypeError("a field of another kind")
    if not isinstance(row["title"], str) or not files:
        raise TypeError("no title or no files")
    return Wanted(row["title"], files)
