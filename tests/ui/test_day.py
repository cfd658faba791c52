"""A day with localchat in a real terminal, with the real engine: nothing that was written is lost.

Chat, stop, continue, edit, versions, fork, search, attach, persona, another model, export, quit,
and go on the next morning; in a small terminal and in a large one.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import architectures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pty"),
]

if sys.platform != "win32":
    from tests.ui.terminal import Terminal, python

_ESC, _TAB, _UP, _LEFT, _HOME = "\x1b", "\t", "\x1b[A", "\x1b[D", "\x1b[H"
_CTRL = {letter: chr(ord(letter) - 96) for letter in "lnoq"}
# In bytes: the characters of a text are counted up to the first NUL, and noise may have one.
_ANSWERS = """
    SELECT message.id, ending, coalesce(sum(length(CAST(part.text AS BLOB))), 0), is_streaming
    FROM message LEFT JOIN part ON part.message_id = message.id
    WHERE role = 'assistant' GROUP BY message.id ORDER BY message.number
"""


class Day:
    """What a person does, step by step, each seen to be done before the next."""

    def __init__(self, terminal: "Terminal", home: Path, noise: Path) -> None:
        self.terminal = terminal
        self.home = home
        self.noise = noise
        self.sent: list[str] = []

    def say(self, text: str) -> None:
        """Send a message, and wait until its answer has come to its end."""
        with self._answered("stopped by itself"):
            self.terminal.type(f"{text}\r")
            self.sent.append(text)
            self.terminal.shows(f"▌ {text}"[:60])

    def open_file(self, path: Path) -> None:
        """Change the model."""
        self.terminal.type(_CTRL["l"])
        self.terminal.shows("Search")
        self.terminal.type("o")
        self.terminal.shows("Path of")
        self.terminal.type(f"{path}\r")
        self.terminal.shows("Message")

    def morning(self) -> None:
        """The built-in model answers; what was asked is asked otherwise, as another version."""
        terminal = self.terminal
        terminal.shows("built in")
        terminal.type("\r")
        terminal.shows("ready in")
        self.say("What is Q4_K_S?")
        self.say("Is it slow?")
        self._choose_question()
        terminal.type("e")
        terminal.shows("Editing")
        with self._answered("stopped by itself"):
            # As people do, who see that the old text is gone before they write the new one.
            terminal.type("\x01\x0b")
            terminal.hides("Is it slow?")
            terminal.type("Does it work offline?")
            terminal.shows("Does it work offline?")
            terminal.type("\r")
            self.sent.append("Does it work offline?")
            terminal.shows("2/2")
        self._choose_question()
        terminal.type(_LEFT)
        terminal.shows("1/2", "Is it slow?")
        terminal.type("f")
        terminal.shows("of its own")

    def noon(self) -> None:
        """A model that never ends is stopped, goes on, and is stopped again."""
        terminal = self.terminal
        self.open_file(self.noise)
        terminal.type(_CTRL["n"])
        terminal.shows("localchat  New chat")
        with self._answered("stopped by you"):
            terminal.type("Tell me everything\r")
            self.sent.append("Tell me everything")
            terminal.shows("▌ Tell me everything")
            self._stop()
        with self._answered("stopped by you"):
            terminal.type("/continue\r")
            self._stop()
        terminal.type(_CTRL["l"])
        terminal.shows("Search")
        terminal.type(_HOME)
        terminal.wait(0.5)
        terminal.type("\r")
        terminal.shows("Message", "Guide · CPU")

    def afternoon(self, notes: Path) -> None:
        """A file goes with a question, a persona answers, an old chat is found."""
        terminal = self.terminal
        terminal.type(_CTRL["n"])
        terminal.shows("localchat  New chat")
        terminal.type(f"/attach {notes}\r")
        terminal.shows(f"{notes.name}, ")
        self.say("What is a context?")
        terminal.type("/persona Concise\r")
        terminal.shows("Concise answers")
        self.say("What is a KV cache?")
        terminal.type(f"/export {self.home / 'day.md'}\r")
        terminal.shows("is written into")
        terminal.type(_CTRL["o"])
        terminal.shows("Search every chat")
        terminal.type("/everything")
        terminal.shows("found, the newest")
        terminal.type("\r")
        terminal.shows("localchat  Tell me everything")

    def _choose_question(self) -> None:
        # Only of an answer that is chosen its seed is told.
        self.terminal.type(_TAB)
        self.terminal.shows("seed ")
        self.terminal.type(_UP)
        self.terminal.hides("seed ")

    def _stop(self) -> None:
        self.terminal.shows("● answering")
        self.terminal.wait(0.5)
        self.terminal.type(_ESC)

    @contextlib.contextmanager
    def _answered(self, words: str) -> Iterator[None]:
        """Wait for the end of the answer that comes from what is done here.

        It is looked for among what is kept: on screen, an earlier answer's end looks the same.
        """
        before = self._endings()
        yield
        self.terminal.until(lambda: self._endings() not in (before, None))
        self.terminal.shows("● ready", words)

    def _endings(self) -> list[tuple[str, str, int]] | None:
        """Every answer that has an end, and how long it is; None while one is under way."""
        file = self.home / "chats.db"
        if not file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as kept:
            rows: list[tuple[str, str, int, int]] = kept.execute(_ANSWERS).fetchall()
        if any(is_streaming for _, _, _, is_streaming in rows):
            return None
        return [(id, ending, length) for id, ending, length, _ in rows]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_a_day_loses_nothing(tmp_path: Path, home: Path, columns: int, rows: int) -> None:
    """Every message is kept, exported and found; `--continue` goes on where it ended."""
    noise, notes = tmp_path / "noise.gguf", tmp_path / "notes.txt"
    architectures.write(noise, "llama", architectures.CLASSES["llama"].tiny, "Q8_0", "Q8_0")
    notes.write_text("A context is what the model sees.\n")
    with Terminal(python("-m", "localchat"), columns, rows) as terminal:
        day = Day(terminal, home, noise)
        day.morning()
        day.noon()
        day.afternoon(notes)
        terminal.type(_CTRL["q"])
        assert 0 == terminal.ends()

    kept = sqlite3.connect(home / "chats.db")
    assert [("ok",)] == kept.execute("PRAGMA integrity_check").fetchall()
    texts = {text for (text,) in kept.execute("SELECT text FROM part WHERE kind = 'text'")}
    assert set() == set(day.sent) - texts, sorted(texts)
    assert "What is a KV cache?" in (home / "day.md").read_text("utf-8")
    assert os.stat(home / "chats.db").st_mode & 0o077 == 0

    with Terminal(python("-m", "localchat", "--continue"), columns, rows) as terminal:
        terminal.shows("What is a KV cache?", "● ready")
        Day(terminal, home, noise).say("What is mlock?")
        terminal.type(_CTRL["q"])
        assert 0 == terminal.ends()
