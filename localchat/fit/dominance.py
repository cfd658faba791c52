"""Quantizations that another of the same model makes pointless."""

from collections.abc import Sequence

from localchat.fit import objections, quality
from localchat.fit.candidate import Candidate
from localchat.fit.option import Dominated
from localchat.fit.tuning import Tuning
from localchat.machine.hardware import Hardware


def split(
    candidates: Sequence[Candidate], hardware: Hardware, tuning: Tuning
) -> tuple[tuple[Candidate, ...], tuple[Dominated, ...]]:
    """Divide a model's quantizations into those to offer, and those that others dominate.

    One that loses less and takes at most 2 % more bytes dominates. Formats that this machine is
    slow with dominate nothing.
    """
    able = [each for each in candidates if not objections.is_slow_format(each, hardware)]
    kept, dropped = [], []
    for candidate in candidates:
        better = [each for each in able if _dominates(each, candidate, tuning)]
        if better:
            best = min(better, key=lambda each: quality.of(each).divergence)
            dropped.append(Dominated(candidate, best))
        else:
            kept.append(candidate)
    return tuple(kept), tuple(dropped)


def _dominates(one: Candidate, other: Candidate, tuning: Tuning) -> bool:
    if one.file_bytes > other.file_bytes * tuning.as_large_factor or one is other:
        return False
    if quality.of(one).divergence < quality.of(other).divergence:
        return True
    by_name = one.quant and other.quant and one.quant.name == other.quant.dominated_by
    return bool(by_name) and not other.is_quantization_aware
