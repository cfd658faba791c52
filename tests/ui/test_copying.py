"""Copying: which way is taken where, and that what is said of it is true."""

import base64
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from localchat.ui import clipboard, copying, osc52
from tests.conftest import MakeEngine
from tests.ui import hosts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are scripts")

XTERM = {"TERM": "xterm-256color"}


def _tool(folder: Path, name: str, code: int = 0) -> None:
    """A program that keeps its stdin in NAME.copied and its arguments in NAME.arguments."""
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(
        f'#!/bin/sh\n/bin/cat > "{folder}/{name}.copied"\n'
        f'echo "$@" > "{folder}/{name}.arguments"\nexit {code}\n'
    )
    tool.chmod(0o700)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": str(folder), **XTERM, **more}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("pbcopy", {}),
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("xclip", {"DISPLAY": ":0"}),
        ("xsel", {"DISPLAY": ":0"}),
        ("termux-clipboard-set", {}),
    ],
)
async def test_the_systems_tool_gets_the_text(
    tmp_path: Path, name: str, more: dict[str, str]
) -> None:
    """A tool whose clipboard is there is used, alone, and named."""
    _tool(tmp_path / "bin", name)
    written: list[str] = []

    said = await copying.put(
        "Ünïcode\n", _environment(tmp_path / "bin", **more), tmp_path / "copies", written.append
    )

    assert said == f"copied with {name}."
    assert (tmp_path / "bin" / f"{name}.copied").read_text() == "Ünïcode\n"
    assert written == []
    assert not (tmp_path / "copies").exists()


async def test_windows_tool_gets_its_own_encoding(tmp_path: Path) -> None:
    """clip.exe reads UTF-16, as Windows writes it."""
    _tool(tmp_path / "bin", "clip.exe")

    said = await copying.put("é", _environment(tmp_path / "bin"), tmp_path, None)

    assert said == "copied with clip.exe."
    assert (tmp_path / "bin" / "clip.exe.copied").read_bytes().decode("utf-16") == "é"


async def test_next_tool_is_tried(tmp_path: Path) -> None:
    """A tool that fails, as wl-copy without its server, is not the last word."""
    _tool(tmp_path / "bin", "wl-copy", code=1)
    _tool(tmp_path / "bin", "xclip")
    environment = _environment(tmp_path / "bin", WAYLAND_DISPLAY="gone", DISPLAY=":0")

    said = await copying.put("text", environment, tmp_path, None)

    assert said == "copied with xclip."


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"])
async def test_over_ssh_the_terminal_is_asked(tmp_path: Path, variable: str) -> None:
    """A tool would fill the far machine's clipboard; the sequence reaches the reader's."""
    _tool(tmp_path / "bin", "xclip")
    environment = _environment(tmp_path / "bin", DISPLAY=":0", **{variable: "x"})
    written: list[str] = []

    said = await copying.put("täxt", environment, tmp_path / "copies", written.append)

    assert said == ("sent to the terminal (OSC 52); whether it arrived the terminal does not tell.")
    assert written == [f"\x1b]52;c;{base64.b64encode('täxt'.encode()).decode()}\x07"]
    assert not (tmp_path / "bin" / "xclip.copied").exists()


async def test_tmux_gets_it_and_passes_it_on(tmp_path: Path) -> None:
    """In tmux its buffer is filled, and the terminal around it is asked in both ways there are."""
    _tool(tmp_path / "bin", "tmux")
    environment = _environment(tmp_path / "bin", TMUX="/tmp/tmux-0/default,1,0")
    written: list[str] = []

    said = await copying.put("text", environment, tmp_path, written.append)

    assert said.startswith("copied into tmux and sent to the terminal (OSC 52);")
    assert (tmp_path / "bin" / "tmux.copied").read_text() == "text"
    assert (tmp_path / "bin" / "tmux.arguments").read_text() == "load-buffer -w -\n"
    assert written == ["\x1b]52;c;dGV4dA==\x07\x1bPtmux;\x1b\x1b]52;c;dGV4dA==\x07\x1b\\"]


def test_screen_gets_short_pieces() -> None:
    """GNU screen passes on nothing that is longer than it likes."""
    wrapped = osc52.sequence("x" * 3000, {"TERM": "screen-256color"})
    pieces = wrapped.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")

    assert max(map(len, pieces)) <= 512
    assert "".join(pieces) == osc52.sequence("x" * 3000, XTERM)


@pytest.mark.parametrize(
    ("text", "term"), [("x" * (osc52.MOST_BYTES + 1), "xterm"), ("short", "linux")]
)
async def test_a_file_is_the_last_resort(tmp_path: Path, text: str, term: str) -> None:
    """What no terminal takes is in a private file, and the words say where."""
    written: list[str] = []
    folder = tmp_path / "copies"

    said = await copying.put(text, {"PATH": "", "TERM": term}, folder, written.append)

    (file,) = folder.iterdir()
    assert said == f"saved to {file}, since no clipboard takes it."
    assert file.read_text() == text
    assert file.stat().st_mode & 0o777 == 0o600
    assert written == []


async def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    """Copies that nobody fetches do not pile up, and none is overwritten."""
    for number in range(25):
        await copying.put(f"text {number}", {"PATH": "", "TERM": "linux"}, tmp_path, None)

    kept: Sequence[str] = [file.read_text() for file in tmp_path.iterdir()]
    assert len(kept) == 20
    assert "text 24" in kept


async def test_failure_is_told(tmp_path: Path) -> None:
    """Where not even a file can be written, it does not claim to have copied."""
    (tmp_path / "copies").write_text("a file where the folder should be")

    said = await copying.put("text", {"PATH": ""}, tmp_path / "copies", None)

    assert said.startswith("not copied: there is no clipboard, and no file could be written (")


async def test_tool_that_hangs_is_left(tmp_path: Path) -> None:
    """A tool that never ends is ended, and counts as one that failed."""
    tool = tmp_path / "sleeper"
    tool.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    tool.chmod(0o700)

    assert not await clipboard.copy_with(clipboard.Tool((str(tool),), patience_seconds=0.2), "text")
    assert not await clipboard.copy_with(clipboard.Tool((str(tmp_path / "gone"),)), "text")


async def test_whole_chat_and_selections_are_copied(
    fake_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/copy-chat copies the chat as Markdown, Ctrl+C a selection, each with the words for it."""
    _tool(tmp_path / "bin", "pbcopy")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for variable in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"):
        monkeypatch.delenv(variable, raising=False)
    copied = tmp_path / "bin" / "pbcopy.copied"
    app = hosts.make_app(fake_engine(answers=["The **answer**."]))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await hosts.open_chat(pilot)
        await hosts.send(pilot, "/copy-chat")
        await hosts.shows(pilot, "There is nothing to copy yet.")
        await hosts.ask(pilot, "Question", "The answer.", "stopped by itself")
        await hosts.send(pilot, "/copy-chat")
        await hosts.shows(pilot, "The chat: copied with pbcopy.")
        chat = copied.read_text()
        screen.query("AnswerView Prose").last().text_select_all()
        await hosts.press(pilot, "ctrl+c")
        await hosts.shows(pilot, "The selection: copied with pbcopy.")

    assert "Question" in chat and "The **answer**." in chat
    assert copied.read_text() == "The answer."
