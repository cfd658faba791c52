"""What was sent before, kept over sessions: the newest thousand messages in a private file.

One JSON string a line, appended, so that two sessions at once lose nothing of each other. Knows
nothing of widgets. History is a comfort: a file that cannot be read or written is not an error.
"""

import contextlib
import json
import os
from pathlib import Path

from localchat import paths

MOST_ENTRIES = 1000
_MOST_CHARACTERS = 20_000
"""Longer messages are not worth their place: nobody sends them twice."""
_ROOM_ENTRIES = 200
"""How far the file may grow beyond the newest thousand before it is written anew."""
_MOST_BYTES = 16 << 20


class PromptHistory:
    """The messages sent, oldest first; without a file it forgets them at the end."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._entries: list[str] | None = None

    @property
    def entries(self) -> tuple[str, ...]:
        """The messages sent, oldest first; the file is read when they are first asked for."""
        return tuple(self._known())

    def add(self, text: str) -> None:
        """Remember a message, unless it is the last one again."""
        known = self._known()
        if not text.strip() or len(text) > _MOST_CHARACTERS or known[-1:] == [text]:
            return
        known.append(text)
        del known[:-MOST_ENTRIES]
        if self._file is not None:
            with contextlib.suppress(OSError):
                _append(self._file, text)

    def _known(self) -> list[str]:
        if self._entries is None:
            self._entries = _read(self._file) if self._file is not None else []
        return self._entries


def _read(file: Path) -> list[str]:
    try:
        with file.open("rb") as handle:
            lines = handle.read(_MOST_BYTES).splitlines()
    except OSError:
        return []
    entries = [text for line in lines if (text := _entry(line))]
    # Two sessions may have added the same message after each other.
    entries = [
        text for text, before in zip(entries, ["", *entries], strict=False) if text != before
    ]
    kept = entries[-MOST_ENTRIES:]
    if len(lines) > MOST_ENTRIES + _ROOM_ENTRIES:
        with contextlib.suppress(OSError):
            paths.write_atomically(file, "".join(_line(text) for text in kept))
    return kept


def _entry(line: bytes) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""


def _append(file: Path, text: str) -> None:
    paths.private_folder(file.parent)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(_line(text).encode())


def _line(text: str) -> str:
    # ASCII, so that a lone surrogate can be written too, and no line break is within a line.
    return json.dumps(text) + "\n"


class Recall:
    """One walk through the history, which comes back to what was being written."""

    def __init__(self, history: PromptHistory) -> None:
        self._history = history
        self._entries: tuple[str, ...] = ()
        self._at: int | None = None
        """The entry that is shown; None while it is the reader's own text."""
        self._own = ""

    def earlier(self, shown: str) -> str | None:
        """Give the entry before the one shown; None at the oldest."""
        if self._at is None:
            self._entries = self._history.entries
            at, self._own = len(self._entries), shown
        else:
            at = self._at
            self._keep_changes(shown)
        if at == 0:
            return None
        self._at = at - 1
        return self._entries[self._at]

    def later(self, shown: str) -> str | None:
        """Give the entry after the one shown, at the end the reader's own text; None beyond."""
        if self._at is None:
            return None
        self._keep_changes(shown)
        self._at += 1
        if self._at < len(self._entries):
            return self._entries[self._at]
        self._at = None
        return self._own

    def end(self) -> None:
        """Forget the walk: what is shown is the reader's own text."""
        self._at = None

    def _keep_changes(self, shown: str) -> None:
        # An entry that was changed is a text of the reader's own now.
        if self._at is not None and shown != self._entries[self._at]:
            self._own = shown
