"""The interface in a real terminal: typing, leaving, and what is left behind."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

if sys.platform != "win32":
    from tests.ui.terminal import PATIENCE_SECONDS, Terminal, python

_RESTORED = ("?1049l", "?1000l", "?1003l", "?1006l", "?2004l", "?25h")


def _program(home: Path, **script: Any) -> tuple[str, ...]:
    home.mkdir(exist_ok=True)
    return python("-m", "tests.ui.small_program", str(home), json.dumps(script))


def _answering(terminal: "Terminal") -> list[psutil.Process]:
    """Go to the middle of an answer; gives the processes that belong to the program."""
    terminal.shows("Mistral 7B")
    terminal.type("\r")
    terminal.shows("ready in")
    terminal.type("Hello there\r")
    terminal.shows("word word")
    return psutil.Process(terminal.process.pid).children(recursive=True)


def _leave_nothing_behind(terminal: "Terminal", children: list[psutil.Process]) -> None:
    tail = terminal.raw[-2000:].decode(errors="replace")
    assert [mode for mode in _RESTORED if f"\x1b[{mode}" not in tail] == []
    assert len(children) == 1
    assert [child.pid for child in psutil.wait_procs(children, timeout=60)[1]] == []


@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "keys"])
def test_leaving_restores_the_terminal(home: Path, how: str) -> None:
    """However it ends, in the middle of an answer: modes are reset, and no process is left."""
    with Terminal(_program(home, answers=["word " * 5000], rate=50)) as terminal:
        children = _answering(terminal)
        if how == "keys":
            terminal.type("\x11")
        else:
            os.kill(terminal.process.pid, signal.Signals[how])
        code = terminal.ends()

        assert code == (0 if how == "keys" else 128 + signal.Signals[how])
        _leave_nothing_behind(terminal, children)


@pytest.mark.parametrize("controls", [True, False], ids=["signalled", "silent"])
def test_a_terminal_that_is_gone_ends_it(home: Path, *, controls: bool) -> None:
    """In the middle of an answer: what was said so far is kept, and no process is left."""
    program = _program(home, answers=["word " * 20_000], rate=500)
    with Terminal(program, controls=controls) as terminal:
        children = _answering(terminal)
        terminal.close()
        code = terminal.process.wait(PATIENCE_SECONDS)

    assert code == 128 + signal.SIGHUP
    assert [child.pid for child in psutil.wait_procs(children, timeout=60)[1]] == []
    with contextlib.closing(sqlite3.connect(home / "chats.db")) as kept:
        said = kept.execute("SELECT role, ending, text FROM message JOIN part ON id = message_id")
        (question, answer) = said.fetchall()
    assert question == ("user", "", "Hello there")
    assert answer[:2] == ("assistant", "cancelled")
    assert answer[2].startswith("word word")


def test_fast_typing_loses_nothing(home: Path) -> None:
    """What arrives in one burst is sent and typed in its order."""
    with Terminal(_program(home, answers=["Here you are."], rate=40)) as terminal:
        terminal.shows("Mistral 7B")
        terminal.type("\r")
        terminal.shows("ready in")
        terminal.type("first message\rsecond\nline")
        terminal.shows("▌ first message", "Here you are.", "│ second", "│ line")


def test_hostile_answer_is_only_text(home: Path) -> None:
    """Escape sequences in an answer, a model's name and a crash log do not reach the terminal."""
    hostile = "\x1b]52;c;aGVsbG8=\x07 \x1b]0;owned\x07 \x1bP1$q\x1b\\ \x9b31m &#27;]0;x&#7; end"
    script = {"answers": [hostile], "name": f"model {hostile}"}
    with Terminal(_program(home, **script)) as terminal:
        terminal.shows("Mistral 7B")
        terminal.type("\r")
        terminal.shows("ready in")
        terminal.type("Hello\r")
        terminal.shows("stopped by itself")
        terminal.type("\x11")
        terminal.ends()

    # Textual's own: the shape of the mouse pointer.
    sent = terminal.raw.decode(errors="replace").replace("\x1b]22;default\x07", "")
    assert "␛]52;c;aGVsbG8=␇" in sent
    for forbidden in ("\x1b]52", "\x1b]0;owned", "\x1b]0;x", "\x1bP1$q", "\x9b", "\x07"):
        assert forbidden not in sent


def test_without_a_terminal_there_is_one_sentence(home: Path) -> None:
    """Piped, it says so in one line and ends with the code of a usage error."""
    done = subprocess.run(
        _program(home), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("localchat: The chat screen needs a terminal")
    assert "\x1b" not in done.stderr


def test_dumb_terminal_is_refused(home: Path) -> None:
    """TERM=dumb gets the same, and no escape sequence."""
    command = ("/usr/bin/env", "TERM=dumb", *_program(home))
    with Terminal(command) as terminal:
        assert terminal.ends() == 2

        assert "TERM=dumb" in terminal.text
        assert b"\x1b" not in terminal.raw
