"""Dry runs: what llama.cpp says a model would take is what it takes, for every architecture."""

import asyncio
import dataclasses
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from localchat import errors, paths
from localchat.engine import dry_run
from localchat.engine.client import EngineClient
from localchat.engine.process import WORKER_COMMAND
from localchat.engine.sizing import DryRunFailed, DryRunner
from localchat.engine.wire import EngineParams
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.models import gguf
from tests import architectures, gguf_files, ggufs
from tests.architectures import CLASSES, Size
from tests.engine.answers import ask
from tests.models import files

CONTEXTS = (512, 2048, 5000)
KV_TYPES = ("f16", "q8_0", "q4_0")
GRID = tuple(
    EngineParams(context_tokens=context, kv_type_k=kv_type, kv_type_v=kv_type)
    for context, kv_type in itertools.product(CONTEXTS, KV_TYPES)
)
CRASHING = (sys.executable, str(Path(__file__).parent.parent / "crashing_dry_run_worker.py"))


async def _loads(engine: EngineClient, path: Path, grid: Sequence[EngineParams]) -> list[object]:
    """Load for real with each set of parameters; give the devices' shares, or the refusal."""
    outcomes: list[object] = []
    for params in grid:
        try:
            loaded = await engine.load(path, params)
        except errors.LoadFailed as error:
            outcomes.append(error.message)
            continue
        assert loaded.footprint is not None
        assert "loaded" == loaded.footprint.basis
        outcomes.append((loaded.footprint.devices, loaded.footprint.context_tokens))
    return outcomes


async def _dry_runs(engine: EngineClient, path: Path, grid: Sequence[EngineParams]) -> list[object]:
    return [
        outcome.message
        if isinstance(outcome, DryRunFailed)
        else (outcome.devices, outcome.context_tokens)
        for outcome in await engine.dry_run(path, grid)
    ]


@pytest.mark.slow
async def test_a_dry_run_equals_the_load(real_engine: EngineClient, tmp_path: Path) -> None:
    """Contexts and KV types of every architecture take what was said, byte for byte.

    Three models of each: mapped as F16, read as F16, and repacked as Q4_K where that can be.
    """
    read = tuple(dataclasses.replace(params, mmap=False) for params in GRID[:3])
    cases: dict[str, tuple[Path, Sequence[EngineParams]]] = {}
    for name, kind in CLASSES.items():
        mapped = architectures.write(tmp_path / f"{name}.gguf", name)
        packed = architectures.write(tmp_path / f"{name}-q4.gguf", name, _wide(kind.tiny), "Q4_K")
        cases[name] = (mapped, GRID)
        cases[f"{name}, read"] = (mapped, read)
        cases[f"{name}, repacked"] = (packed, GRID[:3])

    said = {case: await _dry_runs(real_engine, path, grid) for case, (path, grid) in cases.items()}
    real = {case: await _loads(real_engine, path, grid) for case, (path, grid) in cases.items()}

    assert said == real
    refused = {case for case, outcomes in said.items() if any(map(_is_refusal, outcomes))}
    assert set() == refused


def _is_refusal(outcome: object) -> bool:
    return isinstance(outcome, str)


def _wide(size: Size) -> Size:
    """Rows of 256, so that K-quants can hold them."""
    inner = 512 if size.inner == 2 * size.width else size.inner
    heads = 8 if size.head_dims == 32 else 4
    return dataclasses.replace(size, width=256, heads=heads, inner=inner)


@pytest.mark.parametrize(
    "params",
    [
        EngineParams(context_tokens=512, kv_type_k="q8_0", kv_type_v="q8_0"),
        EngineParams(context_tokens=512, kv_type_v="q4_0", flash_attention="off"),
    ],
    ids=["rows that blocks do not divide", "no flash attention"],
)
async def test_what_a_load_refuses_a_dry_run_refuses(
    params: EngineParams, real_engine: EngineClient, tmp_path: Path
) -> None:
    """A KV type that llama.cpp does not take is refused with the same sentence."""
    path = architectures.write(tmp_path / "odd.gguf", "llama", Size(width=192, head_dims=48))

    (said,) = await _dry_runs(real_engine, path, [params])

    assert [said] == await _loads(real_engine, path, [params])
    assert isinstance(said, str)


