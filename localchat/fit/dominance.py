"""Quantizations that another of the same model makes pointless."""

from collections.abc import Sequence

from localchat.fit import objections
from localchat.fit.candidate import Candidate
from localchat.fit.option import Dominated
from localchat.fit.quality import Quality
from localchat.fit.tuning import Tuning
from localchat.machine.hardware import Hardware

Judged = Sequence[tuple[Candidate, Quality]]


def split(
    judged: Judged, hardware: Hardware, tuning: Tuning
) -> tuple[Judged, tuple[Dominated, ...]]:
    """Divide a model's quantizations, each with what it loses, into those to offer and the rest.

    One that loses less and takes at most 2 % more bytes dominates. Formats that this machine is
    slow with dominate nothing.
    """
    able = [pair for pair in judged if not objections.is_slow_format(pair[0], hardware)]
    kept, dropped = [], []
    for candidate, found in judged:
        loss = found.divergence
        better = [
            (theirs.divergence, other)
            for other, theirs in able
            if _dominates(other, theirs.divergence, candidate, loss, tuning)
        ]
        if better:
            dropped.append(Dominated(candidate, min(better, key=lambda pair: pair[0])[1]))
        else:
            kept.append((candidate, found))
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
