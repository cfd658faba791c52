"""What the worker's process is given, and how its end is read."""

import sys
from pathlib import Path

import pytest

from localchat.engine import process
from localchat.engine.process import Death, WorkerProcess

SECRETS = {
    "HF_TOKEN": "hf_secret",
    "HUGGING_FACE_HUB_TOKEN": "hf_secret",
    "OPENAI_API_KEY": "sk-secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "GGML_TOKEN": "secret",
    "DATABASE_URL": "postgres://user:secret@host",
    "SSH_AUTH_SOCK": "/tmp/secret",
}


def test_the_worker_sees_no_secrets() -> None:
    """Only what libraries and devices need is passed on."""
    seen = process.worker_environment({**SECRETS, "PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0"})

    assert not [value for value in seen.values() if "secret" in value]
    assert ("/bin", "0") == (seen["PATH"], seen["CUDA_VISIBLE_DEVICES"])


def test_the_user_may_set_the_spinning() -> None:
    """Spinning is bounded by default; what the user set stays."""
    assert "GOMP_SPINCOUNT" in process.worker_environment({})
    assert "7" == process.worker_environment({"GOMP_SPINCOUNT": "7"})["GOMP_SPINCOUNT"]


@pytest.mark.parametrize(
    ("code", "exit_code", "signal_name"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("import os; os.abort()", -6, "SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "SIGKILL"),
    ],
)
async def test_a_death_has_its_cause(
    code: str, exit_code: int, signal_name: str, tmp_path: Path
) -> None:
    """The exit code or the signal's name, and the end of what was written to fd 2."""
    noise = "import sys; sys.stderr.write('loading\\nGGML_ASSERT(x) failed\\n'); "
    worker = await WorkerProcess.start((sys.executable, "-c", noise + code), tmp_path)

    assert [] == [event async for event in worker.events()]
    death = await worker.death()
    assert (exit_code, signal_name) == (death.exit_code, death.signal_name)
    assert "GGML_ASSERT(x) failed" == death.last_words


async def test_a_chatty_worker_is_not_blocked(tmp_path: Path) -> None:
    """Ten megabytes on fd 2 that nobody reads do not stop the process."""
    code = "import sys; sys.stderr.write('x' * 10_000_000)"
    worker = await WorkerProcess.start((sys.executable, "-c", code), tmp_path)

    assert 0 == (await worker.death()).exit_code
    assert 10_000_000 == worker.log_file.stat().st_size


async def test_a_worker_that_ignores_the_end_of_stdin_is_killed(tmp_path: Path) -> None:
    """Stopping takes two seconds at most."""
    worker = await WorkerProcess.start(
        (sys.executable, "-c", "import time; time.sleep(60)"), tmp_path
    )

    await worker.stop()

    assert "SIGKILL" == (await worker.death()).signal_name


def test_last_words_are_the_telling_line() -> None:
    """Of a log's end, the last line that speaks of an error is shown; or simply the last."""
    assert "error: no such tensor" == Death(1, "", "loading\nerror: no such tensor\nbye").last_words
    assert "bye" == Death(1, "", "hello\nbye\n").last_words
    assert "" == Death(1, "", "").last_words


async def test_a_log_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in the log are made visible before anyone shows it."""
    code = r"import sys; sys.stderr.write('error: \x1b]52;c;aGk=\x07'); sys.exit(1)"
    worker = await WorkerProcess.start((sys.executable, "-c", code), tmp_path)

    assert "error: ␛]52;c;aGk=␇" == (await worker.death()).last_words
