"""What may be recommended of one model on one machine; picks are chosen among it.

Everything offered fits now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localchat.fit import ladder, placement
from localchat.fit.cells import Row, Sketch
from localchat.fit.situation import Situation

Offers = tuple[Sketch, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What offers are made of."""

    situation: Situation
    contexts: tuple[int, ...] = ()
    """The contexts to choose from; empty for the usual ones."""

    def offers(self, rows: Sequence[Row]) -> Offers:
        """List what may be recommended: of each row its largest usual context that fits now.

        Layers leave a GPU with memory of its own only where no good quantization has room there
        with a useful context, and slow choices count only where there is nothing else.
        """
        able = [row for row in rows if not row.objection]
        if self.contexts:
            made = [row.sketch(each) for row in able for each in self.contexts]
            made = self._preferred(made)
        else:
            made = list(_at_top(able))
            if placement.may_split(self.situation) and not self._has_useful(made):
                made = [each for row in able for each in self._divided(row)]
        may = [each for each in made if each.fits == "now" and not each.objection]
        return tuple([each for each in may if not each.is_slow] or may)

    def nearest(self, rows: Sequence[Row]) -> Sketch:
        """Find what comes nearest where nothing is offered: the largest file that could fit.

        With a useful context; the smallest file where none could.
        """
        useful = self.situation.tuning.useful_context_tokens
        able = [row for row in rows if not row.objection] or list(rows)
        able.sort(key=lambda row: row.candidate.file_bytes)
        tokens = self.contexts[0] if self.contexts else min(useful, able[0].limit_tokens)
        most = self.situation.budget.total_closed_bytes
        holding = [row for row in able if row.candidate.weights.total_bytes < most]
        tried = (row.sketch(tokens) for row in reversed(holding))
        return next((each for each in tried if each.fits != "no"), able[0].sketch(tokens))

    def _divided(self, row: Row) -> Iterator[Sketch]:
        """Yield the useful contexts that fit, else the largest below, the layers divided anew."""
        if row.candidate.weights.total_bytes > self.situation.budget.total_now_bytes:
            return
        useful = self.situation.tuning.useful_context_tokens
        rungs = ladder.steps(row.limit_tokens)
        found = False
        for step in [rung for rung in rungs if rung >= min(useful, row.limit_tokens)]:
            sketch = row.sketch(step)
            if sketch.fits != "now":
                break
            found = True
            yield sketch
        if not found:
            below = (row.sketch(rung) for rung in reversed(rungs) if rung < useful)
            yield from [each for each in below if each.fits == "now"][:1]

    def _preferred(self, sketches: list[Sketch]) -> list[Sketch]:
        whole = [
            each
            for each in sketches
            if each.fits == "now"
            and not placement.spills(each.params, each.row.candidate, self.situation)
        ]
        return whole if self._has_useful(whole) else sketches

    def _has_useful(self, sketches: Sequence[Sketch]) -> bool:
        tuning = self.situation.tuning
        return any(
            each.context_tokens >= min(tuning.useful_context_tokens, each.row.limit_tokens)
            and each.row.quality.retained >= tuning.enough_retained
            for each in sketches
        )


def _at_top(rows: Sequence[Row]) -> Iterator[Sketch]:
    step = 0
    for row in sorted(rows, key=lambda row: row.candidate.weights.total_bytes):
        # Heavier weights leave room for no more context than lighter ones did.
        step = row.top_step(at_most=step)
        if not step:
            return
        yield row.sketch(step)
