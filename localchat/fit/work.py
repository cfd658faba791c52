"""What one token of an answer makes each device do: the bytes it reads and the layers it runs.

Knows nothing of how fast a device is.
"""

from dataclasses import dataclass

from localchat.fit.candidate import Candidate
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.fit.params import EngineParams

_STATE_PASSES = 2
"""A recurrent state is read and written back at every token."""
_RECURRENT_LAYER = 1.9
_WINDOW_LAYER = 1.4
_EXPERTS_LAYER = 1.2
"""How much more a layer's fixed cost is than that of Llama's, in models with delta nets or
state-space layers, with sliding windows (whose makers also normalize more), and with experts: seen
in public measurements (tests/fit/check_points.toml)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One device's share of one token."""

    weights_bytes: float
    """Weights read, and recurrent state read and written."""
    layers: float
    """Layers run, each counted as so many of Llama's as its fixed cost is worth."""
    kv_bytes: float
    """Keys and values read when the context is full; none are when it is empty."""

    @property
    def is_nothing(self) -> bool:
        """The device takes no part."""
        return self.weights_bytes <= 0 and self.layers <= 0


@dataclass(frozen=True, slots=True)
class Split:
    """One token's work on main memory and on all GPUs together."""

    host: Work
    gpu: Work
    gpu_shares: tuple[float, ...]
    """Of the GPUs' part, what each one does; empty when there is one GPU or none."""


def split(candidate: Candidate, footprint: Footprint, params: EngineParams) -> Split:
    """Divide a token's work as llama.cpp divides the layers.

    A footprint that has GPU devices says that there are some; `params` says how much they get:
    the output head first, then the layers from the last one on.
    """
    weights = candidate.weights
    gpus = tuple(each for each in footprint.devices if each.device != MAIN_MEMORY)
    layers = len(weights.layers_bytes)
    on_gpu = _units_on_gpu(params, layers) if gpus else 0
    first = min(layers, max(0, layers + 1 - on_gpu))
    routed = [part * _experts_share(candidate) for part in weights.experts_bytes]
    dense = [
        whole - part
        for whole, part in zip(weights.layers_bytes, weights.experts_bytes, strict=True)
    ]
    gpu_bytes = float(sum(dense[first:]))
    if not params.experts_on_cpu:
        gpu_bytes += sum(routed[first:])
    host_bytes = sum(dense) + sum(routed) - gpu_bytes
    if on_gpu:
        gpu_bytes += weights.output_bytes
    else:
        host_bytes += weights.output_bytes
    state = candidate.shape.recurrent.state_bytes if candidate.shape.recurrent else 0
    host_state = state * first / max(1, layers)
    worth = _layer_worth(candidate)
    gpu_kv = sum(each.kv_bytes for each in gpus)
    return Split(
        _work(host_bytes, first * worth, footprint.kv_bytes - gpu_kv, host_state),
        _work(gpu_bytes, (layers - first) * worth, gpu_kv, state - host_state),
        _shares(gpus),
    )


def _work(weights_bytes: float, layers: float, kv_bytes: int, state_bytes: float) -> Work:
    return Work(
        weights_bytes=weights_bytes + _STATE_PASSES * state_bytes,
        layers=layers,
        kv_bytes=max(0.0, kv_bytes - state_bytes),
    )


def _units_on_gpu(params: EngineParams, layers: int) -> int:
    wanted = params.gpu_layers
    return layers + 1 if wanted < 0 else min(wanted, layers + 1)


def _layer_worth(candidate: Candidate) -> float:
    shape = candidate.shape
    worth = 1.0
    if shape.recurrent and shape.recurrent.state:
        worth *= _RECURRENT_LAYER
    if any(group.window_tokens for group in shape.attention):
        worth *= _WINDOW_LAYER
    return worth * (_EXPERTS_LAYER if shape.experts else 1.0)


def _experts_share(candidate: Candidate) -> float:
    experts = candidate.shape.experts
    return experts.used / experts.count if experts and experts.count else 1.0


def _shares(gpus: tuple[DeviceMemory, ...]) -> tuple[float, ...]:
    total = sum(each.weights_bytes for each in gpus)
    if len(gpus) < 2 or not total:
        return ()
    return tuple(each.weights_bytes / total for each in gpus)
