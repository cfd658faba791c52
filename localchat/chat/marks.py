"""Which model answered: its name, its quantization, and the hash of its file.

A file in the Hub's cache is named by its hash. Any other is hashed once, in a thread of its own
that waits while somebody is answered; until then the hash is empty. Knows no engine.
"""

import asyncio
import hashlib
import threading
from pathlib import Path

from localchat import errors
from localchat.chat.messages import ModelMark
from localchat.library import disk
from localchat.library.entries import StoredFile
from localchat.library.memory import Memory
from localchat.models import gguf

_CHUNK_BYTES = 4 << 20
SMALL_BYTES = 64 << 20
"""Hashed at once: it takes a moment only."""

_State = tuple[Path, int, int]
"""A file as it is now: its path, size and time of change."""


class Marks:
    """What is known of model files."""

    def __init__(self, hashes_file: Path | None) -> None:
        """Hashes are remembered in a file; without one, large models have none."""
        self._memory = Memory(hashes_file)
        self._remembers = hashes_file is not None
        self._lock = threading.Lock()
        self._quants: dict[_State, str] = {}
        self._due: dict[_State, StoredFile] = {}
        self._may_work = threading.Event()
        self._may_work.set()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    async def mark(self, path: Path, name: str) -> ModelMark:
        """Describe the model that was loaded from a file, by what is known of it now."""
        return await asyncio.to_thread(self._look, path, name)

    def pause(self) -> None:
        """Leave the processor to an answer."""
        self._may_work.clear()

    def go_on(self) -> None:
        """Hash what is waiting for it."""
        self._may_work.set()
        with self._lock:
            is_idle = self._thread is None or not self._thread.is_alive()
            if self._due and is_idle and not self._is_closed:
                # A daemon: leaving the program does not wait for gigabytes.
                self._thread = threading.Thread(target=self._work, name="hashes", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop hashing."""
        self._is_closed = True
        self._may_work.set()

    def _look(self, path: Path, name: str) -> ModelMark:
        file = disk.stored(path)
        if file is None:
            return ModelMark(name, file_name=path.name)
        state = _state(file)
        with self._lock:
            if state not in self._quants:
                self._quants[state] = _quant(path)
            sha256 = file.sha256 or self._memory.fingerprint((file,))
            if self._remembers and not sha256 and file.size_bytes > SMALL_BYTES:
                self._due.setdefault(state, file)
        if not sha256 and file.size_bytes <= SMALL_BYTES:
            sha256 = self._hash(file)
        return ModelMark(name, self._quants[state], sha256, path.name)

    def _work(self) -> None:
        while not self._is_closed:
            with self._lock:
                if not self._due:
                    return
                state, file = next(iter(self._due.items()))
            self._hash(file, waits=True)
            with self._lock:
                del self._due[state]

    def _hash(self, file: StoredFile, *, waits: bool = False) -> str:
        """Hash a file's content and remember it; empty when it cannot be read."""
        digest = hashlib.sha256()
        try:
            with file.path.open("rb") as handle:
                while chunk := handle.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    if waits:
                        self._may_work.wait()
                    if self._is_closed:
                        return ""
        except OSError:
            return ""
        now = disk.stored(file.path)
        if now is None or _state(now) != _state(file):
            return ""
        with self._lock:
            self._memory.keep_fingerprint((file,), digest.hexdigest())
            self._memory.save()
        return digest.hexdigest()


def _state(file: StoredFile) -> _State:
    return file.path, file.size_bytes, file.changed_nanoseconds


def _quant(path: Path) -> str:
    try:
        return gguf.read_header(path).quant
    except (errors.LocalchatError, OSError):
        return ""
