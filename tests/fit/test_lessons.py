"""What measurements teach about a machine's speed."""

import dataclasses
from pathlib import Path

import pytest

from localchat import paths
from localchat.fit import candidates, measurements, memory, pace, speed, work
from localchat.fit.candidate import Candidate
from localchat.fit.measurements import Kind, Measurement
from localchat.fit.params import EngineParams
from localchat.fit.speed import Speed
from localchat.fit.work import Work
from localchat.machine.hardware import Gpu, Hardware
from localchat.models import gguf
from tests.fit.test_speed import llama

_GIB = 2**30
_LAPTOP = Hardware("linux", "Some Processor 1000", 4, 0, 32 * _GIB, 24 * _GIB, 8, 4)
_DESKTOP = dataclasses.replace(
    _LAPTOP, gpus=(Gpu("NVIDIA GeForce RTX 3060", "cuda", 12 * _GIB, 12 * _GIB),)
)
_PARAMS = EngineParams(context_tokens=4096)
_NOTHING = Work(0.0, 0.0, 0.0)
_BYTE, _LAYER = 1 / 9e9, 2e-4
"""The truth about the machine of these tests: seconds a byte and seconds a layer."""


def model(path: Path | None = Path("/models/llama.gguf")) -> Candidate:
    """An 8B model in Q4_K_S."""
    return dataclasses.replace(llama("llama-3-8b", "Q4_K_S", 4.36, 128_256, 8), path=path)


def measured(
    weights_bytes: float,
    layers: float,
    *,
    kind: Kind = "probe",
    file: str = "other",
    params: EngineParams = _PARAMS,
    gpu: bool = False,
    times: float = 1.0,
    kv_bytes: float = 0.0,
) -> Measurement:
    """What a true measurement on that machine says, or one that is `times` as slow."""
    done = Work(weights_bytes, layers, kv_bytes)
    return Measurement(
        kind=kind,
        file=file,
        setting=speed.setting(model(), params, _LAPTOP),
        host=_NOTHING if gpu else done,
        gpu=done if gpu else _NOTHING,
        token_seconds=times * (weights_bytes * _BYTE + layers * _LAYER),
    )


PROBES = (measured(5e8, 16, file="thick"), measured(5e7, 24, file="thin"))


def predict(
    *known: Measurement, params: EngineParams = _PARAMS, hardware: Hardware = _LAPTOP
) -> Speed:
    """Predict the 8B model's speed."""
    footprint = memory.footprint(model(), params, hardware)
    return speed.estimate(model(), footprint, params, hardware, known)


def own_work(params: EngineParams = _PARAMS) -> work.Split:
    """What the 8B model does on the machine without a GPU."""
    return work.split(model(), memory.footprint(model(), params, _LAPTOP), params)


def truth(done: Work) -> float:
    """The rate that this work really has."""
    return 1 / (done.weights_bytes * _BYTE + done.layers * _LAYER)


def test_two_unlike_models_teach_both_terms() -> None:
    """Probes of a thick and a thin model predict an eightfold larger one within 5 %."""
    said = predict(*PROBES)
    assert "probed" == said.basis
    assert said.middle == pytest.approx(truth(own_work().host), rel=0.05)
    assert said.high / said.low <= 1.3


def test_one_model_alone_moves_the_estimate() -> None:
    """One measurement says how far the table is off, not which term is to blame."""
    plain, once = predict(), predict(measured(5e8, 16))
    wanted = truth(own_work().host)
    assert "estimate" == once.basis
    assert abs(once.middle - wanted) < abs(plain.middle - wanted)
    assert 1.3 < once.high / once.low <= 1.5


def test_a_tiny_model_teaches_nothing_about_others() -> None:
    """What a token of the built-in model costs is the engine's own work, not its few bytes."""
    tiny = measured(3.5e6, 4, file="guide", kind="chat", times=9)
    assert predict() == predict(tiny)


def test_a_tiny_model_is_slow_for_its_size() -> None:
    """Its few bytes are read in no time: a guess reckons with what the engine does besides."""
    file = paths.guide_model()
    guide = candidates.from_header(gguf.read_header(file), file.stat().st_size, model="guide")
    footprint = memory.footprint(guide, _PARAMS, _LAPTOP)
    assert speed.estimate(guide, footprint, _PARAMS, _LAPTOP).high < 2000


def test_answers_of_a_busy_machine_do_not_slow_it_down_for_good() -> None:
    """One answer in the quiet outweighs several that other programs slowed down."""
    busy = [measured(5e8, 16, kind="chat", times=4) for _ in range(5)]
    quiet = measured(5e8, 16, kind="chat")
    alone, among = predict(quiet), predict(*busy[:3], quiet, *busy[3:], quiet)
    assert alone.middle == pytest.approx(among.middle)


def test_other_threads_and_buffers_teach_nothing() -> None:
    """A measurement under other conditions leaves the estimate as it was."""
    fewer = dataclasses.replace(_PARAMS, threads=1)
    safe = dataclasses.replace(_PARAMS, extra_buffers=False)
    strange = [measured(5e8, 16, params=other, times=7) for other in (fewer, safe)]
    assert predict() == predict(*strange)


