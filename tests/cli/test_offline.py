"""Offline: what is local works, what needs the network says so, and no connection is tried."""

import sys
from pathlib import Path

import pytest

from tests.cli import command
from tests.models import files

# Python imports this in every process before anything else, the engine's too.
_WATCHER = """
import os, sys
def _watch(event, given):
    if event == "socket.getaddrinfo" or event == "socket.connect" and isinstance(given[1], tuple):
        with open(os.environ["CONNECTIONS"], "a") as log:
            print(event, given[1:], file=log)
sys.addaudithook(_watch)
"""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every process write down the connections it tries; gives the file, which may not be."""
    folder = tmp_path / "watch"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_WATCHER)
    log = tmp_path / "connections"
    monkeypatch.setenv("CONNECTIONS", str(log))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return log


def _run(watched: Path, *words: str, **more: str) -> command.Done:
    path = f"{watched.with_name('watch')}{':' if sys.platform != 'win32' else ';'}{command.ROOT}"
    return command.run(*words, variables={"PYTHONPATH": path, **more})


def test_the_watch_sees_connections(watched: Path) -> None:
    """Without --offline the Hub is asked; this is what the other tests would notice."""
    assert 5 == _run(watched, "search", "x").code
    assert "socket.connect" in watched.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("search", "mistral"),
        ("pull", "maker/model:Q4_K_M"),
        ("show", "maker/model"),
        ("run", "maker/model:Q4_K_M", "Hi", "--yes"),
    ],
    ids=lambda words: words[0],
)
def test_what_needs_the_network_says_so(watched: Path, words: tuple[str, ...]) -> None:
    """One sentence and the exit code 6, by the flag; nothing is connected to."""
    done = _run(watched, *words, "--offline")
    assert (6, "") == (done.code, done.out)
    assert done.err.startswith("localchat: localchat is offline, and ")
    assert not watched.exists()


def test_the_environment_counts_as_the_flag(watched: Path) -> None:
    """HF_HUB_OFFLINE is obeyed as huggingface_hub does."""
    assert 6 == _run(watched, "search", "mistral", HF_HUB_OFFLINE="1").code
    assert not watched.exists()


def test_what_is_local_works(watched: Path, home: Path) -> None:
    """Chat, list, show, plan, import and remove; not one connection, with the flag or without."""
    files.write(home / "models" / "own.gguf")
    answered = _run(watched, "run", "guide", "Hi", "-n", "4", "--json")
    assert (0, 4) == (answered.code, answered.json["stats"]["tokens"])
    for words in (
        ("list",),
        ("show", "mistral-7b"),
        ("fit", "qwen3-0.6b", "--offline"),
        ("rm", "own", "--yes"),
    ):
        done = _run(watched, *words)
        assert 0 == done.code, done.err
    assert not watched.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
def test_the_screens_connect_to_nothing(watched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cold start, a chat with the real engine, and the end."""
    from tests.ui.terminal import Terminal, python

    monkeypatch.setenv("PYTHONPATH", f"{watched.with_name('watch')}:{command.ROOT}")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    with Terminal(python("-m", "localchat", "-m", "guide")) as terminal:
        terminal.shows("ready in")
        terminal.type("What is Q4_K_S?\r")
        terminal.shows("stopped by itself")
        terminal.type("\x11")
        assert 0 == terminal.ends()
    assert not watched.exists()
