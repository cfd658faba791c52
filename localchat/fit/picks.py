"""The named picks of one model: longest context, best quality, balanced, and what q8_0 KV adds.

Picks are made of offers, one for each quantization that may be recommended and fits now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from localchat.fit import ladder, option, placement
from localchat.fit.cells import Row
from localchat.fit.option import Option
from localchat.fit.situation import Situation

Offers = tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What offers are made of."""

    situation: Situation
    contexts: tuple[int, ...] = ()
    """The contexts to choose from; empty for the usual ones."""

    def offers(self, rows: Sequence[Row]) -> Offers:
        """List what may be recommended, the largest usual context of each row.

        What a GPU holds wholly goes before what it holds in part, and what is fast enough before
        what is not.
        """
        made = [each for row in rows if not row.objection for each in self._offers_of(row)]
        may = [each for each in made if not each.objection]
        quick = [each for each in may if not each.is_slow]
        return self._wholly_placed(quick or may)

    def useful_tokens(self, row: Row) -> int:
        """Return the context that "best quality" must have room for."""
        return min(self.situation.tuning.useful_context_tokens, row.limit_tokens)

    def _offers_of(self, row: Row) -> list[Option]:
        if self.contexts:
            cells = [row.cell(tokens) for tokens in self.contexts]
        elif self.situation.budget.gpus:
            least = min(self.situation.tuning.least_context_tokens, row.limit_tokens)
            steps = ladder.steps(row.candidate.trained_context_tokens)
            cells = [row.cell(step) for step in steps if step >= least]
        else:
            # Layers stay where they are, so the largest context that fits is found directly.
            most = row.most_tokens(row.place(row.limit_tokens))
            step = ladder.step_below(most, row.candidate.trained_context_tokens)
            cells = [row.cell(step)] if step else []
        return [each for each in cells if each.fits == "now"]

    def _wholly_placed(self, offers: Sequence[Option]) -> Offers:
        useful = self.situation.tuning.useful_context_tokens
        whole = [
            each
            for each in offers
            if not placement.spills(each.params, each.candidate, self.situation)
        ]
        limits = [ladder.limit_tokens(each.candidate.trained_context_tokens) for each in whole]
        enough = any(
            each.context_tokens >= min(useful, limit)
            for each, limit in zip(whole, limits, strict=True)
        )
        return tuple(whole if enough else offers)


def choose(plain: Sequence[Row], quantized: Sequence[Row], rules: Rules) -> tuple[Option, ...]:
    """Make the picks from rows with the plain KV cache, and what a quantized one adds to them."""
    offers = rules.offers(plain)
    if not offers:
        return ()
    named = {
        option.LONGEST: longest(offers),
        option.BEST: best(offers, rules.situation.tuning.useful_context_tokens),
        option.BALANCED: balanced(offers),
    }
    further = rules.offers(quantized) if quantized else ()
    ways: dict[str, Callable[[Option, Offers], Option | None]] = {
        option.LONGEST: longer,
        option.BEST: better,
        option.BALANCED: higher,
    }
    added = [ways[name](pick, further) for name, pick in named.items()]
    labelled = [(name, pick) for name, pick in named.items()]
    labelled += [(option.QUANTIZED_KV, pick) for pick in added if pick is not None]
    return _merged(labelled)


def longest(offers: Offers) -> Option:
    """Pick the largest exact maximum; where several reach it, the one that loses least."""
    return max(
        offers,
        key=lambda each: (
            each.max_context_tokens,
            each.context_tokens,
            -each.quality.divergence,
            -each.needed_bytes,
        ),
    )


def best(offers: Offers, useful_tokens: int) -> Option:
    """Pick the least loss with a useful context, or with the most there is."""
    enough = min(useful_tokens, max(each.context_tokens for each in offers))
    able = [each for each in offers if each.context_tokens >= enough]
    return min(
        able,
        key=lambda each: (
            each.quality.divergence,
            each.candidate.file_bytes,
            -each.context_tokens,
        ),
    )


def balanced(offers: Offers) -> Option:
    """Pick the best score."""
    return max(offers, key=lambda each: (each.score, -each.needed_bytes))


def longer(pick: Option, further: Offers) -> Option | None:
    """Find what a quantized cache adds to a pick for its context: a step, else a quantization."""
    return _next_step(pick, further) or _next_quant(pick, further)


def better(pick: Option, further: Offers) -> Option | None:
    """Find what a quantized cache adds to a pick for its quality: a quantization, else a step."""
    return _next_quant(pick, further) or _next_step(pick, further)


def higher(pick: Option, further: Offers) -> Option | None:
    """Find what a quantized cache adds to a balanced pick: the better of a step and a quant."""
    found = [_next_step(pick, further), _next_quant(pick, further)]
    scored = [each for each in found if each is not None and each.score > pick.score]
    return max(scored, key=lambda each: each.score, default=None)


def _next_step(pick: Option, further: Offers) -> Option | None:
    able = [
        each
        for each in further
        if each.candidate is pick.candidate and each.context_tokens > pick.context_tokens
    ]
    return max(able, key=lambda each: each.context_tokens, default=None)


def _next_quant(pick: Option, further: Offers) -> Option | None:
    # A quantization better by less than the cache costs is no gain.
    able = [
        each
        for each in further
        if each.quality.divergence < pick.quality.divergence
        and each.context_tokens >= pick.context_tokens
    ]
    return min(able, key=lambda each: each.quality.divergence, default=None)


def _merged(labelled: Sequence[tuple[str, Option]]) -> tuple[Option, ...]:
    found: dict[tuple[int, str, int], Option] = {}
    for name, pick in labelled:
        key = (id(pick.candidate), pick.kv_type, pick.context_tokens)
        known = found.get(key, pick)
        if name not in known.picks:
            known = replace(known, picks=(*known.picks, name))
        found[key] = known
    return tuple(found.values())
