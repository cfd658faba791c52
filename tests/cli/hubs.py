"""What the tests of `pull` and its kin share: a Hub with small models, and a terminal."""

import contextlib
import importlib
import io
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localchat.cli import arguments
from tests import ggufs
from tests.cli import command
from tests.fake_hub import FakeFile, FakeHub, FakeRepo

if sys.platform != "win32":
    import pty

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

REPO = "maker/tiny-GGUF"
_MODULES = {
    "pull": "pull", "search": "search", "list": "listing", "rm": "remove", "import": "importing",
    "show": "show", "fit": "fit",
}  # fmt: skip


def tiny(folder: Path, *labels: str) -> FakeRepo:
    """Make a repository with one small model of each name, all different."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for seed, label in enumerate(labels):
        path = ggufs.write(folder / f"tiny-{label}.gguf", seed=seed)
        files.append(FakeFile(path.name, path))
    return FakeRepo(REPO, tuple(files), downloads=20_400, likes=7)


def online(hub: FakeHub, **more: str) -> dict[str, str]:
    """The variables of a command that may ask this Hub."""
    return {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", **more}


def here(*words: str) -> str:
    """Run a command in this process, and give what it printed. Raises LocalchatError."""
    given = arguments.parse(words)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert 0 == importlib.import_module(f"localchat.cli.{_MODULES[given.command]}").run(given)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a command on a terminal left behind."""

    code: int
    out: str
    """Its stdout, which is a pipe."""
    terminal: str
    """What stood on the terminal."""


def on_terminal(
    *words: str,
    typed: str,
    after: str,
    variables: Mapping[str, str],
    script: Mapping[str, Any] | None = None,
) -> Seen:
    """Run `localchat` with stdin and stderr on a terminal, and type once a text has appeared."""
    ours, theirs = pty.openpty()
    process = command.start(*words, script=script, variables=variables, stdin=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown = _read_until(ours, after)
        os.write(ours, typed.encode())
        shown += _read_rest(ours)
        out, _ = process.communicate(timeout=command.PATIENCE_SECONDS)
        return Seen(process.returncode, out.decode(), shown)
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def wait_for(process: subprocess.Popen[bytes], path: Path, size_bytes: int) -> Path:
    """Wait until a download has so many bytes, and give its part file."""
    deadline = time.monotonic() + command.PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for part in path.rglob("*.part"):
            if part.stat().st_size >= size_bytes:
                return part
        time.sleep(0.02)
    raise AssertionError("the download did not come so far")


def _read_until(terminal: int, text: str) -> str:
    seen = ""
    while text not in seen:
        piece = _read(terminal, command.PATIENCE_SECONDS)
        if not piece:
            raise AssertionError(f"{text!r} did not appear in {seen!r}")
        seen += piece
    return seen


def _read_rest(terminal: int) -> str:
    seen = ""
    while piece := _read(terminal, 60):
        seen += piece
    return seen


def _read(terminal: int, seconds: float) -> str:
    """Read what is there; empty at the end, which Linux reports as an error."""
    if not select.select([terminal], [], [], seconds)[0]:
        return ""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        return ""
