"""Says whole lines and sentences: no boxes, no colors, nothing that is taken back.

Everything is made safe here, whoever wrote it.
"""

import re
import threading
from typing import Final, TextIO

from localchat import sanitize
from localchat.cli import console

YOU: Final = "You: "
MODEL: Final = "Model: "

# Up to the last place where a reader may pause: a line, or a sentence that is over.
_WHOLE = re.compile(r".*(?:\n|[.!?…:;][)\]\"'”’»*_`]*\s|[。！？：；])", re.DOTALL)
_MOST_WAITING = 400
"""Characters of a sentence that never ends; then a word is the place to pause."""


class Sentences:
    """Collects pieces of a text and gives them on sentence by sentence."""

    def __init__(self) -> None:
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """Take a piece, and give what is whole by now.

        >>> words = Sentences()
        >>> words.feed("One. Tw"), words.feed("o. Three"), words.close()
        ('One. ', 'Two. ', 'Three')
        """
        text = self._waiting + piece
        match = _WHOLE.match(text)
        end = match.end() if match else 0
        if not end and len(text) > _MOST_WAITING:
            end = text.rfind(" ") + 1 or len(text)
        self._waiting = text[end:]
        return text[:end]

    def close(self) -> str:
        """Give the rest."""
        rest, self._waiting = self._waiting, ""
        return rest


class Speaker:
    """Writes to one stream, from several threads, and keeps lines apart."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._is_open = False

    def say(self, *sentences: str) -> None:
        """Write sentences as a line of their own; empty ones are left out."""
        line = " ".join(sanitize.line(each, 2000) for each in sentences if each)
        if line:
            self.block(line)

    def block(self, text: str) -> None:
        """Write a text of several lines, from the beginning of a line on."""
        self.end()
        self._write(f"{text.removesuffix(chr(10))}\n")

    def piece(self, text: str) -> None:
        """Write a part of a text that goes on."""
        if text:
            self._write(text)
            self._is_open = not text.endswith("\n")

    def end(self) -> None:
        """End the line, if one is open."""
        if self._is_open:
            self._is_open = False
            self._write("\n")

    def _write(self, text: str) -> None:
        with self._lock:
            console.write(self._out, sanitize.text(text))