@pytest.mark.parametrize(
    "params",
    [
        EngineParams(context_tokens=1024, batch_tokens=128, ubatch_tokens=64),
        EngineParams(context_tokens=1024, flash_attention="off"),
        EngineParams(context_tokens=1024, extra_buffers=False),
        EngineParams(context_tokens=1024, experts_on_cpu=True),
        EngineParams(),
    ],
    ids=["ubatch", "flash attention", "extra buffers", "experts", "defaults"],
)
async def test_every_parameter_counts(
    params: EngineParams, real_engine: EngineClient, tmp_path: Path
) -> None:
    """Whatever changes a load changes the dry run alike."""
    size = _wide(CLASSES["qwen3moe"].tiny)
    path = architectures.write(tmp_path / "moe.gguf", "qwen3moe", size, "Q4_K")

    said = await _dry_runs(real_engine, path, [params])

    assert said == await _loads(real_engine, path, [params])


async def test_a_header_is_enough(real_engine: EngineClient, tmp_path: Path) -> None:
    """The header alone gives what the whole file does, and no stand-in is left behind."""
    whole = architectures.write(tmp_path / "whole.gguf", "gemma3", quant="Q8_0")
    header = architectures.write_header(
        tmp_path / "header.gguf", "gemma3", CLASSES["gemma3"].tiny, "Q8_0"
    )

    of_header, of_whole = [await real_engine.dry_run(path, GRID[:2]) for path in (header, whole)]

    assert of_whole == of_header
    assert isinstance(of_header[0], Footprint)
    assert header.stat().st_size < whole.stat().st_size
    assert [] == list(paths.paths().dry_runs.iterdir())


async def test_a_model_far_larger_than_the_disk(real_engine: EngineClient, tmp_path: Path) -> None:
    """The header of an 80B model with 512 experts is sized in its true size."""
    size = dataclasses.replace(CLASSES["qwen3next"].real, vocabulary=1000)
    header = architectures.write_header(tmp_path / "large.gguf", "qwen3next", size)

    (found,) = await real_engine.dry_run(header, [EngineParams(context_tokens=32_768)])

    assert isinstance(found, Footprint)
    assert 40 * 2**30 < found.weights_bytes < 45 * 2**30
    # 12 layers of attention with two heads of 256 for keys and for values in F16, and 36 states.
    attention = 12 * 32_768 * 2 * 2 * 256 * 2
    states = 36 * (128 * 4096 + 3 * (4096 + 2 * 16 * 128)) * 4
    assert attention + states == found.kv_bytes


async def test_a_split_model(real_engine: EngineClient, tmp_path: Path) -> None:
    """A model in several files, or the headers of all of them, takes what the whole one does."""
    whole = architectures.write(tmp_path / "whole.gguf", "qwen3")
    content = architectures.content("qwen3", CLASSES["qwen3"].tiny)
    parts = gguf_files.write_split(tmp_path / "cut.gguf", content, max_tensors=20)
    headers = [_only_header(part, tmp_path / "headers") for part in parts]
    assert 3 == len(parts)

    (expected,) = await real_engine.dry_run(whole, GRID[:1])

    for first in (parts[0], headers[0]):
        assert (expected,) == await real_engine.dry_run(first, GRID[:1])


