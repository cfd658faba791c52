"""`localchat run` and memory: what cannot fit is refused before it is loaded."""

from pathlib import Path

import pytest

from tests import architectures, ggufs
from tests.cli import command


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model."""
    return ggufs.write(tmp_path_factory.mktemp("models") / "small.gguf")


def test_what_cannot_fit_is_refused_with_the_numbers(model: Path) -> None:
    """A KV cache larger than any machine ends with code 4, what it needs, and what fits."""
    path = architectures.write_sparse(model.with_name("large.gguf"), "llama")
    done = command.run("run", str(path), "-p", "Hi", "-c", "16000000", script={})

    assert (4, "") == (done.code, done.out)
    first, second = done.err.strip().splitlines()
    assert "It needs " in first and "more than this machine can give it" in first
    assert "--force" in second


def test_force_tries_all_the_same(model: Path) -> None:
    """With --force the engine is asked for it, and the note says that it is too large."""
    path = architectures.write_sparse(model.with_name("forced.gguf"), "llama")
    script = {"answers": ["Fine."]}
    done = command.run(
        "run", str(path), "-p", "Hi", "-c", "16000000", "--force", "--stats", script=script
    )

    assert (0, "Fine.") == (done.code, done.out.strip())
    assert "more than this machine can give it" in done.err


def test_what_fits_is_loaded_without_a_word(model: Path) -> None:
    """A small model is loaded as asked, and nothing is said of memory."""
    done = command.run("run", str(model), "-p", "Hi", script={"answers": ["Fine."]})

    assert (0, "Fine.") == (done.code, done.out.strip())
    assert "needs" not in done.err


def test_one_look_at_the_machine_is_enough(model: Path, home: Path, tmp_path: Path) -> None:
    """The machine that a model is fitted to is the one whose rate is remembered."""
    log = tmp_path / "log"
    script = {"log": str(log), "answers": ["word " * 40], "rate": 400}
    done = command.run("run", str(model), "-p", "Hi", script=script)

    assert 0 == done.code
    assert 1 == log.read_text().count('"devices"')
    assert [] != list(home.rglob("measurements*"))
