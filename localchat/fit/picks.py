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
        """List what may be recommended: of each row its largest usual context that fits now.

        Layers leave a GPU with memory of its own only where no quantization has room there with a
        useful context, and slow choices count only where there is nothing else.
        """
        able = [row for row in rows if not row.objection]
        if self.contexts:
            made = self._preferred([row.cell(each) for row in able for each in self.contexts])
        else:
            made = self._preferred([row.cell(step) for row in able for step in _top_step(row)])
            if placement.may_split(self.situation) and not self._has_useful(made):
                made = [row.cell(step) for row in able for step in _all_steps(row)]
        may = [each for each in made if each.fits == "now" and not each.objection]
        return tuple([each for each in may if not each.is_slow] or may)

    def _preferred(self, cells: Sequence[Option]) -> Sequence[Option]:
        whole = [
            each
            for each in cells
            if each.fits == "now"
            and not placement.spills(each.params, each.candidate, self.situation)
        ]
        return whole if self._has_useful(whole) else cells

    def _has_useful(self, cells: Sequence[Option]) -> bool:
        useful = self.situation.tuning.useful_context_tokens
        return any(
            each.context_tokens
            >= min(useful, ladder.limit_tokens(each.candidate.trained_context_tokens))
            for each in cells
        )


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
    further = rules.offers(_worth_asking(quantized, tuple(named.values())))
    ways: dict[str, Callable[[Option, Offers], Option | None]] = {
        option.LONGEST: longer,
        option.BEST: better,
        option.BALANCED: higher,
    }
    added = [ways[name](pick, further) for name, pick in named.items()]
    labelled = [(name, pick) for name, pick in named.items()]
    labelled += [(option.QUANTIZED_KV, pick) for pick in added if pick is not None]
    return _merged(labelled)


def nearest(rows: Sequence[Row], rules: Rules) -> Option:
    """Find what comes nearest to a pick where there is none: the largest file that could fit.

    With a useful context; the smallest file where none could.
    """
    useful = rules.situation.tuning.useful_context_tokens
    able = [row for row in rows if not row.objection] or list(rows)
    tried = None
    for row in sorted(able, key=lambda row: -row.candidate.file_bytes):
        tokens = rules.contexts[0] if rules.contexts else min(useful, row.limit_tokens)
        tried = row.cell(tokens)
        if tried.fits != "no":
            break
    assert tried is not None, "a model has at least one file"
    return tried


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


def _worth_asking(rows: Sequence[Row], chosen: Offers) -> list[Row]:
    """Leave out the rows that can add neither a step nor a quantization to any pick."""
    worst = max(each.quality.divergence for each in chosen)
    ids = {
        id(each.candidate)
        for each in chosen
        if each.context_tokens < ladder.limit_tokens(each.candidate.trained_context_tokens)
    }
    return [row for row in rows if id(row.candidate) in ids or row.quality.divergence < worst]


def _top_step(row: Row) -> tuple[int, ...]:
    step = ladder.step_below(row.most_at_once(), row.candidate.trained_context_tokens)
    return (step,) if step else ()


def _all_steps(row: Row) -> tuple[int, ...]:
    return ladder.steps(row.candidate.trained_context_tokens)


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
