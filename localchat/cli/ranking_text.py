"""Which models to take, as a table for people."""

from collections.abc import Iterator, Sequence
from typing import Final

from localchat import units
from localchat.cli import cells, fit_text
from localchat.cli.tables import Cell, Column, Pen
from localchat.fit import ladder
from localchat.fit.ranking import Ranked

_LISTED: Final = 6


def lines(ranked: Sequence[Ranked], pen: Pen) -> list[str]:
    """Write which models to take, and which have no room."""
    columns = (
        Column("", 3),
        Column("model", 30, right=False),
        Column("take", 11, right=False),
        Column("context", 7),
        Column("GiB", 6),
        Column("tokens/s", 9),
        Column("quality", 7),
    )
    able = [each for each in ranked if each.is_recommended]
    rows = [_ranked_row(place, each) for place, each in enumerate(able, start=1)]
    found = ["", *pen.table(columns, rows), ""] if rows else [""]
    if able:
        first = able[0]
        found += pen.paragraph(f"Why {first.plan.title} is first: {first.reason}")
        found += pen.paragraph(fit_text.basis(first.option))
    for note in _without_room(ranked):
        found += pen.paragraph(note)
    return found


def _ranked_row(place: int, each: Ranked) -> Sequence[Cell | str]:
    option = each.option
    here = " (here)" if option.candidate.path else ""
    return (
        Cell(str(place), "faint"),
        Cell(cells.cut(each.plan.title, 30 - len(here)) + here, "strong" if place <= 3 else ""),
        option.label,
        ladder.name(option.context_tokens),
        fit_text.gib(option),
        fit_text.rate(option),
        fit_text.loss(option),
    )


def _without_room(ranked: Sequence[Ranked]) -> Iterator[str]:
    slow = [each for each in ranked if each.option.picks and not each.is_recommended]
    if slow:
        yield f"Too slow to recommend: {_names(slow)}."
    later = [each for each in ranked if each.option.fits == "if you close apps"]
    if later:
        yield f"With apps closed also: {_names(later)}."
    never = [each for each in ranked if each.option.fits == "no"]
    if never:
        least = min(each.option.needed_bytes for each in never)
        count = f"{len(never)} models" if len(never) > 1 else "One model"
        yield f"{count} too large for this machine, from {units.human_bytes(least)} on."
    yield "`localchat fit MODEL` shows every quantization and context of a model."


def _names(some: Sequence[Ranked]) -> str:
    names = [each.plan.title for each in some[:_LISTED]]
    rest = len(some) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")
