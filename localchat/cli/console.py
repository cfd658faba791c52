"""Where the words of `localchat run` go: the answer to stdout, everything else to stderr.

A terminal gets text made safe, and a line of progress that is wiped away; a pipe or a file gets
the answer as it is and no control characters of ours.
"""

import os
from typing import TextIO

from localchat import errors, sanitize
from localchat.cli import cells

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


def write(out: TextIO, text: str) -> None:
    """Write text at once.

    Raises BrokenPipeError when the reader has left, LocalchatError when there is no room.
    """
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise errors.LocalchatError(f"The output cannot be written: {error.strerror}.") from error


class Console:
    """The two streams, and what must be closed or wiped before the next word."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._out_is_terminal = out.isatty()
        self.err_is_terminal = err.isatty()
        self._dims = self.err_is_terminal and not os.environ.get("NO_COLOR") and os.name != "nt"
        self._status_width = 0
        self._open_answer = False
        self._open_thought = False

    def status(self, text: str) -> None:
        """Show what is going on, in place of what was going on; on a terminal only."""
        if not self.err_is_terminal:
            return
        line = cells.cut(text, 78)
        width = cells.width(line)
        self._err.write("\r" + line + " " * (self._status_width - width))
        self._err.flush()
        self._status_width = width

    def answer(self, text: str) -> None:
        """Write a piece of the answer."""
        self._wipe()
        self._end_thought()
        shown = sanitize.text(text) if self._out_is_terminal else text
        write(self._out, shown)
        if text:
            self._open_answer = not text.endswith("\n")

    def thought(self, text: str) -> None:
        """Write a piece of what the model thinks."""
        self._wipe()
        if not self._open_thought and self._dims:
            self._err.write(_DIM)
        self._err.write(sanitize.text(text) if self.err_is_terminal else text)
        self._err.flush()
        self._open_thought = True

    def note(self, text: str) -> None:
        """Write a line for the user."""
        self.end()
        self._err.write(sanitize.line(text, 1000) + "\n")
        self._err.flush()

    def block(self, text: str) -> None:
        """Write several lines for the user as they are, made safe on a terminal."""
        self.end()
        self._err.write((sanitize.text(text) if self.err_is_terminal else text) + "\n")
        self._err.flush()

    def result(self, text: str) -> None:
        """Write the one line that is the result on stdout."""
        self.end()
        write(self._out, text + "\n")

    def end(self) -> None:
        """Close what is open, so that the next word stands on a line of its own."""
        self._wipe()
        self._end_thought()
        if self._open_answer:
            self._open_answer = False
            write(self._out, "\n")

    def _end_thought(self) -> None:
        if self._open_thought:
            self._open_thought = False
            self._err.write((_PLAIN if self._dims else "") + "\n")
            self._err.flush()

    def _wipe(self) -> None:
        if self._status_width:
            self._err.write("\r" + " " * self._status_width + "\r")
            self._err.flush()
            self._status_width = 0
