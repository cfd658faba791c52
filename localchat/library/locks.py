"""One writer for each blob: a lock between processes, the same that huggingface_hub takes.

A process that dies loses its lock. Where a file system knows no locks, a file stands for one, and
stays behind when its owner is killed.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock


@contextlib.contextmanager
def held(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock; `wait` is called between attempts, and may raise to give up.

    Raises OSError when the lock file cannot be made.
    """
    # Group-writable, as users who share a cache wait for each other.
    lock: filelock.BaseFileLock = filelock.FileLock(path, mode=0o664)
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except filelock.Timeout:
            wait()
        except NotImplementedError:
            lock = filelock.SoftFileLock(path, mode=0o664)
    try:
        yield
    finally:
        lock.release()
