"""What a quantization costs: how far a model's answers stray, as a range and in plain words.

The losses of `assets/quants.toml` are those of Llama 3 8B; smaller models lose more, by a power law
fitted for each family of formats. A loss in percent is perplexity more than F16's. Between makers
of one and the same quantization the divergence varies fourfold, hence the range. Knows nothing of
memory or speed.
"""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from localchat.fit import losses
from localchat.fit.candidate import Candidate

BROKEN_DIVERGENCE: Final = 0.6
"""From here on a model is not usable: the rule for `retained` is too kind."""

_RETENTION_RATE: Final = 0.78
"""Score above chance kept = exp(-0.78 x divergence): MMLU of Llama 3 8B in 20 quantizations."""
_MAKER_FACTOR: Final = 2.0
"""Up and down: makers of one quantization differ fourfold."""
_KV_EXPONENT: Final = 0.5

_KV_LOSS = MappingProxyType(
    {
        "q8_0": (0.0004, 0.04), "q5_1": (0.0016, 0.15), "q5_0": (0.0030, 0.30),
        "q4_1": (0.0100, 0.90), "q4_0": (0.0120, 1.10), "iq4_nl": (0.0120, 1.10),
    }
)  # fmt: skip
"""Divergence and percent of perplexity that one half of the cache, keys or values, costs on 8B.

q8_0 and q5_1 as in llama.cpp's pull request 7412; q4_0 as Qwen3 8B showed with both halves.
"""

_WORDS = ((0.02, "as good"), (0.08, "slightly"), (0.20, "noticeably"), (1.0, "much"))
"""Of the score above chance, what is lost at most; and what a person would say."""

_FLOORS = ((2e9, 5), (9e9, 4), (60e9, 3))
"""Below so many effective parameters, formats of fewer bits are no recommendation."""
_TWO_BIT_EXPERTS: Final = 30e9
"""Mixtures of experts bear formats of 2 bits from here on."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What is lost against the original in F16."""

    loss_percent_low: float
    loss_percent: float
    loss_percent_high: float
    """Perplexity more than F16's, in percent: the range, and what to reckon with."""
    divergence: float
    """Mean Kullback-Leibler divergence from F16, in nats a token."""
    retained: float
    """Of what the original scores above chance, this part is kept."""
    words: str
    """The same in plain words."""
    is_below_floor: bool
    floor_reason: str
    """Why it is no recommendation, in one sentence; empty when it may be one."""
    source: str
    """What the figures rest on."""


def of(candidate: Candidate, kv_type_k: str = "f16", kv_type_v: str = "f16") -> Quality:
    """Judge a model's quantization together with the types of its KV cache.

    An F16 cache, and one of a type that nobody measured, costs nothing here.
    """
    loss = losses.of(candidate)
    key, value = _KV_LOSS.get(kv_type_k, (0.0, 0.0)), _KV_LOSS.get(kv_type_v, (0.0, 0.0))
    grows = losses.scale(candidate.effective_parameters, _KV_EXPONENT)
    divergence = loss.divergence + (key[0] + value[0]) * grows
    percent = loss.percent + (key[1] + value[1]) * grows
    floor = _floor_reason(candidate, loss, divergence)
    return Quality(
        loss_percent_low=percent / _MAKER_FACTOR,
        loss_percent=percent,
        loss_percent_high=percent * _MAKER_FACTOR,
        divergence=divergence,
        retained=retained(divergence),
        words=in_words(divergence),
        is_below_floor=bool(floor),
        floor_reason=floor,
        source=loss.source,
    )


def retained(divergence: float) -> float:
    """Return the part kept of what the original scores above chance.

    Fitted to MMLU of Llama 3 8B Instruct, for divergences below 0.6; worst error 3.5 points.

    >>> round(retained(0.0313), 3)
    0.976
    """
    return math.exp(-_RETENTION_RATE * divergence)


def in_words(divergence: float) -> str:
    """Say a divergence as a person would, from the best maker to the worst.

    >>> in_words(0.0055), in_words(0.0313)
    ('about as good as the original', 'about as good as the original or slightly worse')
    >>> in_words(0.102), in_words(0.9)
    ('slightly to noticeably worse than the original', 'not usable')
    """
    if divergence > BROKEN_DIVERGENCE:
        return "not usable"
    best, worst = _word(divergence / _MAKER_FACTOR), _word(divergence * _MAKER_FACTOR)
    if best == worst:
        how = "about as good as" if best == "as good" else f"{best} worse than"
        return f"{how} the original"
    if best == "as good":
        return f"about as good as the original or {worst} worse"
    return f"{best} to {worst} worse than the original"


def _word(divergence: float) -> str:
    lost = 1 - retained(divergence)
    return next((word for most, word in _WORDS if lost < most), _WORDS[-1][1])


def _floor_reason(candidate: Candidate, loss: losses.ScaledLoss, divergence: float) -> str:
    if loss.is_exempt:
        return ""
    billions = candidate.effective_parameters / 1e9
    if divergence > BROKEN_DIVERGENCE:
        return "So few bits break a model of this size."
    least = _least_bits(candidate)
    if loss.bits < least:
        return f"A model of {billions:.1f}B needs a format of {least} bits or more."
    return ""


def _least_bits(candidate: Candidate) -> int:
    size = candidate.effective_parameters
    if candidate.shape.experts is not None and size >= _TWO_BIT_EXPERTS:
        return 2
    return next((bits for below, bits in _FLOORS if size < below), 2)
