"""One cell of the grid: a quantization, a context and a KV cache with all numbers that follow."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from localchat.fit import budget, holding, ladder, objections, placement, quality, reasons
from localchat.fit.budget import Fits
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.option import Option
from localchat.fit.params import EngineParams
from localchat.fit.quality import Quality
from localchat.fit.situation import Situation
from localchat.fit.speed import Speed

KvTypes = tuple[str, str]
"""Of keys and of values."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a pick is chosen by; the rest of an option is worked out for the chosen alone."""

    row: "Row"
    params: EngineParams
    footprint: Footprint
    speed: Speed
    fits: Fits
    score: float
    is_slow: bool
    objection: str

    @property
    def context_tokens(self) -> int:
        """The context that was asked for."""
        return self.params.context_tokens

    @property
    def divergence(self) -> float:
        """What it loses."""
        return self.row.quality.divergence

    @property
    def needed_bytes(self) -> int:
        """All memory that it takes."""
        return self.footprint.total_bytes + self.footprint.runtime_bytes


class Row:
    """A candidate with one kind of KV cache; makes its cells, and remembers what it asked for."""

    def __init__(
        self,
        candidate: Candidate,
        kv_types: KvTypes,
        situation: Situation,
        plain: Quality | None = None,
        barred: str = "",
    ) -> None:
        """`plain` is the quality with an F16 cache, for those who know it already.

        `barred` says why no cell may be a pick; empty when nothing but its figures decide.
        """
        self.candidate = candidate
        self.kv_types = kv_types
        self._situation = situation
        self.plain = plain or quality.of(candidate)
        self._barred = barred
        self._sizes: dict[EngineParams, Footprint] = {}
        self._shortages: dict[tuple[int, bool, bool], dict[int, int]] = {}
        self._most: dict[tuple[int, bool], int] = {}
        self._sketches: dict[int, Sketch] = {}

    @functools.cached_property
    def quality(self) -> Quality:
        """What the quantization loses, that of the cache included."""
        if set(self.kv_types) == {"f16"}:
            return self.plain
        return quality.of(self.candidate, *self.kv_types)

    @functools.cached_property
    def _base(self) -> EngineParams:
        key, value = self.kv_types
        base = replace(self._situation.base, kv_type_k=key, kv_type_v=value)
        # Placed here once, it needs not be placed anew for every context.
        return placement.at_once(self.candidate, base, self._situation)

    @property
    def limit_tokens(self) -> int:
        """The most context to offer."""
        return ladder.limit_tokens(self.candidate.trained_context_tokens)

    @property
    def objection(self) -> str:
        """Why no context of this row is a pick; empty when one may be."""
        return self._objection(min(self.limit_tokens, ladder.FIRST_STEP_TOKENS))

    def top_step(self, at_most: int = 0) -> int:
        """Return the largest usual context that fits now with all layers in one place, or 0.

        Contexts above `at_most` are not tried; 0 tries all.
        """
        if self.candidate.weights.total_bytes > self._situation.budget.total_now_bytes:
            return 0
        return ladder.top_step(self.limit_tokens, self._short(self._base, closed=False), at_most)

    def most_tokens(self, params: EngineParams) -> int:
        """Return the largest context with everything else as these parameters say.

        That fits now; where none does, that fits with apps closed.
        """
        key = (params.gpu_layers, params.experts_on_cpu)
        if key not in self._most:
            now, later = self._short(params, closed=False), self._short(params, closed=True)
            step = ladder.step_below(params.context_tokens, self.limit_tokens)
            fitting = step if step and now(step) <= 0 else 0
            most = ladder.most_tokens(self.limit_tokens, now, fitting)
            self._most[key] = most or ladder.most_tokens(self.limit_tokens, later)
        return self._most[key]

    def sketch(self, context_tokens: int) -> Sketch:
        """Work out what a pick is chosen by, the layers placed as is best for the context."""
        if context_tokens not in self._sketches:
            wanted = replace(self._base, context_tokens=context_tokens)
            placed = placement.place(self.candidate, wanted, self._size, self._situation)
            self._sketches[context_tokens] = self._sketch(placed)
        return self._sketches[context_tokens]

    def cell(self, context_tokens: int) -> Option:
        """Work out everything about one context."""
        return self.finished(self.sketch(context_tokens))

    def option(self, params: EngineParams) -> Option:
        """Work out everything about loading with exactly these parameters."""
        return self.finished(self._sketch(params))

    def _sketch(self, params: EngineParams) -> Sketch:
        footprint = self._size(params)
        speed = self._situation.pacer(self.candidate, footprint, params, self._situation.hardware)
        tuning = self._situation.tuning
        score = (
            self.quality.retained
            * tuning.context_utility(params.context_tokens)
            * tuning.speed_utility(speed.middle)
        )
        return Sketch(
            row=self,
            params=params,
            footprint=footprint,
            speed=speed,
            fits=budget.fits(footprint, self._situation.budget),
            score=score,
            is_slow=speed.middle < tuning.least_tokens_per_second,
            objection=self._objection(params.context_tokens),
        )

    def finished(self, sketch: Sketch) -> Option:
        """Work out the rest of a choice."""
        params = sketch.params
        locked, mlock_reason = holding.locking(sketch.footprint, sketch.fits, self._situation)
        made = Option(
            candidate=self.candidate,
            params=replace(params, mlock=params.mlock or locked),
            footprint=sketch.footprint,
            quality=self.quality,
            speed=sketch.speed,
            fits=sketch.fits,
            max_context_tokens=self.most_tokens(params),
            score=sketch.score,
            is_slow=sketch.is_slow,
            objection=sketch.objection,
            mmap_reason=holding.mapping_reason(self.candidate, params, self._situation),
            mlock_reason=mlock_reason,
        )
        return replace(made, reason=reasons.of(made, self._situation))

    def _short(self, params: EngineParams, closed: bool) -> Callable[[int], int]:
        known = self._shortages.setdefault((params.gpu_layers, params.experts_on_cpu, closed), {})

        def short(tokens: int) -> int:
            if tokens not in known:
                tried = self._size(replace(params, context_tokens=tokens))
                known[tokens] = budget.short_bytes(tried, self._situation.budget, closed)
            return known[tokens]

        return short

    def _objection(self, context_tokens: int) -> str:
        return self._barred or objections.of(
            self.candidate, self.kv_types, context_tokens, self.quality, self._situation.hardware
        )

    def _size(self, params: EngineParams) -> Footprint:
        found = self._sizes.get(params)
        if found is None:
            found = self._situation.sizer(self.candidate, params, self._situation.hardware)
            self._sizes[params] = found
        return found
