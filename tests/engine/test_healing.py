"""What is tried next when a model did not load, and what is remembered."""

from pathlib import Path

import pytest

from localchat.engine import healing
from localchat.engine.wire import EngineParams


def test_the_kv_cache_goes_first_then_context_then_layers() -> None:
    """The order of DESIGN D11, down to the smallest context and no layer on the GPU."""
    params, context, layers, given_up = EngineParams(), 8192, 4, []
    while (step := healing.step_down(params, context, layers)) is not None:
        params = step[0]
        context = params.context_tokens or context
        layers = layers if params.gpu_layers < 0 else params.gpu_layers
        given_up.append((params.kv_type_k, context, layers))

    assert [
        ("q8_0", 8192, 4),
        ("q8_0", 4096, 4),
        ("q8_0", 2048, 4),
        ("q8_0", 2048, 2),
        ("q8_0", 2048, 1),
        ("q8_0", 2048, 0),
    ] == given_up


def test_weights_without_room_only_shrink_the_gpus_share() -> None:
    """Before there is a context, its size and type are not to blame."""
    step = healing.step_down(EngineParams(), 0, 33)

    assert step is not None
    assert (16, "f16") == (step[0].gpu_layers, step[0].kv_type_k)
    assert healing.step_down(EngineParams(), 0, 0) is None


@pytest.mark.parametrize("params", [EngineParams(flash_attention="off"), EngineParams()])
def test_without_a_quantized_cache_the_context_shrinks(params: EngineParams) -> None:
    """No flash attention, or a model that refused q8_0: then the context is next."""
    may = params.flash_attention != "off"
    step = healing.step_down(params, 8192, 0, may_quantize=not may)

    assert step is not None
    assert ("f16", 4096) == (step[0].kv_type_k, step[0].context_tokens)


def test_safe_mode_is_remembered_by_build(tmp_path: Path) -> None:
    """One entry a build, others unaffected, and all of it can be forgotten."""
    file = tmp_path / "state" / "safe-mode.json"
    healing.remember_safe_mode(file, "build 1", "Qwen", "SIGILL")
    healing.remember_safe_mode(file, "build 1", "Llama", "SIGSEGV")
    healing.remember_safe_mode(file, "build 2", "Llama", "SIGSEGV")

    entries = healing.safe_mode_entries(file)
    assert [("build 1", "Llama"), ("build 2", "Llama")] == [(e.build, e.model) for e in entries]
    assert healing.needs_safe_mode(file, "build 1")
    assert not healing.needs_safe_mode(file, "build 3")
    assert 0o600 == file.stat().st_mode & 0o777
    assert 2 == healing.forget_safe_mode(file)
    assert not healing.needs_safe_mode(file, "build 1")


@pytest.mark.parametrize("content", ["", "{", '"text"', "[1, 2]", '[{"build": 1}]', "\x00"])
def test_a_damaged_file_remembers_nothing(content: str, tmp_path: Path) -> None:
    """What cannot be read is as if it were not there, and can be written again."""
    file = tmp_path / "safe-mode.json"
    file.write_text(content)

    assert () == healing.safe_mode_entries(file)
    healing.remember_safe_mode(file, "b", "m", "SIGILL")
    assert healing.needs_safe_mode(file, "b")
