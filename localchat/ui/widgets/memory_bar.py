"""The bars at the top: what is in memory, and what the model under the cursor would add."""

from collections.abc import Iterable, Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from localchat.ui import wording
from localchat.ui.pools import Kind, Pool, Run, runs

_LABEL_CELLS = 6
_WIDE_CELLS = 64
"""From here on a bar says at its end what is spare."""
_LOOKS: dict[Kind, tuple[str, str]] = {
    "in use": ("█", "$foreground 35%"),
    "weights": ("█", "$primary"),
    "context": ("▓", "$memory-context"),
    "scratch": ("▒", "$warning"),
    "engine": ("▒", "$secondary"),
    "spare": ("·", "$foreground 50%"),
    "headroom": ("░", "$foreground 45%"),
}
"""A character and a color for each part, so that either alone tells them apart."""
_OVER = "$error"
_LONG: dict[Kind, str] = {"in use": "other programs"}


class MemoryBar(Widget):
    """One bar for each memory, and one line that says what the colors are."""

    pools: reactive[tuple[Pool, ...]] = reactive(())

    def render(self) -> RenderResult:
        """Draw the bars and the legend."""
        return picture(self.pools, self.size.width)

    def watch_pools(self, old: tuple[Pool, ...], new: tuple[Pool, ...]) -> None:
        """Make room for another number of bars; a cursor that moves must not lay out the screen."""
        if len(old) != len(new):
            self.refresh(layout=True)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Take a line for each memory and one for the legend."""
        del container, viewport, width
        return len(self.pools) + 1


def picture(pools: Sequence[Pool], width: int) -> Content:
    """Draw bars and legend, `width` cells wide."""
    if not pools:
        return Content("")
    figures = [_figures(pool, says_spare=len(pools) > 1 and width >= _WIDE_CELLS) for pool in pools]
    room = width - _LABEL_CELLS - 2 - max(text.cell_length for text in figures)
    lines = [_line(pool, text, max(4, room)) for pool, text in zip(pools, figures, strict=True)]
    return Content("\n").join((*lines, legend(pools, width)))


def _line(pool: Pool, figures: Content, cells: int) -> Content:
    label = Content(pool.label).truncate(_LABEL_CELLS, ellipsis=True).plain
    bar = Content("").join(_cells(runs(pool, cells)))
    return Content.assemble(
        (label.ljust(_LABEL_CELLS + 1), "$foreground-muted"),
        bar,
        " " * (cells - bar.cell_length + 1),
        figures,
    )


def _figures(pool: Pool, *, says_spare: bool) -> Content:
    taken = pool.in_use_bytes + pool.model_bytes
    color = "bold $text-error" if pool.spare_bytes < 0 else "$foreground-muted"
    text = Content.styled(f"{wording.gib(taken)} of {wording.gib(pool.total_bytes)} GiB", color)
    if not says_spare:
        return text
    over = pool.spare_bytes < 0
    words = f"{wording.gib(abs(pool.spare_bytes)):>5} {'over ' if over else 'spare'}"
    return Content.assemble(
        text.plain.rjust(16), "  ", (words, color if over else "bold $text-success")
    ).stylize(color, 0, 16)


def _cells(drawn: Iterable[Run]) -> Iterable[Content]:
    for run in drawn:
        character, color = _LOOKS[run.kind]
        if run.over:
            yield Content.styled("╳" * run.cells, f"{_OVER} on $panel")
        else:
            yield Content.styled(character * run.cells, f"{color} on $panel")


def legend(pools: Sequence[Pool], width: int) -> Content:
    """Say what each color is and how much of it there is, in as many words as fit."""
    totals: dict[Kind, int] = {}
    for pool in pools:
        for kind, size in pool.parts():
            totals[kind] = totals.get(kind, 0) + size
    over = sum(max(0, -pool.spare_bytes) for pool in pools)
    if over:
        totals["spare"] = 0
    # Free memory of two kinds adds up to nothing that could be used; the bars say it for each.
    bare = ("in use", "headroom", "spare") if len(pools) > 1 else ()
    for long, gap, without in _VERSIONS:
        items = [
            _item(kind, None if kind in bare else totals[kind], long)
            for kind in _ORDER
            if totals.get(kind) and kind not in without
        ]
        if over:
            items.append(Content.styled(f"╳ over by {wording.gib(over)} GiB", "bold $text-error"))
        line = Content(" " * gap).join(items)
        if line.cell_length <= width:
            return line
    return line.truncate(width, ellipsis=True)


_ORDER: tuple[Kind, ...] = (
    "in use", "weights", "context", "scratch", "engine", "headroom", "spare",
)  # fmt: skip
_VERSIONS: tuple[tuple[bool, int, tuple[Kind, ...]], ...] = (
    (True, 3, ()),
    (False, 3, ()),
    (False, 2, ()),
    (False, 2, ("engine", "scratch")),
    (False, 2, ("engine", "scratch", "headroom")),
    (False, 2, ("engine", "scratch", "headroom", "in use")),
)
"""Long names or short ones, the gap, and what is left out, from the widest to the briefest."""


def _item(kind: Kind, n_bytes: int | None, long: bool) -> Content:
    character, color = _LOOKS[kind]
    name = _LONG.get(kind, kind) if long else kind
    item = Content.assemble((character, color), (f" {name}", "$foreground-muted"))
    if n_bytes is None:
        return item
    return Content.assemble(
        item, (f" {wording.gib(n_bytes)}", "bold $success" if kind == "spare" else "")
    )
