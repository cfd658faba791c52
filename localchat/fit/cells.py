"""One cell of the grid: a quantization, a context and a KV cache with all numbers that follow."""

import functools
from dataclasses import replace

from localchat.fit import budget, holding, ladder, objections, placement, quality, reasons
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.option import Option
from localchat.fit.params import EngineParams
from localchat.fit.quality import Quality
from localchat.fit.situation import Situation

KvTypes = tuple[str, str]
"""Of keys and of values."""


class Row:
    """A candidate with one kind of KV cache; makes its cells, and remembers what it asked for."""

    def __init__(
        self, candidate: Candidate, kv_types: KvTypes, situation: Situation, barred: str = ""
    ) -> None:
        """`barred` says why no cell may be a pick; empty when nothing but its figures decide."""
        self.candidate = candidate
        self.kv_types = kv_types
        self._situation = situation
        self._barred = barred
        self._sizes: dict[EngineParams, Footprint] = {}
        self._most: dict[tuple[int, bool, bool], int] = {}
        self._cells: dict[int, Option] = {}

    @functools.cached_property
    def quality(self) -> Quality:
        """What the quantization loses, that of the cache included."""
        return quality.of(self.candidate, *self.kv_types)

    @functools.cached_property
    def _base(self) -> EngineParams:
        key, value = self.kv_types
        return replace(self._situation.base, kv_type_k=key, kv_type_v=value)

    @property
    def limit_tokens(self) -> int:
        """The most context to offer."""
        return ladder.limit_tokens(self.candidate.trained_context_tokens)

    @property
    def objection(self) -> str:
        """Why no context of this row is a pick; empty when one may be."""
        return self._objection(min(self.limit_tokens, ladder.FIRST_STEP_TOKENS))

    def option(self, params: EngineParams) -> Option:
        """Work out everything about loading with exactly these parameters."""
        footprint = self._size(params)
        speed = self._situation.pacer(self.candidate, footprint, params, self._situation.hardware)
        tuning = self._situation.tuning
        fits = budget.fits(footprint, self._situation.budget)
        _, mmap_reason = holding.mapping(self.candidate, params, self._situation)
        locked, mlock_reason = holding.locking(footprint, fits, self._situation)
        made = Option(
            candidate=self.candidate,
            params=replace(params, mlock=params.mlock or locked),
            footprint=footprint,
            quality=self.quality,
            speed=speed,
            fits=fits,
            max_context_tokens=self._most_ever(params),
            score=self.quality.retained
            * tuning.context_utility(params.context_tokens)
            * tuning.speed_utility(speed.middle),
            is_slow=speed.middle < tuning.least_tokens_per_second,
            objection=self._objection(params.context_tokens),
            mmap_reason=mmap_reason,
            mlock_reason=mlock_reason,
        )
        return replace(made, reason=reasons.of(made, self._situation))

    def place(self, context_tokens: int) -> EngineParams:
        """Choose how the model would be loaded for a context."""
        wanted = replace(self._base, context_tokens=context_tokens)
        placed = placement.place(self.candidate, wanted, self._size, self._situation)
        return self._mapped(placed)

    def cell(self, context_tokens: int) -> Option:
        """Work out everything about one context, the layers placed as is best for it."""
        if context_tokens not in self._cells:
            self._cells[context_tokens] = self.option(self.place(context_tokens))
        return self._cells[context_tokens]

    def most_at_once(self) -> int:
        """Return the largest context that fits now with all layers in one place."""
        params = placement.at_once(self._base, self._situation)
        return self._most_tokens(self._mapped(params), closed=False)

    def _objection(self, context_tokens: int) -> str:
        return self._barred or objections.of(
            self.candidate, self.kv_types, context_tokens, self.quality, self._situation.hardware
        )

    def _mapped(self, params: EngineParams) -> EngineParams:
        if params.mmap is not None:
            return params
        mapped, _ = holding.mapping(self.candidate, params, self._situation)
        return replace(params, mmap=mapped)

    def _size(self, params: EngineParams) -> Footprint:
        found = self._sizes.get(params)
        if found is None:
            found = self._situation.sizer(self.candidate, params, self._situation.hardware)
            self._sizes[params] = found
        return found

    def _most_ever(self, params: EngineParams) -> int:
        return self._most_tokens(params, closed=False) or self._most_tokens(params, closed=True)

    def _most_tokens(self, params: EngineParams, closed: bool) -> int:
        key = (params.gpu_layers, params.experts_on_cpu, closed)
        if key not in self._most:

            def short(tokens: int) -> int:
                tried = self._size(replace(params, context_tokens=tokens))
                return budget.short_bytes(tried, self._situation.budget, closed)

            self._most[key] = ladder.most_tokens(self.limit_tokens, short)
        return self._most[key]
