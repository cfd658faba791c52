"""A day with localchat in a real terminal, with the real engine: nothing that was written is lost.

Chat, stop, continue, edit, versions, fork, search, attach, persona, another model, export, quit,
and go on the next morning; in a small terminal and in a large one.
"""

import os
import sqlite3
import sys
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


class Day:
    """What a person does, step by step, each seen to be done before the next."""

    def __init__(self, terminal: "Terminal", home: Path, noise: Path) -> None:
        self.terminal = terminal
        self.home = home
        self.noise = noise
        self.sent: list[str] = []

    def say(self, text: str, until: str = "stopped by itself") -> None:
        """Send a message, and wait for what ends its answer."""
        self.terminal.type(f"{text}\r")
        self.sent.append(text)
        self.terminal.shows(f"▌ {text}"[:60])
        self._ended(until)

    def open_file(self, path: Path) -> None:
        """Change the model."""
        self.terminal.type(_CTRL["l"])
        self.terminal.shows("Search")
        self.terminal.type("o")
        self.terminal.shows("Path of")
        self.terminal.type(f"{path}\r")
        self.terminal.shows("Message", 60)

    def morning(self) -> None:
        """The built-in model answers; what was asked is asked otherwise, as another version."""
        terminal = self.terminal
        terminal.shows("built in", 60)
        terminal.type("\r")
        terminal.shows("ready in", 60)
        self.say("What is Q4_K_S?")
        self.say("Is it slow?")
        self._choose_question()
        terminal.type("e")
        terminal.shows("Editing")
        for keys in ("\x01", "\x0b", "Does it work offline?", "\r"):
            # As fingers do: a burst is typed before its first key is obeyed.
            terminal.wait(0.5)
            terminal.type(keys)
        self.sent.append("Does it work offline?")
        terminal.shows("2/2")
        self._ended("stopped by itself")
        self._choose_question()
        terminal.type(_LEFT)
        terminal.shows("1/2")
        terminal.shows("Is it slow?")
        terminal.type("f")
        terminal.shows("of its own")

    def noon(self) -> None:
        """A model that never ends is stopped, goes on, and is stopped again."""
        terminal = self.terminal
        self.open_file(self.noise)
        terminal.type(_CTRL["n"])
        terminal.shows("localchat  New chat")
        terminal.type("Tell me everything\r")
        self.sent.append("Tell me everything")
        terminal.shows("▌ Tell me everything")
        terminal.shows("● answering", 60)
        terminal.wait(0.5)
        terminal.type(_ESC)
        self._ended("stopped by you")
        terminal.type("/continue\r")
        terminal.shows("● answering")
        terminal.wait(0.5)
        terminal.type(_ESC)
        self._ended("stopped by you")
        terminal.type(_CTRL["l"])
        terminal.shows("Search")
        terminal.type(_HOME)
        terminal.wait(0.5)
        terminal.type("\r")
        terminal.shows("Message", 60)
        terminal.shows("Guide · CPU", 60)

    def afternoon(self, notes: Path) -> None:
        """A file goes with a question, a persona answers, an old chat is found."""
        terminal = self.terminal
        terminal.type(_CTRL["n"])
        terminal.shows("localchat  New chat")
        terminal.type(f"/attach {notes}\r")
        terminal.shows(notes.name)
        self.say("What is a context?")
        terminal.type("/persona Concise\r")
        terminal.shows("Concise answers")
        self.say("What is a KV cache?")
        terminal.type(f"/export {self.home / 'day.md'}\r")
        terminal.shows("is written into")
        terminal.type(_CTRL["o"])
        terminal.shows("Search every chat")
        terminal.type("/everything")
        terminal.shows("found")
        terminal.type("\r")
        terminal.shows("Tell me everything")

    def _choose_question(self) -> None:
        self.terminal.type(_TAB)
        self.terminal.shows("Regenerate")
        self.terminal.type(_UP)
        self.terminal.wait(0.5)

    def _ended(self, words: str) -> None:
        # What stands there of an earlier answer must not be taken for this one's end.
        self.terminal.wait(1.5)
        self.terminal.shows("● ready", 60)
        self.terminal.shows(words, 60)


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
        terminal.shows("What is a KV cache?", 60)
        Day(terminal, home, noise).say("What is mlock?")
        terminal.type(_CTRL["q"])
        assert 0 == terminal.ends()
