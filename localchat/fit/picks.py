"""The named picks of one model: longest context, best quality, balanced, and what q8_0 KV adds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from localchat.fit import option
from localchat.fit.cells import Row, Sketch
from localchat.fit.offers import Offers, Rules
from localchat.fit.option import Option
from localchat.fit.params import CONTEXT_STEP_TOKENS


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
    ways: dict[str, Callable[[Sketch, Offers, Offers], Sketch | None]] = {
        option.LONGEST: longer,
        option.BEST: better,
        option.BALANCED: higher,
    }
    added = [ways[name](pick, offers, further) for name, pick in named.items()]
    labeled = list(named.items())
    labeled += [(option.QUANTIZED_KV, pick) for pick in added if pick is not None]
    return _merged(labeled)


def longest(offers: Offers) -> Sketch:
    """Pick the largest exact maximum; where several reach it, the one that loses least."""
    top = max(each.context_tokens for each in offers)
    able = [each for each in offers if each.context_tokens == top]
    # The least memory leaves the most for context, so only what is close to it is searched.
    least = min(each.needed_bytes for each in able)
    if top < able[0].row.limit_tokens:
        able = [each for each in able if each.needed_bytes <= least + _next_tokens_bytes(each)]
    return max(
        able,
        key=lambda each: (each.row.most_tokens(each.params), -each.divergence, -each.needed_bytes),
    )


def _next_tokens_bytes(sketch: Sketch) -> int:
    return sketch.footprint.kv_bytes * 2 * CONTEXT_STEP_TOKENS // sketch.context_tokens


def best(offers: Offers, useful_tokens: int) -> Sketch:
    """Pick the least loss with a useful context, or with the most there is."""
    enough = min(useful_tokens, max(each.context_tokens for each in offers))
    able = [each for each in offers if each.context_tokens >= enough]
    return min(
        able,
        key=lambda each: (each.divergence, each.row.candidate.file_bytes, -each.context_tokens),
    )


def balanced(offers: Offers) -> Sketch:
    """Pick the best score."""
    return max(offers, key=lambda each: (each.score, -each.needed_bytes))


def longer(pick: Sketch, plain: Offers, further: Offers) -> Sketch | None:
    """Find what a quantized cache adds to a pick for its context: a step, else a quantization."""
    return _next_step(pick, further) or _next_quant(pick, plain, further)


def better(pick: Sketch, plain: Offers, further: Offers) -> Sketch | None:
    """Find what a quantized cache adds to a pick for its quality: a quantization, else a step."""
    return _next_quant(pick, plain, further) or _next_step(pick, further)


def higher(pick: Sketch, plain: Offers, further: Offers) -> Sketch | None:
    """Find what a quantized cache adds to a balanced pick: the better of a step and a quant."""
    found = [_next_step(pick, further), _next_quant(pick, plain, further)]
    scored = [each for each in found if each is not None and each.score > pick.score]
    return max(scored, key=lambda each: each.score, default=None)


def _next_step(pick: Sketch, further: Offers) -> Sketch | None:
    able = [
        each
        for each in further
        if each.row.candidate is pick.row.candidate and each.context_tokens > pick.context_tokens
    ]
    return max(able, key=lambda each: each.context_tokens, default=None)


def _next_quant(pick: Sketch, plain: Offers, further: Offers) -> Sketch | None:
    # What has room with the plain cache too is no gain, nor what is better by less than the
    # cache costs.
    had = {id(each.row.candidate) for each in plain if each.context_tokens >= pick.context_tokens}
    able = [
        each
        for each in further
        if each.divergence < pick.divergence
        and each.context_tokens >= pick.context_tokens
        and id(each.row.candidate) not in had
    ]
    return min(able, key=lambda each: each.divergence, default=None)


def _worth_asking(rows: Sequence[Row], chosen: Offers) -> list[Row]:
    """Leave out the rows that can add neither a step nor a quantization to any pick."""
    worst = max(each.divergence for each in chosen)
    short = {
        id(each.row.candidate) for each in chosen if each.context_tokens < each.row.limit_tokens
    }
    return [row for row in rows if id(row.candidate) in short or row.plain.divergence < worst]


def _merged(labeled: Sequence[tuple[str, Sketch]]) -> tuple[Option, ...]:
    names: dict[int, list[str]] = {}
    sketches: dict[int, Sketch] = {}
    for name, sketch in labeled:
        sketches[id(sketch)] = sketch
        if name not in names.setdefault(id(sketch), []):
            names[id(sketch)].append(name)
    return tuple(
        replace(sketch.row.finished(sketch), picks=tuple(names[key]))
        for key, sketch in sketches.items()
    )
