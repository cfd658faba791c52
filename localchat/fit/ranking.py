"""Which model to take: a ranking of models by what each comes to on this machine.

    score = prior x score kept x use of the context x use of the speed

The prior is the catalogue's tier, a judgment; files that it does not know are judged by their size
alone, which misleads between families. What is too slow or does not fit comes after what is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from localchat import units
from localchat.fit import ladder, tuning
from localchat.fit import option as options
from localchat.fit.candidate import Candidate
from localchat.fit.option import ModelPlan, Option
from localchat.fit.tuning import Tuning

_TIERS = 9
_UNKNOWN_TIERS = (1.0, 5.0)
_BILLION_TIER = 2.0
"""About where the catalogue puts a model of one billion weights."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model's place."""

    plan: ModelPlan
    option: Option
    """How to run it here: its balanced pick, else what comes nearest to fitting."""
    score: float
    """For comparison with other models on this machine; 0 when it does not fit now."""
    is_recommended: bool
    """It fits now and is quick enough, or nothing that fits is."""
    reason: str
    """Why it stands here, in one sentence."""


def rank(plans: Sequence[ModelPlan], weights: Tuning = tuning.DEFAULT) -> tuple[Ranked, ...]:
    """Rank models, the one to take first."""
    quick = any(option and not option.is_slow for option in map(_recommended, plans))
    ranked = [_ranked(plan, weights, quick) for plan in plans]
    return tuple(sorted(ranked, key=lambda each: (-each.is_recommended, -each.score, _need(each))))


def prior(candidate: Candidate, weights: Tuning = tuning.DEFAULT) -> float:
    """Return what a model is expected to be capable of, 1 for the best tier."""
    tier = candidate.tier or _tier_by_size(candidate)
    return float(weights.tier_factor ** (tier - _TIERS))


def _tier_by_size(candidate: Candidate) -> float:
    # Within a family, twice the size is worth 2^0.15 = 1.11; a tier is 1.15.
    billions = max(candidate.effective_parameters, 1e6) / 1e9
    least, most = _UNKNOWN_TIERS
    return min(most, max(least, _BILLION_TIER + math.log2(billions)))


def _recommended(plan: ModelPlan) -> Option | None:
    return plan.pick(options.BALANCED)


def _ranked(plan: ModelPlan, weights: Tuning, quick_ones: bool) -> Ranked:
    chosen = _recommended(plan)
    if chosen is None:
        nearest = plan.nearest
        return Ranked(plan, nearest, 0.0, False, _why_not(nearest))
    is_recommended = not (chosen.is_slow and quick_ones)
    score = prior(chosen.candidate, weights) * chosen.score
    return Ranked(plan, chosen, score, is_recommended, _why(chosen, is_recommended))


def _why(chosen: Option, is_recommended: bool) -> str:
    tier = chosen.candidate.tier
    judged = f"tier {tier} of {_TIERS}" if tier else "judged by its size alone"
    rate = f"{chosen.speed.low:.0f} to {chosen.speed.high:.0f} tokens/s"
    said = (
        f"{judged}, {chosen.quality.retained:.1%} of the original's score kept at {chosen.label}, "
        f"{ladder.name(chosen.context_tokens)} context, {rate}"
    )
    if not is_recommended:
        return f"Too slow here: {said}."
    return f"{said[:1].upper()}{said[1:]}."


def _why_not(nearest: Option) -> str:
    need = units.human_bytes(nearest.needed_bytes)
    what = f"{nearest.label} at {ladder.name(nearest.context_tokens)}"
    if nearest.fits == "now":
        return nearest.objection or f"{what} fits, but is no recommendation."
    if nearest.fits == "if you close apps":
        return f"Needs {need} for {what}, which is free once you close other programs."
    return f"Needs {need} for {what}, more than this machine has for it."


def _need(ranked: Ranked) -> tuple[bool, int]:
    return ranked.option.fits == "no", ranked.option.needed_bytes
