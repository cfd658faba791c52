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
    judged = [(each, quality.of(each).divergence) for each in candidates]
    able = [pair for pair in judged if not objections.is_slow_format(pair[0], hardware)]
    kept, dropped = [], []
    for candidate, divergence in judged:
        better = [pair for pair in able if _dominates(*pair, candidate, divergence, tuning)]
        if better:
            dropped.append(Dominated(candidate, min(better, key=lambda pair: pair[1])[0]))
        else:
            kept.append(candidate)
    return tuple(kept), tuple(dropped)


def _dominates(
    one: Candidate, loss: float, other: Candidate, other_loss: float, tuning: Tuning
) -> bool:
    if one.file_bytes > other.file_bytes * tuning.as_large_factor or one is other:
        return False
    if loss < other_loss:
        return True
    by_name = one.quant and other.quant and one.quant.name == other.quant.dominated_by
    return bool(by_name) and loss == other_loss