def test_another_format_tells_how_far_the_table_is_off() -> None:
    """Twice as slow as expected in Q8_0 is about twice as slow in Q4_K."""
    expected = pace.host(_LAPTOP, model(), _PARAMS, "Q8_0")
    done = Work(8e9, 32, 0.0)
    setting = dataclasses.replace(speed.setting(model(), _PARAMS, _LAPTOP), format="Q8_0")
    slow = Measurement("chat", "q8", setting, done, _NOTHING, 2 * expected.seconds(done, 0.0))
    # But for what the engine does about a token, which is in a measurement already.
    assert predict(slow).middle == pytest.approx(predict().middle / 2, rel=0.02)
    assert "estimate" == predict(slow).basis


def test_a_models_own_answers_come_first() -> None:
    """What this very file did here beats what other models foretell, and is told as measured."""
    file = measurements.identity(Path("llama.gguf"), model().file_bytes)
    own = own_work().host
    answers = [
        measured(own.weights_bytes, own.layers, kind="chat", file=file, times=each)
        for each in (1.98, 2.0, 2.02)
    ]
    said = predict(*PROBES, *answers)
    assert "measured here" == said.basis
    assert said.low <= truth(own) / 2 <= said.high
    assert said.high / said.low <= 1.12


def test_scattered_answers_widen_the_interval_within_its_bound() -> None:
    """Answers on a busy and on an idle machine leave an interval of high / low 1.3 at most."""
    file = measurements.identity(Path("llama.gguf"), model().file_bytes)
    own = own_work().host
    answers = [
        measured(own.weights_bytes, own.layers, kind="chat", file=file, times=each)
        for each in (1.0, 2.0, 4.0)
    ]
    assert predict(*answers).high / predict(*answers).low == pytest.approx(1.135**2)
    assert 1.135**2 <= 1.3


def test_a_probe_of_this_header_is_told_as_probed() -> None:
    """A time extended from truncated copies is no answer yet."""
    file = measurements.identity(Path("llama.gguf"), model().file_bytes)
    own = own_work().host
    said = predict(measured(own.weights_bytes, own.layers, file=file))
    assert "probed" == said.basis
    assert said.low < truth(own) < said.high
    assert said.high / said.low <= 1.3


def test_an_answer_deep_in_the_context_is_no_slower_model() -> None:
    """What keys and values cost is taken off before an answer counts for an empty context."""
    file = measurements.identity(Path("llama.gguf"), model().file_bytes)
    own = own_work().host
    rate = pace.host(_LAPTOP, model(), _PARAMS).kv_bytes_per_second
    shallow = measured(own.weights_bytes, own.layers, kind="chat", file=file)
    deep = dataclasses.replace(
        shallow,
        host=dataclasses.replace(own, kv_bytes=2e8),
        token_seconds=shallow.token_seconds + 2e8 / rate,
    )
    assert predict(deep).middle == pytest.approx(predict(shallow).middle)


def test_a_measured_cost_of_the_context_counts() -> None:
    """A probe that timed attention apart sets the rate at a full context, not at an empty one."""
    slow = dataclasses.replace(PROBES[0], kv_seconds_per_byte=1e-9)
    own = own_work().host
    said, plain = predict(slow, PROBES[1]), predict(*PROBES)
    assert said.middle == pytest.approx(plain.middle)
    added = 1 / (said.full_low * said.full_high) ** 0.5 - 1 / said.middle
    assert added == pytest.approx(own.kv_bytes * 1e-9)


def test_a_gpu_and_a_processor_are_learnt_apart() -> None:
    """With half of the layers on each, both must have been measured before it is called probed."""
    half = EngineParams(context_tokens=4096, gpu_layers=16)
    host = list(PROBES)
    gpu = [
        measured(8e9, 32, file="thick", gpu=True, times=0.1),
        measured(6e8, 24, file="thin", gpu=True, times=0.1),
    ]
    assert "estimate" == predict(*host, params=half, hardware=_DESKTOP).basis
    both = predict(*host, *gpu, params=half, hardware=_DESKTOP)
    assert "probed" == both.basis
    parts = work.split(model(), memory.footprint(model(), half, _DESKTOP), half)
    seconds = 1 / truth(parts.host) + 0.1 / truth(parts.gpu)
    assert both.middle == pytest.approx(1 / seconds, rel=0.06)


def test_nonsense_does_not_turn_a_rate_negative() -> None:
    """Times that contradict each other still give a rate that can be."""
    said = predict(
        measured(5e8, 16, file="thick", times=0.01), measured(5e7, 24, file="thin", times=50)
    )
    assert 0 < said.low < said.high
    assert 0 < said.full_low < said.full_high


def test_a_model_used_every_day_does_not_outvote_the_others() -> None:
    """Fifty slow answers of one model count as one row, and of those the middle one."""
    daily = [measured(5e8, 16, file="thick", times=times) for times in (1.0, 1.0, 1.0, 6.0)] * 12
    assert predict(*PROBES).middle == pytest.approx(predict(*daily, PROBES[1]).middle)
