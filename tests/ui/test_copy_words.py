"""/copy: the last answer, one of its blocks of code, or the chat, on the clipboard."""

import sys
from pathlib import Path

import pytest

from tests.conftest import MakeEngine
from tests.ui import hosts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")

_ANSWER = "Do this:\n\n```sh\nls -l\n```\n\nor this:\n\n```python\nprint(1)\n```\n"


async def test_copy_takes_what_its_word_names(
    fake_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more: the answer; a number: that block; all: the chat. The toast says which."""
    copied = tmp_path / "copied"
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "pbcopy"
    tool.write_text(f'#!/bin/sh\n/bin/cat > "{copied}"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for variable in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"):
        monkeypatch.delenv(variable, raising=False)
    app = hosts.make_app(fake_engine(answers=[_ANSWER]))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "/copy")
        await hosts.shows(pilot, "There is no answer to copy yet.")
        await hosts.ask(pilot, "Question")
        for word, said, text in (
            ("/copy", "The last answer: copied with pbcopy.", _ANSWER.strip()),
            ("/copy 2", "Code block 2: copied with pbcopy.", "print(1)"),
            ("/copy 1", "Code block 1: copied with pbcopy.", "ls -l"),
        ):
            await hosts.send(pilot, word)
            await hosts.shows(pilot, said)
            assert copied.read_text().strip() == text
        await hosts.send(pilot, "/copy all")
        await hosts.shows(pilot, "The chat: copied with pbcopy.")
        assert "Question" in copied.read_text() and "ls -l" in copied.read_text()
        for word, said in (("/copy 3", "2 blocks of code"), ("/copy that", "takes a number")):
            await hosts.send(pilot, word)
            await hosts.shows(pilot, said)
