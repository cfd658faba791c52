"""The prompt in a real terminal: the editor, keys as terminals send them, and the clipboard."""

import base64
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

if sys.platform != "win32":
    from tests.ui.terminal import Terminal, python

_SCRIPT = """#!/bin/sh
echo "the editor has the terminal: $1"
cp "$2" {folder}/given
cp {folder}/ticks {folder}/before
while cmp -s {folder}/before {folder}/ticks; do sleep 0.1; done
printf '{written}' > "$2"
exit {code}
"""


def _program(folder: Path) -> tuple[str, ...]:
    return python("-m", "tests.ui.prompt_program", str(folder))


def _editor(folder: Path, monkeypatch: pytest.MonkeyPatch, written: str, code: int = 0) -> None:
    script = folder / "scribe"
    script.write_text(_SCRIPT.format(folder=folder, written=written, code=code))
    script.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"{script} --wait")


def test_editor_gets_the_text_and_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+G hands text and terminal to the editor with its arguments, while the app goes on."""
    _editor(tmp_path, monkeypatch, written=r"edited\ntext\n")
    with Terminal(_program(tmp_path)) as terminal:
        terminal.shows("Enter sends")
        terminal.type("first\nlines")
        terminal.shows("lines")
        terminal.type("\x07")
        # The editor ends once the clock of the app has gone on.
        terminal.shows("the editor has the terminal: --wait")
        terminal.shows("edited")
        terminal.type(" more\r")
        terminal.shows(r"sent 'edited\ntext more'")

    assert (tmp_path / "given").read_text() == "first\nlines"


def test_editor_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that ends with an error, and one that is not there, are told in a sentence."""
    _editor(tmp_path, monkeypatch, written="rubbish", code=3)
    with Terminal(_program(tmp_path)) as terminal:
        terminal.shows("Enter sends")
        terminal.type("mine\x07")
        terminal.shows("scribe ended with code 3")
        terminal.shows("│ mine")
        (tmp_path / "scribe").unlink()
        terminal.type("\x07")
        terminal.shows("$VISUAL names no program")


def test_keys_for_a_new_line(tmp_path: Path) -> None:
    """Ctrl+J, Alt+Enter, and Shift+Enter in both newer protocols begin a line; Enter sends."""
    with Terminal(_program(tmp_path)) as terminal:
        terminal.shows("Enter sends")
        terminal.type("a\nb\x1b\rc\x1b[13;2ud\x1b[27;2;13~e\x1b[13;3uf\r")
        terminal.shows(r"sent 'a\nb\nc\nd\ne\nf'")


def test_osc_52_reaches_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tool the terminal is sent the text, and nothing more is claimed."""
    for name in ("TMUX", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    with Terminal(_program(tmp_path)) as terminal:
        terminal.shows("Enter sends")
        terminal.type("/rename copied text\r")
        terminal.shows("It: sent to the terminal (OSC 52)")

    encoded = base64.b64encode(b"copied text")
    assert b"\x1b]52;c;" + encoded + b"\x07" in terminal.raw
