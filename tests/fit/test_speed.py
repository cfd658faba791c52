"""Speeds before anything is measured, and after."""

import statistics
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localchat import units
from localchat.fit import candidates, chips, memory, speed
from localchat.fit.candidate import Candidate, Weights
from localchat.fit.params import EngineParams
from localchat.fit.speed import Speed
from localchat.machine import profile
from localchat.machine.hardware import Gpu, Hardware
from localchat.models import catalogue, quants
from localchat.models.shapes import Attention, Shape

_MACHINES = Path(__file__).parents[1] / "machines"
_POINTS = Path(__file__).with_name("check_points.toml")


@dataclass(frozen=True, slots=True)
class Point:
    """A published measurement and what localchat would have said."""

    what: str
    measured: float
    said: Speed

    @property
    def error(self) -> float:
        """How far the middle of the interval is from the truth, as a share of it."""
        return self.said.middle / self.measured - 1


def llama(title: str, quant: str, file_gib: float, vocabulary: int, kv_heads: int) -> Candidate:
    """A Llama of 32 layers and width 4096, as llama-quantize makes it."""
    known = quants.by_name(quant)
    assert known is not None
    matrix = vocabulary * 4096
    embedding = int(matrix * known.block_bits_per_weight / 8)
    output = int(matrix * 6.5625 / 8)
    total = int(file_gib * units.GIB)
    layers = ((total - embedding - output) // 32,) * 32
    return Candidate(
        model=title,
        title=title,
        architecture="llama",
        label=quant,
        quant=known,
        file_bytes=total,
        uncertainty_bytes=0,
        shape=Shape(32, (Attention(32, kv_heads, 128, 128),), embedding=4096),
        weights=Weights(embedding, output, False, layers, (0,) * 32),
        parameters=6_738_000_000 if vocabulary == 32_000 else 8_030_000_000,
        effective_parameters=7e9,
        trained_context_tokens=4096,
    )


_MADE = {("llama-2-7b", "Q4_0"): llama("llama-2-7b", "Q4_0", 3.56, 32_000, 32)} | {
    ("llama-3-8b", quant): llama("llama-3-8b", quant, gib, 128_256, 8)
    for quant, gib in {
        "Q4_0": 4.34, "Q4_K_S": 4.36, "Q6_K": 6.14, "IQ4_XS": 4.17, "IQ3_S": 3.43,
    }.items()
}  # fmt: skip


def candidate(model: str, label: str) -> Candidate:
    """Find a file in the catalogue, or among those that are described here."""
    if (model, label) in _MADE:
        return _MADE[model, label]
    found = next(each for each in catalogue.catalogue() if each.id == model)
    return next(each for each in candidates.from_catalogue(found) if each.label == label)


def machine(facts: dict[str, Any]) -> Hardware:
    """Build the machine of a check point."""
    ram = facts["ram_gib"] * units.GIB
    unified = facts["os"] == "darwin" or "GB10" in facts.get("gpu", "")
    vram = facts.get("gpu_gib", 0) * units.GIB or (ram if unified else 16 * units.GIB)
    gpus = (Gpu(facts["gpu"], facts["backend"], vram, vram),) if "gpu" in facts else ()
    cores = facts["cores"]
    return Hardware(
        facts["os"], facts["cpu"], cores, 0, ram, ram, 2 * cores, cores,
        gpus=gpus, unified_memory=unified, memory_bandwidth_gbps=facts.get("bandwidth_gbps"),
    )  # fmt: skip


def predict(model: Candidate, hardware: Hardware, threads: int = 0, tokens: int = 2048) -> Speed:
    """Estimate with the closed form's footprint."""
    params = EngineParams(context_tokens=tokens, threads=threads)
    return speed.estimate(model, memory.footprint(model, params, hardware), params, hardware)


def points() -> list[Point]:
    """Every published measurement beside the estimate."""
    facts = tomllib.loads(_POINTS.read_text())
    found = []
    for each in facts["point"]:
        assert each["source"] in facts["sources"]
        model = candidate(each["model"], each["label"])
        said = predict(model, machine(facts["machine"][each["machine"]]), each.get("threads", 0))
        what = f"{each['machine']} {each['model']} {each['label']}"
        found.append(Point(what, each["tokens_per_second"], said))
    return found


def test_estimates_hold_against_published_measurements() -> None:
    """Nine estimates of ten contain what was measured; the median error is at most 10 %."""
    found = points()
    for point in sorted(found, key=lambda point: point.error):
        print(
            f"{point.what:50} {point.measured:7.1f} said {point.said.low:6.1f} to "
            f"{point.said.high:6.1f}  {100 * point.error:+.0f} %"
        )
    inside = [point for point in found if point.said.low <= point.measured <= point.said.high]
    median = statistics.median(abs(point.error) for point in found)
    print(f"{len(inside)} of {len(found)} inside, median error {100 * median:.1f} %")
    assert len(inside) >= 0.9 * len(found)
    assert median <= 0.10


@pytest.mark.parametrize("file", sorted(_MACHINES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_recorded_machine_gets_an_honest_interval(file: Path) -> None:
    """On any machine high / low is at most 1.5, and a full context is slower than an empty one."""
    said = predict(candidate("mistral-7b", "Q4_K_S"), profile.read(file), tokens=8192)
    print(f"{file.stem:34} {said.low:6.1f} to {said.high:6.1f}, full {said.full_low:6.1f}")
    assert 0 < said.low < said.high <= 1.5 * said.low
    assert said.full_high < said.high and said.full_low < said.low
    assert said.full_high <= 1.5 * said.full_low
    assert said.basis == "estimate"


def test_a_known_laptop_is_estimated_right() -> None:
    """An M2 with 100 GB/s decodes Mistral 7B in Q4_K_S at about 20 tokens/s."""
    air = profile.read(_MACHINES / "macbook-air-m2-16gb.toml")
    said = predict(candidate("mistral-7b", "Q4_K_S"), air, tokens=16384)
    assert said.low <= 20 <= said.high


def test_every_fact_about_chips_names_its_source() -> None:
    """The table reads, and no name stands for two chips without telling them apart."""
    keys = [
        (chip.name.lower(), chip.performance_cores, chip.memory_gib) for chip in chips.table().chips
    ]
    assert len(keys) == len(set(keys))
    assert {"metal", "cuda", "rocm", "vulkan", "sycl"} == set(chips.table().backends)
    assert {form.name for form in quants.TENSOR_TYPES.values()} - set(chips.table().formats) == {
        "I8", "I16", "I32", "I64",
    }  # fmt: skip