def _only_header(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    header = gguf.read_header(path)
    target = folder / path.name
    target.write_bytes(path.read_bytes()[: header.data_offset_bytes])
    return target


async def test_a_loaded_model_is_left_alone(real_engine: EngineClient, tmp_path: Path) -> None:
    """Sizing another model disturbs neither the one in memory nor its process."""
    path = architectures.write(tmp_path / "model.gguf", "llama")
    loaded = await real_engine.load(path, GRID[0])
    pid = real_engine.pid

    (found,) = await real_engine.dry_run(ggufs.write(tmp_path / "other.gguf"), GRID[:1])

    assert isinstance(found, Footprint)
    assert (loaded, pid) == (real_engine.loaded, real_engine.pid)
    assert (await ask(real_engine, "Hi", max_tokens=2)).finished.reason == "length"


async def test_a_hostile_header_never_reaches_the_engine(
    real_engine: EngineClient, tmp_path: Path
) -> None:
    """A header with impossible counts is refused by our own reader, with its sentence."""
    path = files.write(tmp_path / "hostile.gguf", n_tensors=2**62)

    (found,) = await real_engine.dry_run(path, GRID[:1])

    assert isinstance(found, DryRunFailed)
    assert found.cannot_run
    assert "hostile.gguf" in found.message
    assert "llama" not in found.message


async def test_a_file_that_is_not_there(real_engine: EngineClient, tmp_path: Path) -> None:
    """No file is a failure with a sentence."""
    (found,) = await real_engine.dry_run(tmp_path / "none.gguf", GRID[:1])

    assert isinstance(found, DryRunFailed)
    assert "none.gguf cannot be read" in found.message


async def test_a_crash_is_an_answer(home: Path, tmp_path: Path) -> None:
    """A build that dies of a model says so; other models are still sized, and loaded."""
    engine = EngineClient(home / "logs", home / "safe-mode.json", CRASHING)
    deadly = architectures.write(tmp_path / "deadly.gguf", "llama")
    good = architectures.write(tmp_path / "good.gguf", "llama")

    crashed = await engine.dry_run(deadly, GRID)
    (found,) = await engine.dry_run(good, GRID[:1])
    await engine.load(good, GRID[0])
    await engine.close()

    message = "This build of the engine cannot run it here (SIGSEGV)."
    assert (DryRunFailed(message, cannot_run=True),) * len(GRID) == crashed
    assert isinstance(found, Footprint)


async def test_an_engine_that_hangs_is_given_up(home: Path, tmp_path: Path) -> None:
    """A dry run that takes too long is a failure, and says for how long it was waited."""
    runner = DryRunner(CRASHING, home / "logs", answer_seconds=1.0)
    path = architectures.write(tmp_path / "endless.gguf", "llama")

    (found,) = await runner.footprints(path, GRID[:1])
    await runner.close()

    message = "The engine did not size endless.gguf within 1 s."
    assert DryRunFailed(message, cannot_run=False) == found


async def test_a_cache_that_cannot_be_written(real_engine: EngineClient, tmp_path: Path) -> None:
    """Without room for a stand-in nothing is said against the model, and whole files are sized."""
    folder = paths.paths().dry_runs
    folder.parent.mkdir(parents=True)
    folder.touch()
    header = architectures.write_header(tmp_path / "h.gguf", "llama", CLASSES["llama"].tiny, "F16")
    whole = architectures.write(tmp_path / "whole.gguf", "llama")

    (of_header,) = await real_engine.dry_run(header, GRID[:1])
    (of_whole,) = await real_engine.dry_run(whole, GRID[:1])

    assert isinstance(of_header, DryRunFailed)
    assert not of_header.cannot_run
    assert of_header.message.startswith("The cache cannot be written")
    assert isinstance(of_whole, Footprint)


def test_a_file_with_all_its_room_taken_is_no_stand_in(tmp_path: Path) -> None:
    """What a filesystem without sparse files makes of a copy is told from a sparse one."""
    full, sparse = tmp_path / "full", tmp_path / "sparse"
    full.write_bytes(b"x" * 4 * 2**20)
    with sparse.open("wb") as file:
        file.write(b"x" * 1000)
        file.truncate(4 * 2**20)

    assert dry_run.is_sparse(sparse, 1000)
    assert not dry_run.is_sparse(full, 1000)


async def test_the_process_ends_when_nobody_asks(home: Path, tmp_path: Path) -> None:
    """Sizing holds no memory for long; the next question starts it again."""
    runner = DryRunner(WORKER_COMMAND, home / "logs", idle_seconds=0.2)
    path = architectures.write(tmp_path / "model.gguf", "llama")

    first = await runner.footprints(path, GRID[:1])
    async with asyncio.timeout(20):
        while runner.pid is not None:
            await asyncio.sleep(0.05)
    second = await runner.footprints(path, GRID[:1])
    await runner.close()

    assert first == second
    assert isinstance(first[0], Footprint)


async def test_prediction_and_truth_are_logged(real_engine: EngineClient, tmp_path: Path) -> None:
    """After a load the engine's log has one line with what was predicted and what it took."""
    path = architectures.write(tmp_path / "model.gguf", "llama")

    loaded = await real_engine.load(path, GRID[0], predicted_bytes=123_456)

    assert loaded.footprint is not None
    (log,) = (tmp_path / "home" / "logs").glob("engine-*.log")
    expected = f"predicted 123456 bytes, really {loaded.footprint.total_bytes}"
    assert 1 == log.read_text().count(expected)
    assert MAIN_MEMORY == loaded.footprint.devices[0].device
