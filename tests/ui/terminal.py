"""A real terminal for tests: a program in a pty, its screen interpreted, its bytes kept."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import pyte

PATIENCE_SECONDS = 120.0
"""How long a test waits for what must come: a guard against hanging, also on a slow machine."""


class Terminal:
    """A program with a terminal of its own."""

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 100,
        rows: int = 30,
        *,
        controls: bool = False,
    ) -> None:
        """`controls`: the kernel signals the program when the terminal is closed."""
        self.raw = b""
        """Everything that the program wrote."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._controller, device = pty.openpty()
        fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            command,
            stdin=device,
            stdout=device,
            stderr=device,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_control if controls else None,
        )
        os.close(device)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Take the terminal away, as a window that is closed or a connection that is lost."""
        if self._controller >= 0:
            os.close(self._controller)
            self._controller = -1

    @property
    def text(self) -> str:
        """What a person would see."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def type(self, keys: str) -> None:
        """Send what a keyboard would."""
        os.write(self._controller, keys.encode())

    def shows(self, *texts: str) -> None:
        """Read until these texts are on screen, all at once."""
        self.until(lambda: all(text in self.text for text in texts))

    def hides(self, text: str) -> None:
        """Read until this text is not on screen."""
        self.until(lambda: text not in self.text)

    def until(self, condition: Callable[[], bool]) -> None:
        """Read until something is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.text
            self._read(0.1)

    def wait(self, seconds: float) -> None:
        """Let time pass, and take what the program writes."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def ends(self) -> int:
        """Read until the program ends, and return its exit code."""
        self.until(lambda: self.process.poll() is not None)
        while self._read(0.05):
            pass
        return self.process.wait()

    def _read(self, seconds: float) -> bool:
        if not select.select([self._controller], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self._controller, 65536)
        except OSError:
            return False
        self.raw += piece
        # pyte does not know private CSI sequences with "<" or ">", such as the keyboard protocol's.
        self._stream.feed(piece.replace(b"\x1b[<", b"\x1b[?").replace(b"\x1b[>", b"\x1b[?"))
        return bool(piece)


def _take_control() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def python(*arguments: str) -> tuple[str, ...]:
    """The command that runs this Python."""
    return (sys.executable, *arguments)
