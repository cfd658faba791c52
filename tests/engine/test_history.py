"""Every answer teaches something about the machine, unless it is too short."""

import dataclasses
from pathlib import Path

import pytest

from localchat.engine import history, wire
from localchat.fit import measurements
from localchat.machine import detect
from tests import ggufs
from tests.engine.conftest import ModelOf
from tests.fake_worker import LOADED

_STATS = wire.Stats(
    prompt_tokens=100, cached_tokens=20, prompt_seconds=0.5, ttft_seconds=0.6, tokens=57,
    seconds=7.0, context_tokens=1024,
)  # fmt: skip


@pytest.fixture
def path(model_of: ModelOf) -> Path:
    """A model's file."""
    return model_of("dense")


def loaded(path: Path) -> wire.Loaded:
    """What the engine said of it."""
    params = wire.EngineParams(context_tokens=1024, kv_type_k="q8_0", kv_type_v="q8_0")
    return dataclasses.replace(
        LOADED, file_bytes=path.stat().st_size, context_tokens=1024, params=params, threads=3
    )


def test_an_answer_says_how_long_a_token_takes(path: Path) -> None:
    """At the mean depth of the answer, with the cost of the prompt apart."""
    found = history.measure(path, loaded(path), _STATS, detect.detect())
    assert found is not None
    assert ("chat", measurements.identity(path, path.stat().st_size)) == (found.kind, found.file)
    assert 0.125 == found.token_seconds
    assert 160.0 == found.prefill_tokens_per_second
    assert "q8_0/q8_0" == found.setting.kv_type
    assert ggufs.TINY.layers == found.host.layers
    assert found.gpu.is_nothing
    # 128.5 of 1,024 tokens were in the context when half of the answer was written.
    whole = 1024 * 2 * 2 * 16 * 2 * 34 / 32
    assert found.host.kv_bytes == pytest.approx(whole * 128.5 / 1024)


@pytest.mark.parametrize(
    "stats",
    [
        wire.Stats(),
        dataclasses.replace(_STATS, tokens=history.FEWEST_TOKENS - 1),
        dataclasses.replace(_STATS, seconds=0.0),
    ],
)
def test_a_short_answer_teaches_nothing(stats: wire.Stats, path: Path, tmp_path: Path) -> None:
    """A few tokens are more start than pace, so nothing is written."""
    file = tmp_path / "measurements.json"
    history.remember(file, "b", path, loaded(path), stats, detect.detect())
    assert not file.exists()


def test_a_cached_prompt_says_nothing_of_prompts(path: Path) -> None:
    """The rate of a handful of tokens is not the rate of a prompt."""
    cached = dataclasses.replace(_STATS, cached_tokens=90)
    found = history.measure(path, loaded(path), cached, detect.detect())
    assert found is not None and found.prefill_tokens_per_second is None


def test_a_model_that_is_gone_does_not_spoil_its_last_answer(tmp_path: Path) -> None:
    """The file was deleted while it was loaded: nothing to remember, no error."""
    gone = tmp_path / "gone.gguf"
    assert history.measure(gone, LOADED, _STATS, detect.detect()) is None


def test_a_folder_that_cannot_be_written_does_not_spoil_an_answer(
    path: Path, tmp_path: Path
) -> None:
    """Measurements are a convenience."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    history.remember(
        blocked / "measurements.json", "b", path, loaded(path), _STATS, detect.detect()
    )
    assert "" == blocked.read_text()
