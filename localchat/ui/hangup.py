"""A terminal that goes away: a window that is closed, a connection that is lost.

The kernel tells the program with SIGHUP, but only where the terminal controls it. In both cases
Textual reads the end of its input again and again with a whole core, and its thread that writes
dies of the first error, after which the app waits for it forever.
"""

import asyncio
import os
from collections.abc import Callable
from typing import TextIO

from textual.driver import Driver

_SECONDS = 1.0
_STREAMS = (0, 1, 2)


class _Patient:
    """A file that takes everything, also when the terminal behind it is gone."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write what can be written."""
        try:
            return self._file.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Write what waits, where that is possible."""
        try:
            self._file.flush()
        except OSError:
            # Kept in the buffer for the null device; see `_let_go`.
            return

    def fileno(self) -> int:
        """The file descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether there is a terminal still."""
        return self._file.isatty()


def patient(kind: type[Driver]) -> type[Driver]:
    """Make of a driver of Textual one that outlives its terminal."""

    class PatientDriver(kind):  # type: ignore[valid-type,misc]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            if file := getattr(self, "_file", None):
                self._file = _Patient(file)

    return PatientDriver


async def watch(leave: Callable[[], None]) -> None:
    """Wait until the terminal is gone, and call this then."""
    ours = [stream for stream in _STREAMS if os.isatty(stream)]
    # What hangs up is no terminal any more, on every system.
    while all(os.isatty(stream) for stream in ours):
        await asyncio.sleep(_SECONDS)
    _let_go(ours)
    leave()


def _let_go(streams: list[int]) -> None:
    """Let whatever is said from now on, also by libraries, go nowhere instead of failing."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)
