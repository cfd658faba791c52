"""How fast a device decodes, guessed from its name and kind.

Two terms: bytes a second and seconds a layer; a third for keys and values. The constants stand in
`assets/chips.toml`. Knows nothing of measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from localchat.fit import chips
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.fit.work import Work
from localchat.machine.hardware import Gpu, Hardware
from localchat.models import quants

_UNKNOWN_GBPS_PER_CORE = 9.0
_UNKNOWN_MOST_GBPS = 45.0
"""A processor of unknown name: what a virtual machine's core gets, and two channels of DDR4."""
_UNKNOWN_GPU_GBPS = 200.0
_MOST_BYTES = "Q4_K"
"""The format to think of where a file's is not known."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a device needs for a token's work."""

    bytes_per_second: float
    layer_seconds: float
    kv_bytes_per_second: float
    prompt_flops: tuple[float, float] | None = None
    """Least and most arithmetic a second while a prompt is read."""

    def seconds(self, work: Work, filled: float) -> float:
        """Return the time of one token, with this share of the context in use."""
        return (
            work.weights_bytes / self.bytes_per_second
            + work.layers * self.layer_seconds
            + filled * work.kv_bytes / self.kv_bytes_per_second
        )


def host(hardware: Hardware, candidate: Candidate, params: EngineParams, form: str = "") -> Pace:
    """Guess how fast the processor decodes a model of this shape, in its format or in `form`.

    Memory and cores limit one another: 1 / rate = 1 / memory's rate + 1 / the cores' rate.
    """
    processor = chips.table().processor
    family = chips.find_family(hardware.cpu)
    threads = max(1, min(params.threads or hardware.decode_threads, hardware.usable_threads))
    cores = threads * (family.core_speed if family else 1.0)
    peak = _host_gbps(hardware, threads) * 1e9
    multiplied = cores * _format_bytes_per_second(form or format_of(candidate), hardware)
    least, most = processor.prompt_flops_per_core
    return Pace(
        bytes_per_second=1 / (1 / (peak * processor.efficiency) + 1 / multiplied),
        layer_seconds=processor.layer_seconds,
        kv_bytes_per_second=1
        / (1 / (peak * processor.kv_efficiency) + _attention_seconds(candidate, params) / cores),
        prompt_flops=(least * cores, most * cores),
    )


def engine_seconds(hardware: Hardware) -> float:
    """Guess what the engine does about a token whatever the model; it matters for tiny ones."""
    family = chips.find_family(hardware.cpu)
    return chips.table().processor.token_seconds / (family.core_speed if family else 1.0)


def gpus(hardware: Hardware, shares: Sequence[float]) -> Pace | None:
    """Guess how fast the GPUs decode together, one after the other; None when there are none."""
    if not hardware.gpus:
        return None
    used = hardware.gpus[: max(1, len(shares))]
    weighted = shares if len(shares) == len(used) else (1 / len(used),) * len(used)
    paces = [_gpu(hardware, each) for each in used]
    return Pace(
        bytes_per_second=_series(weighted, [each.bytes_per_second for each in paces]),
        layer_seconds=sum(w * p.layer_seconds for w, p in zip(weighted, paces, strict=True)),
        kv_bytes_per_second=_series(weighted, [each.kv_bytes_per_second for each in paces]),
        prompt_flops=(
            _series(weighted, [each.prompt_flops[0] for each in paces if each.prompt_flops]),
            _series(weighted, [each.prompt_flops[1] for each in paces if each.prompt_flops]),
        ),
    )


def _series(shares: Sequence[float], rates: Sequence[float]) -> float:
    return 1 / sum(share / rate for share, rate in zip(shares, rates, strict=True))


def _gpu(hardware: Hardware, gpu: Gpu) -> Pace:
    backends = chips.table().backends
    backend = backends.get(gpu.backend, backends["vulkan"])
    chip = chips.find_chip(gpu.name, gpu.memory_bytes, hardware.performance_cores)
    peak = _gpu_gbps(hardware, gpu, chip) * 1e9
    least, most = backend.prompt_flops_per_byte
    return Pace(
        peak * backend.efficiency * (chip.efficiency if chip else 1.0),
        backend.layer_seconds,
        peak * backend.kv_efficiency,
        (least * peak, most * peak),
    )


def _gpu_gbps(hardware: Hardware, gpu: Gpu, chip: chips.Chip | None) -> float:
    known = chip.bandwidth_gbps if chip else None
    if hardware.unified_memory or gpu.is_integrated:
        return hardware.memory_bandwidth_gbps or known or _memory_gbps(hardware)
    return known or _UNKNOWN_GPU_GBPS


def _memory_gbps(hardware: Hardware) -> float:
    if hardware.memory_bandwidth_gbps:
        return hardware.memory_bandwidth_gbps
    if family := chips.find_family(hardware.cpu):
        return family.bandwidth_gbps
    return min(_UNKNOWN_MOST_GBPS, _UNKNOWN_GBPS_PER_CORE * hardware.decode_threads)


def _host_gbps(hardware: Hardware, threads: int) -> float:
    chip = chips.find_chip(hardware.cpu, 0, hardware.performance_cores)
    if chip:
        most = chips.table().processor.apple_most_gbps
        return min(most, hardware.memory_bandwidth_gbps or chip.bandwidth_gbps)
    if hardware.memory_bandwidth_gbps or chips.find_family(hardware.cpu):
        return _memory_gbps(hardware)
    return min(_UNKNOWN_MOST_GBPS, _UNKNOWN_GBPS_PER_CORE * threads)


def format_of(candidate: Candidate) -> str:
    """Name the number format of most weights, as far as it is known."""
    return candidate.quant.tensor_type.name if candidate.quant else _MOST_BYTES


def _format_bytes_per_second(name: str, hardware: Hardware) -> float:
    formats = chips.table().formats
    found = formats.get(name, formats[_MOST_BYTES])
    arm = chips.is_arm(hardware.cpu)
    return found.arm_bytes_per_second if arm else found.x86_bytes_per_second


def _attention_seconds(candidate: Candidate, params: EngineParams) -> float:
    """Return the seconds that one core works on one byte of the KV cache.

    Every query head passes over all keys and values of its group.
    """
    shape = candidate.shape
    kv_heads = max((group.kv_heads for group in shape.attention), default=1)
    queries = max(1.0, (shape.heads or kv_heads) / kv_heads)
    value_bytes = (_value_bytes(params.kv_type_k) + _value_bytes(params.kv_type_v)) / 2
    return chips.table().processor.attention_seconds * queries / value_bytes


def _value_bytes(kv_type: str) -> float:
    forms = (form for form in quants.TENSOR_TYPES.values() if form.name == kv_type.upper())
    form = next(forms, quants.TENSOR_TYPES[1])
    return form.block_bytes / form.block_elements
