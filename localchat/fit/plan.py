"""What fits: every quantization x context x KV cache of a model on a machine, and the picks.

Plans over footprints and speeds that callables give, so that it stays arithmetic: the closed form
by default, llama.cpp's dry run handed in from above.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from localchat.fit import dominance, ladder, losses, memory, option, picks, quality, speed, tuning
from localchat.fit.budget import Budget
from localchat.fit.candidate import Candidate
from localchat.fit.cells import KvTypes, Row
from localchat.fit.dominance import Judged
from localchat.fit.offers import Rules
from localchat.fit.option import Dominated, ModelPlan, Option
from localchat.fit.params import EngineParams
from localchat.fit.situation import Pacer, Situation, Sizer
from localchat.fit.tuning import Tuning
from localchat.machine.hardware import Hardware
from localchat.models.shapes import Shape

__all__ = ["Dominated", "ModelPlan", "Option", "Pacer", "Sizer", "Wishes", "cell", "plan"]

F16: Final[KvTypes] = ("f16", "f16")
Q8_0: Final[KvTypes] = ("q8_0", "q8_0")

_BLOCK_VALUES: Final = 32
"""Quantized caches store a row of a head in blocks of so many values."""
_AS_LOADED: Final = EngineParams()
_PLAIN_TYPES: Final = frozenset({"f32", "f16", "bf16"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants to be planned; the defaults leave everything open."""

    contexts: tuple[int, ...] = ()
    """Exactly these contexts, for every quantization; empty for the usual ones."""
    kv_types: tuple[KvTypes, ...] = (F16, Q8_0)
    """Picks are made with the first; the others may add to them."""
    gpu_layers: int | None = None
    """Layers on the GPU, -1 for all; None lets planning choose."""
    base: EngineParams = _AS_LOADED
    """What is not planned: batch sizes, threads, flash attention, extra buffers, mmap."""

    @property
    def for_a_list(self) -> "Wishes":
        """Return the same with one KV cache: a list shows no more, and is made twice as fast."""
        return replace(self, kv_types=self.kv_types[:1])


_ALL_OPEN: Final = Wishes()


def plan(
    candidates: Sequence[Candidate],
    hardware: Hardware,
    budget: Budget,
    sizer: Sizer = memory.footprint,
    *,
    pacer: Pacer = speed.estimate,
    wishes: Wishes = _ALL_OPEN,
    lock_limit_bytes: int | None = None,
    weights: Tuning = tuning.DEFAULT,
    with_grid: bool = True,
) -> ModelPlan:
    """Plan one model; the candidates, one at least, are its quantizations.

    Without the grid `options` are the picks alone, or what comes nearest to one, which is quick
    enough for a whole catalogue.
    """
    situation = Situation(
        hardware, budget, sizer, pacer, wishes.base, wishes.gpu_layers, lock_limit_bytes, weights
    )
    judged = tuple((each, quality.of(each)) for each in losses.alike(candidates))
    kept, dropped = dominance.split(judged, hardware, weights)
    shown = judged if wishes.contexts else kept
    rows = _rows(shown, dropped, wishes.kv_types, situation)
    plain, *others = rows.values()
    rules = Rules(situation, wishes.contexts)
    chosen = picks.choose(plain, [row for each in others for row in each], rules)
    balanced = next((each for each in chosen if option.BALANCED in each.picks), None)
    nearest = balanced or _nearest(plain, rules)
    options = chosen or (nearest,)
    if with_grid:
        cells = (row.cell(tokens) for row, tokens in _grid(rows, wishes.contexts))
        options = _marked(tuple(cells), chosen)
    front = _front([each for each in options if each.fits == "now" and not each.objection])
    offered = tuple(each for each, _ in shown)
    return ModelPlan(offered, options, chosen, nearest, front, dropped, budget)


def cell(
    candidate: Candidate,
    params: EngineParams,
    hardware: Hardware,
    budget: Budget,
    sizer: Sizer = memory.footprint,
    *,
    pacer: Pacer = speed.estimate,
    lock_limit_bytes: int | None = None,
    weights: Tuning = tuning.DEFAULT,
) -> Option:
    """Work out one choice with exactly these parameters."""
    situation = Situation(
        hardware, budget, sizer, pacer, params, params.gpu_layers, lock_limit_bytes, weights
    )
    row = Row(candidate, (params.kv_type_k, params.kv_type_v), situation)
    return row.option(params)


def _rows(
    shown: Judged,
    dropped: Sequence[Dominated],
    kv_types: Sequence[KvTypes],
    situation: Situation,
) -> dict[KvTypes, tuple[Row, ...]]:
    shape = shown[0][0].shape
    barred = _barred([each for each, _ in shown], dropped)
    return {
        types: tuple(
            Row(each, types, situation, plain, barred.get(id(each), "")) for each, plain in shown
        )
        for types in kv_types
        if types == kv_types[0] or _can_hold(shape, types)
    }


def _nearest(rows: Sequence[Row], rules: Rules) -> Option:
    sketch = rules.nearest(rows)
    return sketch.row.finished(sketch)


def _grid(
    rows: dict[KvTypes, tuple[Row, ...]], contexts: Sequence[int]
) -> Iterator[tuple[Row, int]]:
    for same in zip(*rows.values(), strict=True):
        steps = contexts or ladder.steps(same[0].candidate.trained_context_tokens)
        for tokens in steps:
            for row in same:
                yield row, tokens


def _barred(shown: Sequence[Candidate], dropped: Sequence[Dominated]) -> dict[int, str]:
    """Say of some candidates, by their identity, why they are no pick beside the others."""
    full = [each for each in shown if _is_full_precision(each)]
    words = "It takes twice the memory of Q8_0 and gains next to nothing."
    found = {id(each): words for each in full} if len(full) < len(shown) else {}
    for each in dropped:
        found[id(each.candidate)] = f"{each.by.label} loses less and is hardly larger."
    return found


def _is_full_precision(candidate: Candidate) -> bool:
    return candidate.quant is not None and candidate.quant.is_full_precision


def _can_hold(shape: Shape, types: KvTypes) -> bool:
    """Say whether the KV cache can be of these types, and whether there is one at all."""
    if not shape.attention and shape.latent is None:
        return False
    if set(types) <= _PLAIN_TYPES:
        return True
    return all(
        group.key_dims % _BLOCK_VALUES == 0 and group.value_dims % _BLOCK_VALUES == 0
        for group in shape.attention
    )


def _marked(cells: tuple[Option, ...], chosen: tuple[Option, ...]) -> tuple[Option, ...]:
    marks = {(each.label, each.kv_type, each.context_tokens): each.picks for each in chosen}
    return tuple(
        replace(each, picks=marks.get((each.label, each.kv_type, each.context_tokens), ()))
        for each in cells
    )


def _front(able: Sequence[Option]) -> tuple[Option, ...]:
    return tuple(each for each in able if not any(_beats(other, each) for other in able))


def _beats(one: Option, other: Option) -> bool:
    better = (
        one.quality.divergence - other.quality.divergence,
        other.context_tokens - one.context_tokens,
        other.speed.middle - one.speed.middle,
    )
    return all(each <= 0 for each in better) and any(each < 0 for each in better)
