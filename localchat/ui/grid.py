"""One model's choices as a grid: a row for each file, a column for each context. Pure.

The first column holds the exact largest context of each row. Where a choice fits only with a q8_0
KV cache, its cell offers that, and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from localchat.fit.candidate import Candidate
from localchat.fit.option import ModelPlan, Option
from localchat.ui import marks

KvType = Literal["f16", "q8_0"]
KV_TYPES: Final[tuple[KvType, ...]] = ("f16", "q8_0")
EXACT_COLUMN: Final = 0
_FITS: Final = ("now", "if you close apps", "no")

Key = tuple[str, int, str]
"""Of a choice: the file's label, the context in tokens, the type of the KV cache."""
Cell = tuple[int, int]
"""Of a grid: a row and a column."""
Stretch = Callable[[Option], Option]
"""Works out a choice at the largest context that it could have."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What there is to choose from, and where the cursor may go."""

    rows: tuple[Candidate, ...]
    contexts: tuple[int, ...]
    """The columns' tokens; before them, one column holds each row's exact maximum."""
    kv_type: KvType
    options: Mapping[Key, Option]
    stretch: Stretch
    has_gpus: bool = False
    """There are GPUs with memory of their own, so that it matters what lies in them."""
    _stretched: dict[Key, Option] = field(default_factory=dict)

    @property
    def columns(self) -> int:
        """How many columns there are, the exact maximum's included."""
        return len(self.contexts) + 1

    def at(self, cell: Cell) -> Option | None:
        """Find the choice in a cell; None where the model cannot have such a context."""
        row, column = cell
        if column == EXACT_COLUMN:
            return self._largest(row)
        return self._offered(self.rows[row], self.contexts[column - 1])

    def largest_tokens(self, row: int) -> int:
        """Tell the largest context that fits in a row's file; 0 when none does."""
        roomy = self._roomiest(row)
        return roomy.max_context_tokens if roomy is not None else 0

    def is_now(self, row: int) -> bool:
        """Whether the largest context fits now, not only with apps closed."""
        roomy = self._roomiest(row)
        return roomy is not None and marks.fits_largest_now(roomy)

    def find(self, wanted: Option) -> Cell | None:
        """Find the cell of a choice, whatever its KV cache."""
        labels = [candidate.label for candidate in self.rows]
        tokens = wanted.context_tokens
        if wanted.label not in labels:
            return None
        row = labels.index(wanted.label)
        if tokens in self.contexts:
            return row, self.contexts.index(tokens) + 1
        return (row, EXACT_COLUMN) if tokens == self.largest_tokens(row) else None

    def _offered(self, candidate: Candidate, tokens: int) -> Option | None:
        plain = self.options.get((candidate.label, tokens, self.kv_type))
        if self.kv_type != "f16" or plain is None or plain.fits == "now":
            return plain
        small = self.options.get((candidate.label, tokens, "q8_0"))
        if small is not None and _FITS.index(small.fits) < _FITS.index(plain.fits):
            return small
        return plain

    def _roomiest(self, row: int) -> Option | None:
        label = self.rows[row].label
        keys = ((label, tokens, self.kv_type) for tokens in self.contexts)
        able = [
            option
            for key in keys
            if (option := self.options.get(key)) is not None and option.max_context_tokens
        ]
        # What fits now tells how much fits now; the others tell what would, with apps closed.
        now = [option for option in able if marks.fits_largest_now(option)]
        closed = [option for option in able if option.fits == "if you close apps"]
        best = now or closed or able
        return max(best, key=lambda option: option.max_context_tokens, default=None)

    def _largest(self, row: int) -> Option | None:
        roomy = self._roomiest(row)
        if roomy is None:
            return None
        key = roomy.label, roomy.max_context_tokens, roomy.kv_type
        if key in self.options:
            return self.options[key]
        if key not in self._stretched:
            self._stretched[key] = self.stretch(roomy)
        return self._stretched[key]


def of_plan(plan: ModelPlan, kv_type: KvType, stretch: Stretch) -> Grid:
    """Lay a plan out: the largest file first, the smallest context first."""
    options = {
        (option.label, option.context_tokens, option.kv_type): option for option in plan.options
    }
    contexts = sorted({tokens for _, tokens, _ in options})
    has_gpus = bool(plan.budget.gpus)
    return Grid(plan.candidates, tuple(contexts), kv_type, options, stretch, has_gpus)
