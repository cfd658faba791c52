"""`localchat run` that does not come to its end: a crash, Ctrl-C, a reader that leaves."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli import command


@pytest.mark.parametrize("at", ["start", "load", "prefill"])
def test_an_engine_that_dies_before_an_answer_leaves_stdout_empty(at: str, model: Path) -> None:
    """The error says how it died and when."""
    done = command.run(
        "run", str(model), "Hi", script={"die": {"at": at, "how": "SIGKILL"}, "answers": ["x"]}
    )
    assert (done.code, done.out.strip()) == (1, "")
    assert done.err.startswith("localchat: The engine stopped (SIGKILL) while ")


def test_an_engine_that_dies_in_mid_answer_leaves_the_partial_text(model: Path) -> None:
    """What came before the crash is on stdout, the error on stderr, the code is 1."""
    script = {"answers": ["one two three four"], "die": {"at": "decode", "how": "SIGSEGV"}}
    done = command.run("run", str(model), "Hi", script=script)
    assert done.code == 1
    assert done.out.startswith("one two")
    assert done.out.endswith("\n")
    assert "four" not in done.out
    assert done.err.startswith("localchat: The engine stopped (SIGSEGV) while answering")
    as_json = command.run("run", str(model), "Hi", "--json", script=script)
    assert as_json.code == 1
    assert as_json.json["finish_reason"] == "error"
    assert as_json.json["text"].startswith("one two")
    assert "SIGSEGV" in as_json.json["error"]


def _interrupt(process: subprocess.Popen[bytes], after: bytes) -> command.Done:
    """Press Ctrl-C once `after` has come on stdout."""
    assert process.stdout is not None
    seen = b""
    while after not in seen:
        piece = process.stdout.read1()  # type: ignore[attr-defined]
        assert piece, "it ended before there was anything to interrupt"
        seen += piece
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=command.PATIENCE_SECONDS)
    return command.Done(process.returncode, (seen + out).decode(), err.decode())


def test_ctrl_c_keeps_the_partial_answer(model: Path) -> None:
    """The answer stops, its text stays and ends its line, the code is 130."""
    script = {"answers": ["word " * 2000], "rate": 50}
    done = _interrupt(command.start("run", str(model), "Hi", script=script), b"word word")
    assert done.code == 130
    assert done.out.startswith("word word")
    assert done.out.endswith("\n")
    assert done.err == ""


def _interrupt_later(script: dict[str, Any], model: Path, log: Path, seen: str) -> command.Done:
    """Press Ctrl-C once the engine has got the command `seen`."""
    process = command.start("run", str(model), "Hi", "--json", script={**script, "log": str(log)})
    deadline = time.monotonic() + command.PATIENCE_SECONDS
    while not (log.exists() and seen in log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=command.PATIENCE_SECONDS)
    return command.Done(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ({"load_seconds": 60}, '"load"'),
        ({"prefill_seconds": 60}, '"generate"'),
        ({"answers": ["word " * 2000], "rate": 50}, '"generate"'),
        ({"prefill_seconds": 60, "deaf": True}, '"generate"'),
    ],
    ids=["load", "prefill", "answer", "engine that does not listen"],
)
def test_ctrl_c_with_json_gives_the_object(
    script: dict[str, Any], seen: str, model: Path, tmp_path: Path
) -> None:
    """Wherever it was stopped, there is one object, which says so."""
    done = _interrupt_later(script, model, tmp_path / "log", seen)
    assert done.code == 130
    assert done.json["finish_reason"] == "cancelled"


def test_a_reader_that_leaves_ends_it_quietly(model: Path) -> None:
    """`localchat run ... | head -c 4` says nothing and leaves no engine behind."""
    process = command.start(
        "run", str(model), "Hi", script={"answers": ["word " * 5000], "rate": 500}
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(4)
    process.stdout.close()
    assert process.wait(timeout=command.PATIENCE_SECONDS) == 1
    assert process.stderr.read() == b""
    process.stderr.close()


def test_help_into_a_closed_pipe_is_quiet() -> None:
    """Help is text like any other."""
    shell = f"{sys.executable} -m localchat run --help | head -n 1"
    done = subprocess.run(
        shell, shell=True, capture_output=True, env=command.environment(None), check=False
    )
    assert done.stdout == b"usage: localchat run [MODEL] [PROMPT] [options]\n"
    assert done.stderr == b""
