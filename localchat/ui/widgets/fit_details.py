"""The explanation of a choice: labels on the left, words that wrap on the right."""

from collections.abc import Iterable

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from localchat.ui.facts import Fact

_LABEL_CELLS = 10


class FitDetails(Widget):
    """Shows labeled lines."""

    facts: reactive[tuple[Fact, ...]] = reactive((), layout=True)

    def render(self) -> RenderResult:
        """Draw all lines."""
        return Content("\n").join(lay_out(self.facts, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Take as many lines as the words need at this width."""
        del container, viewport
        return len(lay_out(self.facts, width))


def lay_out(facts: Iterable[Fact], width: int) -> list[Content]:
    """Wrap each line so that its words stay right of its label."""
    lines: list[Content] = []
    for fact in facts:
        indent = _LABEL_CELLS if fact.label else 0
        label = Content.styled(fact.label.ljust(indent), "$foreground-muted")
        for piece in fact.words.wrap(max(10, width - indent)):
            lines.append(Content.assemble(label, piece))
            label = Content(" " * indent)
    return lines
