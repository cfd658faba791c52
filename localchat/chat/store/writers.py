"""Which programs use the chats right now, told by locks that the system takes from the dead.

Each program holds the lock of a file of its own beside the database, and marks the answers that
it streams with that file's name. A lock goes with its process, however it ends; no clock is asked,
so a program that sleeps is not taken for dead. Knows no SQL.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import filelock

from localchat import errors, paths
from localchat.chat import messages

_WAIT_SECONDS: Final = 60.0
_STEP_SECONDS: Final = 0.02


class Writer:
    """This program, among those that use the chats."""

    def __init__(self, file: Path) -> None:
        """Register; within `alone`. Raises StoreError."""
        self.id = messages.new_id()
        self._folder = _made(folder(file))
        self._path = self._folder / self.id
        self._lock = _lock(self._path)
        if not _try(self._lock):
            raise errors.StoreError(f"The lock {self._path} cannot be taken.")

    def is_alive(self, writer_id: str) -> bool:
        """Whether a program is still there: this one, or another."""
        if writer_id == self.id:
            return True
        path = self._folder / writer_id
        if not writer_id or not path.exists():
            return False
        lock = _lock(path)
        if not _try(lock):
            return True
        lock.release()
        return False

    def close(self, *, is_well: bool = True) -> None:
        """Leave; when not all is well, as one that died, so that the next one checks the file."""
        self._lock.release()
        if is_well:
            self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Let no other program open the chats meanwhile. Raises StoreError when one takes too long."""
    _made(file.parent)
    # Not ".lock", which SQLite makes itself where there is no other way to lock.
    lock = _lock(file.with_name(f"{file.name}.opening"))
    deadline = time.monotonic() + _WAIT_SECONDS
    while not _try(lock):
        if time.monotonic() > deadline:
            raise errors.StoreError(
                "Another localchat is busy with the chats.", "Wait until it is done, or close it."
            )
        time.sleep(_STEP_SECONDS)
    try:
        yield
    finally:
        lock.release()


def bury(file: Path) -> tuple[int, int]:
    """Remove the locks that the dead left; within `alone`. Count the living and the dead."""
    living = dead = 0
    for path in folder(file).glob("*"):
        lock = _lock(path)
        if _try(lock):
            dead += 1
            lock.release()
            path.unlink(missing_ok=True)
        else:
            living += 1
    return living, dead


def folder(file: Path) -> Path:
    """Name the folder of the locks beside a database."""
    return file.with_name(f"{file.name}.open")


def _made(place: Path) -> Path:
    try:
        return paths.private_folder(place)
    except OSError as error:
        raise errors.StoreError(
            f"The chats cannot be kept: {error.strerror}.", f"They would be in {place}."
        ) from error


def _lock(path: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(path, mode=0o600, thread_local=False)


def _try(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    except NotImplementedError:
        # A file system without locks: whoever uses it from two programs at once goes without.
        return True
    except OSError as error:
        raise errors.StoreError(
            f"The chats cannot be locked: {error.strerror or error}.",
            f"The lock is {lock.lock_file}.",
        ) from error
    return True
