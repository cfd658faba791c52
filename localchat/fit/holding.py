"""Whether the file is mapped and memory locked, each with its reason.

Follows what was measured: weights that the processor repacks lie in memory twice when the file is
mapped, and locked memory must leave the other programs their own.
"""

from dataclasses import replace

from localchat import units
from localchat.fit.budget import Fits
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.fit.params import EngineParams
from localchat.fit.situation import Situation

_MOST_LOCKED_SHARE = 0.6
"""Of all memory; locking more starves the system itself."""


def mapped(candidate: Candidate, params: EngineParams, situation: Situation) -> EngineParams:
    """Decide whether the file is mapped, unless the user has."""
    if situation.base.mmap is not None:
        return params
    decided, _ = _mapping(candidate, params, situation)
    return params if params.mmap is decided else replace(params, mmap=decided)


def mapping_reason(candidate: Candidate, params: EngineParams, situation: Situation) -> str:
    """Say why the file is mapped, or is not."""
    decided, reason = _mapping(candidate, params, situation)
    if params.mmap is None or params.mmap == decided:
        return reason
    return "no-mmap off, as you set it" if params.mmap else "no-mmap on, as you set it"


def _mapping(candidate: Candidate, params: EngineParams, situation: Situation) -> tuple[bool, str]:
    if not _processor_computes(candidate, params, situation):
        return True, "no-mmap off: the GPU computes, and the file is read where it lies"
    if not params.extra_buffers:
        return True, "no-mmap off: the weights keep their layout"
    if candidate.quant is not None and candidate.quant.is_full_precision:
        return True, f"no-mmap off: the processor reads {candidate.label} as it is"
    return False, (
        "no-mmap on: the processor lays the weights out anew, and a mapped file would stay in "
        "memory beside them"
    )


def locking(footprint: Footprint, fits: Fits, situation: Situation) -> tuple[bool, str]:
    """Decide whether main memory is locked, so that it is never swapped out, and say why."""
    held = footprint.on(MAIN_MEMORY)
    if not situation.budget.gpus:
        held = footprint.total_bytes
    shown = units.human_bytes(held)
    if situation.budget.gpus and held < footprint.total_bytes // 4:
        return False, "mlock off: the model lies in the GPU's own memory"
    if fits != "now":
        return False, "mlock off: it would take memory that other programs use now"
    limit = situation.lock_limit_bytes
    if limit is not None and limit < held:
        return False, f"mlock off: this system lets a program lock {units.human_bytes(limit)}"
    if held > _MOST_LOCKED_SHARE * situation.hardware.ram_bytes:
        return False, f"mlock off: {shown} is too much of this memory to take it for good"
    return True, f"mlock on: {shown} fits beside the other programs and is never swapped out"


def _processor_computes(candidate: Candidate, params: EngineParams, situation: Situation) -> bool:
    if not situation.hardware.gpus:
        return True
    if params.experts_on_cpu:
        return True
    return 0 <= params.gpu_layers < candidate.shape.layers + 1
