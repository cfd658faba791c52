"""What llama.cpp says: it goes to fd 2, and the last of it is also kept.

A failed load returns a null pointer and no reason; the reason is only in the log. Its notes to its
own developers, hundreds for every context, are dropped, but for those that tell where layers lie.
"""

import collections
import ctypes
import os

from llama_cpp import llama_cpp

_KEPT_LINES = 2000
_DEBUG, _CONTINUED = 1, 5
"""Levels of ggml's log."""
_TELLING = b": layer "


class NativeLog:
    """Catches llama.cpp's and ggml's log lines from the moment of `install`."""

    def __init__(self) -> None:
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._open = ""
        self._is_dropped = False
        # Kept here, since llama.cpp holds only the address.
        self._callback = llama_cpp.llama_log_callback(self._take)

    def install(self) -> None:
        """Take the log from now on."""
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))

    def clear(self) -> None:
        """Forget the lines so far."""
        self._lines.clear()

    def lines(self) -> tuple[str, ...]:
        """Return every line since the last `clear`, oldest first."""
        return tuple(self._lines)

    def _take(self, level: int, raw: bytes, _: ctypes.c_void_p) -> None:
        if level != _CONTINUED:
            self._is_dropped = level == _DEBUG and _TELLING not in raw
        if self._is_dropped:
            return
        os.write(2, raw)
        self._open += raw.decode("utf-8", errors="replace")
        *whole, self._open = self._open.split("\n")
        self._lines.extend(line for line in whole if line.strip())
