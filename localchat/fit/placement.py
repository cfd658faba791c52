"""Which layers go to the GPUs: all when they fit, else the most that do.

A mixture of experts may keep its experts in main memory instead, where that is faster.
"""

from collections.abc import Callable
from dataclasses import replace

from localchat.fit import budget, holding, ladder
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams
from localchat.fit.situation import Situation

ALL_LAYERS = -1
Size = Callable[[EngineParams], Footprint]


def place(
    candidate: Candidate, params: EngineParams, size: Size, situation: Situation
) -> EngineParams:
    """Choose the GPU layers for these parameters, so that they fit now if they can at all."""
    whole = at_once(candidate, params, situation)
    if not may_split(situation) or _short(whole, size, situation) <= 0:
        return whole
    split = _split(candidate, params, size, situation)
    ways = [split]
    if candidate.shape.experts is not None:
        aside = replace(params, experts_on_cpu=True)
        ways.append(_split(candidate, aside, size, situation))
    now = [way for way in ways if _short(way, size, situation) <= 0]
    if now:
        return max(now, key=lambda way: _rate(candidate, way, size, situation))
    if _short(whole, size, situation, closed=True) <= 0:
        return whole
    later = [way for way in ways if _short(way, size, situation, closed=True) <= 0]
    return later[0] if later else split


def at_once(candidate: Candidate, params: EngineParams, situation: Situation) -> EngineParams:
    """Put all layers on the GPUs, or on the processor where there are none, or as the user says."""
    layers = ALL_LAYERS if situation.hardware.gpus else 0
    if situation.gpu_layers is not None:
        layers = situation.gpu_layers
    if params.gpu_layers != layers:
        params = replace(params, gpu_layers=layers)
    return holding.mapped(candidate, params, situation)


def may_split(situation: Situation) -> bool:
    """Say whether layers may be divided between processor and GPUs with memory of their own."""
    return bool(situation.budget.gpus) and situation.gpu_layers is None


def spills(params: EngineParams, candidate: Candidate, situation: Situation) -> bool:
    """Say whether a GPU with memory of its own runs only a part of the model."""
    if not situation.budget.gpus:
        return False
    every = candidate.shape.layers + 1
    return params.experts_on_cpu or 0 <= params.gpu_layers < every


def _split(
    candidate: Candidate, params: EngineParams, size: Size, situation: Situation
) -> EngineParams:
    """Put as many layers on the GPUs as they have room for."""

    params = holding.mapped(candidate, replace(params, gpu_layers=0), situation)

    def short(layers: int) -> int:
        footprint = size(replace(params, gpu_layers=layers))
        taken = budget.gpu_bytes(footprint, situation.budget)
        return max(
            held - gpu.now_bytes
            for gpu, held in zip(situation.budget.gpus, taken or (0,), strict=False)
        )

    every = candidate.shape.layers + 1
    found = replace(params, gpu_layers=ladder.largest(0, every, short))
    return holding.mapped(candidate, found, situation)


def _short(params: EngineParams, size: Size, situation: Situation, closed: bool = False) -> int:
    return budget.short_bytes(size(params), situation.budget, closed)


def _rate(candidate: Candidate, params: EngineParams, size: Size, situation: Situation) -> float:
    speed = situation.pacer(candidate, size(params), params, situation.hardware)
    return speed.middle
