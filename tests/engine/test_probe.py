"""The probe in the real engine: any architecture, before its weights are here."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from localchat import errors
from localchat.engine import outline, probe, process, wire
from localchat.engine.outline import Outline
from localchat.engine.probe import Depths
from localchat.engine.prober import Prober, Target
from localchat.fit import candidates, measurements, memory, speed
from localchat.fit.params import EngineParams
from localchat.machine import detect
from localchat.models import gguf
from tests import architectures, ggufs

_BRIEF = 0.05
_PARAMS = EngineParams(threads=1)


def make(home: Path, command: Sequence[str] = process.WORKER_COMMAND) -> Prober:
    """A prober with its logs in the test's home."""
    return Prober(home / "logs", home / "safe-mode.json", command)


def target(header: Path) -> Target:
    """A model of which only the header is here."""
    with header.open("rb") as source:
        read = gguf.parse(source, header.name, 2**62)
    known = candidates.from_header(read, read.file_bytes, model=header.stem, path=header)
    return Target(known, header, seconds=_BRIEF)


@pytest.mark.parametrize(
    "name",
    [
        "llama",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in sorted(set(architectures.CLASSES) - {"llama"})
        ),
    ],
)
async def test_a_header_is_enough(name: str, home: Path, tmp_path: Path) -> None:
    """Every kind of architecture decodes truncated, and what is learned predicts its speed."""
    header = architectures.write_header(
        tmp_path / "header.gguf", name, architectures.CLASSES[name].tiny
    )
    hardware = detect.detect()
    wanted = target(header)
    assert wanted.candidate is not None

    build, found = await make(home).measure(wanted, _PARAMS, hardware)

    assert build
    (only,) = found
    assert 0 < only.token_seconds < 1
    assert only.prefill_tokens_per_second is not None and only.prefill_tokens_per_second > 0
    footprint = memory.footprint(wanted.candidate, _PARAMS, hardware)
    said = speed.estimate(wanted.candidate, footprint, _PARAMS, hardware, found)
    assert "probed" == said.basis
    assert said.low < 1 / only.token_seconds < said.high


@pytest.mark.slow
async def test_a_machine_is_measured_without_any_model(home: Path) -> None:
    """Two models of our own teach both terms, for every model in that format."""
    hardware = detect.detect()
    shown: list[float] = []
    prober = make(home)

    _, found = await prober.measure(Target(seconds=_BRIEF), _PARAMS, hardware, shown.append)

    thick, thin = found
    assert thick.host.weights_bytes / thick.host.layers > 2 * thin.host.weights_bytes / 24
    assert ("Q4_K", 1, "f16/f16") == (
        thick.setting.format, thick.setting.threads, thick.setting.kv_type,
    )  # fmt: skip
    assert thick.kv_seconds_per_byte is not None and thick.kv_seconds_per_byte > 0
    assert shown == sorted(shown) and 0 < shown[-1] < 1


async def test_a_processor_that_faults_is_measured_in_safe_mode(home: Path, tmp_path: Path) -> None:
    """A crash with extra buffers is tried once more without, and remembered as such."""
    header = architectures.write_header(
        tmp_path / "header.gguf", "llama", architectures.CLASSES["llama"].tiny, "Q8_0"
    )
    command = (sys.executable, "-m", "tests.amx_fault_worker")
    _, found = await make(home, command).measure(target(header), _PARAMS, detect.detect())
    assert [False] == [each.setting.extra_buffers for each in found]


async def test_measuring_can_be_stopped(home: Path) -> None:
    """Cancel ends it long before its time and leaves no process."""
    prober = make(home)
    begun = asyncio.Event()
    long = Target(seconds=200.0)
    task = asyncio.create_task(
        prober.measure(long, _PARAMS, detect.detect(), lambda _: begun.set())
    )
    await begun.wait()
    started = time.monotonic()
    await prober.cancel()
    with pytest.raises(errors.Cancelled):
        await task
    assert time.monotonic() - started < 100


async def test_what_is_no_model_is_refused_in_words(home: Path, tmp_path: Path) -> None:
    """A damaged header is a sentence, not a crash."""
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF\x03\0\0\0 nonsense")
    with pytest.raises(errors.BadModel, match=r"damaged\.gguf"):
        await make(home).measure(Target(None, damaged), _PARAMS, detect.detect())


@pytest.mark.slow
async def test_both_devices_are_measured_where_both_work(home: Path, tmp_path: Path) -> None:
    """A model on processor and GPU is two probes; without a GPU it is one."""
    header = ggufs.write(tmp_path / "model.gguf")
    _, found = await make(home).measure(target(header), _PARAMS, detect.detect())
    assert [True] == [each.gpu.is_nothing for each in found]
    assert measurements.identity(header, header.stat().st_size) == found[0].file


def line(layers: int, few: int, more: int) -> tuple[Outline, Depths]:
    """A model of equal layers, and two copies of it."""

    model = outline.plain(width=256, feed_forward=256, heads=2, kv_heads=2, head_dims=128, kind=8)
    return model, Depths(few, more, (layers - more) / (more - few))


def test_the_line_through_two_copies_is_extended() -> None:
    """With 3 ms besides and 2 ms a layer, 32 layers take 67 ms, whatever a few slow rounds say."""
    model, chosen = line(32, 2, 6)
    few = [0.007] * 9 + [0.02, 0.05]
    more = [0.015] * 9 + [0.05, 0.02]
    row = probe.extended(model, chosen, few, more, 0.001 + 0.002 * 2, 0.001 + 0.002 * 6)
    assert row["token_seconds"] == pytest.approx(0.067)
    assert row["prefill_tokens_per_second"] == pytest.approx(1 / 0.065)


def test_an_answer_meets_what_the_quickest_rounds_miss() -> None:
    """Where most rounds take 5 % longer than the quickest, the prediction does too."""
    model, chosen = line(32, 2, 6)
    more = [0.015] * 4 + [0.01575] * 6
    row = probe.extended(model, chosen, [0.007] * 10, more, 0.005, 0.013)
    assert 0.067 < row["token_seconds"] < 0.067 * 1.05


def test_wire_carries_a_probe() -> None:
    """What is asked arrives as it was sent."""
    sent = wire.Probe(3, "header.gguf", _PARAMS, "Q6_K", 2.0)
    assert sent == wire.decode_command(wire.encode(sent))
