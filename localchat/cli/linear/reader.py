"""Reads what the user writes: a line, or several between triple quotes; from a terminal or a pipe.

On a terminal the line can be edited and earlier ones come back, where the system has readline.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final, TextIO

from localchat.cli.linear.speaker import YOU, Speaker
from localchat.ui.prompt_history import PromptHistory

_QUOTES: Final = '"""'
_MOST_HISTORY = 200


class LineReader:
    """Asks for lines, one after the other."""

    def __init__(
        self, stdin: TextIO, speaker: Speaker, history: PromptHistory, words: Sequence[str]
    ) -> None:
        """`words` are what Tab completes after a slash."""
        self._stdin = stdin
        self._speaker = speaker
        self._history = history
        self.is_terminal = stdin.isatty()
        self._readline = _readline() if self.is_terminal else None
        if self._readline is not None:
            _prepare(self._readline, history, words)

    def message(self) -> str | None:
        """Read a message; None at the end of the input."""
        text = self.line(YOU)
        if text is None or not text.lstrip().startswith(_QUOTES):
            return text
        lines = [text.lstrip().removeprefix(_QUOTES)]
        while not lines[-1].rstrip().endswith(_QUOTES):
            more = self.line("")
            if more is None:
                break
            lines.append(more)
        return "\n".join(lines).rstrip().removesuffix(_QUOTES).strip("\n")

    def line(self, mark: str) -> str | None:
        """Read one line after a mark; None at the end of the input."""
        self._speaker.end()
        if self.is_terminal:
            try:
                return _decoded(input(mark))
            except EOFError:
                self._speaker.block("")
                return None
        text = self._stdin.readline()
        if not text:
            return None
        # Nobody sees what comes through a pipe, unless it is repeated.
        self._speaker.block(f"{mark}{text}")
        return _decoded(text.rstrip("\r\n"))

    def remember(self, text: str) -> None:
        """Keep a message that was sent."""
        self._history.add(text)


def _decoded(text: str) -> str:
    # What the terminal could not decode must not reach the model as half a character.
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:
        return None
    return readline


def _prepare(readline: ModuleType, history: PromptHistory, words: Sequence[str]) -> None:
    def complete(text: str, state: int) -> str | None:
        fitting = [word for word in words if text and word.startswith(text)]
        return fitting[state] if state < len(fitting) else None

    with contextlib.suppress(AttributeError, ValueError, OSError):
        readline.set_completer(complete)
        readline.set_completer_delims(" \t\n")
        readline.parse_and_bind("tab: complete")
        # No bell, no colors, no screen: what is written stays a line.
        for setting in ("bell-style none", "colored-stats off", "page-completions off"):
            readline.parse_and_bind(f"set {setting}")
        if os.environ.get("TERM") == "dumb" or sys.platform == "darwin":
            readline.parse_and_bind("set enable-bracketed-paste off")
        for text in history.entries[-_MOST_HISTORY:]:
            if "\n" not in text:
                readline.add_history(text)
