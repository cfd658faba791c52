"""What is typed after `localchat`, and what a terminal gets to see."""

import contextlib
import dataclasses
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localchat import __version__, errors
from localchat.cli import arguments, report
from localchat.engine import wire
from tests.cli import command
from tests.fake_worker import LOADED


def test_version() -> None:
    """The version alone."""
    assert command.run("--version") == command.Done(0, f"localchat {__version__}\n", "")


@pytest.mark.parametrize("words", [("--help",), ("run", "-h"), ("doctor", "--help")])
def test_help_explains_with_examples(words: tuple[str, ...]) -> None:
    """Help goes to stdout, and no line is wider than a terminal."""
    done = command.run(*words)
    assert done.code == 0
    assert done.out.startswith("usage: localchat")
    assert "exit code" in done.out or "examples:" in done.out
    assert [line for line in done.out.splitlines() if len(line) > 100] == []


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("rnu",), 'There is no command "rnu".', "Did you mean run?"),
        (("frobnicate",), 'There is no command "frobnicate".', "Commands are run, "),
        (("--theme", "x", "run"), "The command run comes before its options.", "Type: localchat r"),
        (("--frob",), "Unrecognized arguments: --frob.", "See `localchat --help`."),
        (("doctor", "now"), "Unrecognized arguments: now.", "See `localchat doctor --help`."),
        (("doctor", "--js"), "Unrecognized arguments: --js.", "See `localchat doctor --help`."),
        (("paths", "-c", "1"), "Unrecognized arguments: -c 1.", "See `localchat paths --help`."),
    ],
)
def test_wrong_commands_are_named(words: tuple[str, ...], message: str, hint: str) -> None:
    """The complaint is one sentence, the hint says what may be typed."""
    with pytest.raises(errors.UsageError) as caught:
        arguments.parse(words)
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("m -n 5 hi", ["m", "hi"]),
        ("-n 5 m --json hi", ["m", "hi"]),
        ("m -- -x", ["m", "-x"]),
        ("-- m --json", ["m", "--json"]),
        ("m -5", ["m", "-5"]),
        ("m", ["m"]),
        ("", []),
    ],
)
def test_options_may_stand_anywhere(typed: str, words: list[str]) -> None:
    """Between model and prompt too; after `--` nothing is an option."""
    assert arguments.parse(["run", *typed.split()]).words == words


def test_closed_streams_are_no_error(model: Path) -> None:
    """`localchat run ... <&- >&- 2>&-` runs to its end."""
    line = f"{sys.executable} -m localchat run {model} Hi <&- >&- 2>&-"
    done = subprocess.run(
        line,
        shell=True,
        env=command.environment({}),
        check=False,
        timeout=command.PATIENCE_SECONDS,
    )
    assert done.returncode == 0


def test_the_screens_need_a_terminal() -> None:
    """Without one, `localchat` says what to type in its place, and exits with 2."""
    done = command.run(script={})
    assert (done.code, done.out) == (2, "")
    assert "localchat run MODEL -p PROMPT" in done.err


def test_the_screens_check_the_model_first(tmp_path: Path) -> None:
    """A model that is not there, or is none, is told before a screen opens."""
    text = tmp_path / "text.gguf"
    text.write_text("oh")
    assert command.run("-m", str(tmp_path / "none.gguf"), script={}).code == 3
    assert command.run("-m", str(text), script={}).code == 8


def test_no_control_characters_from_the_command_line_reach_the_terminal() -> None:
    """Errors quote what was typed, made safe."""
    for words in (("\x1b[2J",), ("run", "\x1b]0;x\x07", "Hi"), ("run", "--temp", "\x1b[2J", "x")):
        done = command.run(*words, script={})
        assert done.code in (2, 3)
        assert "\x1b" not in done.err
        assert "␛" in done.err


def _on_a_terminal(*words: str, script: dict[str, object]) -> str:
    """Run `localchat` with a terminal on stdout and stderr, and return what it wrote."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "localchat", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=command.environment(script),
    )
    os.close(theirs)
    seen = b""
    with os.fdopen(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        # A terminal whose other end is closed ends with an error on Linux.
        while piece := screen.read(65536):
            seen += piece
    assert process.wait(timeout=command.PATIENCE_SECONDS) == 0
    return seen.decode()


def test_a_terminal_gets_text_made_safe_and_progress_wiped(model: Path) -> None:
    """Control characters of the model become visible; the progress line leaves nothing behind."""
    pyte = pytest.importorskip("pyte")
    script = {"answers": ["<think>Hm.</think>a\x1b]52;c;eA==\x07b"], "load_seconds": 0.2}
    seen = _on_a_terminal("run", str(model), "Hi", script=dict(script))
    assert "]52" in seen
    assert "\x1b]" not in seen
    assert "Loading 25 %" in seen
    screen = pyte.Screen(100, 12)
    pyte.Stream(screen).feed(seen)
    rows = [row.rstrip() for row in screen.display if row.strip()]
    assert rows[:2] == ["Hm.", "a␛]52;c;eA==␇b"]
    assert rows[2].endswith("first token after 0.2 s, 64 prompt tokens")
    assert len(rows) == 3


@pytest.mark.parametrize("words", [("run", "MODEL", "Hi"), ("paths",), ("doctor",)])
def test_a_full_disk_is_one_sentence(words: tuple[str, ...], model: Path) -> None:
    """Output that cannot be written ends in an error, not in a traceback."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    typed = [str(model) if word == "MODEL" else word for word in words]
    with Path("/dev/full").open("w") as full:
        process = command.start(*typed, script={}, stdout=full)
        _, err = process.communicate(timeout=command.PATIENCE_SECONDS)
    why = os.strerror(errno.ENOSPC)
    assert process.returncode == 1
    assert err.decode() == f"localchat: The output cannot be written: {why}.\n"


@pytest.mark.parametrize(
    ("locked", "limit", "words"),
    [
        (-1, -1, "This system does not tell"),
        (0, 8 * 2**20, "Not locked in memory; the limit is 8.0 MiB. "),
        (300_000_000, 8 * 2**20, "Only 286.1 MiB are locked in memory; the limit is 8.0 MiB. "),
        (700_000_000, -1, "Locked in memory: 667.6 MiB."),
        (0, -1, "Not locked in memory. "),
    ],
)
def test_what_became_of_locking(locked: int, limit: int, words: str) -> None:
    """What was really locked is said, with the limit where it was in the way."""
    loaded = dataclasses.replace(LOADED, locked_bytes=locked, lock_limit_bytes=limit)
    assert report.locking(loaded).startswith(words)


def test_effective_sampling_is_the_users_over_the_models() -> None:
    """What was not asked for is the model's own."""
    asked = wire.Sampling(temperature=0.0, seed=3)
    expected = wire.Sampling(temperature=0.0, top_k=40, top_p=0.95, min_p=0.05, seed=3)
    assert report.effective_sampling(asked, LOADED) == expected
