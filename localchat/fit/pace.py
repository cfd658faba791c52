"""How fast a device decodes, guessed from its name and kind.

Two terms: bytes a second, and seconds a layer. Knows nothing of measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from localchat.fit import chips
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.fit.work import Work
from localchat.machine.hardware import Gpu, Hardware

_UNKNOWN_GBPS_PER_CORE = 8.0
_UNKNOWN_MOST_GBPS = 40.0
_UNKNOWN_GPU_GBPS = 200.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What a device needs for a token's work."""

    bytes_per_second: float
    layer_seconds: float
    kv_bytes_per_second: float

    def seconds(self, work: Work, filled: float) -> float:
        """Return the time of one token, with this share of the context in use."""
        return (
            work.weights_bytes / self.bytes_per_second
            + work.layers * self.layer_seconds
            + filled * work.kv_bytes / self.kv_bytes_per_second
        )


def host(hardware: Hardware, candidate: Candidate, params: EngineParams) -> Pace:
    """Guess how fast the processor decodes this model's format."""
    backend = chips.table().backends["cpu"]
    threads = max(1, min(params.threads or hardware.decode_threads, hardware.usable_threads))
    peak = _memory_gbps(hardware, threads) * 1e9
    cores = threads * _core_bytes_per_second(candidate)
    memory = peak * backend.efficiency
    return Pace(
        bytes_per_second=1 / (1 / memory + 1 / cores),
        layer_seconds=backend.layer_seconds,
        kv_bytes_per_second=peak * backend.kv_efficiency,
    )


def gpus(hardware: Hardware, shares: Sequence[float]) -> Pace | None:
    """Guess how fast the GPUs decode together, one after the other; None when there are none."""
    if not hardware.gpus:
        return None
    used = hardware.gpus[: len(shares)] if len(shares) > 1 else hardware.gpus[:1]
    weighted = shares if len(shares) == len(used) else (1.0,) * len(used)
    paces = [_gpu(hardware, each) for each in used]
    return Pace(
        bytes_per_second=_series(weighted, [each.bytes_per_second for each in paces]),
        layer_seconds=sum(w * p.layer_seconds for w, p in zip(weighted, paces, strict=True)),
        kv_bytes_per_second=_series(weighted, [each.kv_bytes_per_second for each in paces]),
    )


def _series(shares: Sequence[float], rates: Sequence[float]) -> float:
    return 1 / sum(share / rate for share, rate in zip(shares, rates, strict=True))


def _gpu(hardware: Hardware, gpu: Gpu) -> Pace:
    backends = chips.table().backends
    backend = backends.get(gpu.backend, backends["vulkan"])
    peak = _gpu_gbps(hardware, gpu) * 1e9
    return Pace(peak * backend.efficiency, backend.layer_seconds, peak * backend.kv_efficiency)


def _gpu_gbps(hardware: Hardware, gpu: Gpu) -> float:
    known = chips.gpu_bandwidth_gbps(gpu.name, gpu.memory_bytes, hardware.performance_cores)
    if hardware.unified_memory or gpu.is_integrated:
        stated = hardware.memory_bandwidth_gbps
        return stated or known or _memory_gbps(hardware, hardware.decode_threads)
    return known or _UNKNOWN_GPU_GBPS


def _memory_gbps(hardware: Hardware, threads: int) -> float:
    stated = hardware.memory_bandwidth_gbps
    known = stated or chips.cpu_bandwidth_gbps(hardware.cpu, hardware.performance_cores)
    return known or min(_UNKNOWN_MOST_GBPS, _UNKNOWN_GBPS_PER_CORE * threads)


def _core_bytes_per_second(candidate: Candidate) -> float:
    formats = chips.table().core_bytes_per_second
    name = candidate.quant.tensor_type.name if candidate.quant else "Q4_K"
    return formats.get(name, formats["Q4_K"])
