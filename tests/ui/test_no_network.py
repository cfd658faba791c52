"""Start, chat and quit without a network: no connection is attempted, by no process of it."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

if sys.platform != "win32":
    from tests.ui.terminal import Terminal, python

_HOOK = """
import sys

def _watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open({log!r}, "a") as file:
            print(event, arguments[-1], file=file)
        raise OSError("the network is blocked")

sys.addaudithook(_watch)
with open({log!r} + ".on", "a") as file:
    print(sys.argv[:1], file=file)
"""


def test_start_chat_and_quit_ask_no_network(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python of it, the engine's too, would fail at the first attempt, and write it down."""
    log = tmp_path / "network.txt"
    (tmp_path / "sitecustomize.py").write_text(_HOOK.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Terminal(python("-m", "localchat"), 100, 30) as terminal:
        terminal.shows("built in")
        terminal.type("\r")
        terminal.shows("ready in")
        terminal.type("Does it work offline?\r")
        terminal.shows("stopped by itself")
        terminal.type("\x11")
        assert 0 == terminal.ends()
    watched = Path(f"{log}.on").read_text().splitlines()
    # The screens and the engine at least: the hook was there to see an attempt.
    assert len(watched) >= 2
    assert "" == (log.read_text() if log.exists() else "")
    assert home.exists()
