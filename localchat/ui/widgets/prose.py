"""Markdown in one widget, however long it is.

A widget for each block, as Textual's own Markdown has it, costs milliseconds for each list item:
a 2,000-token answer with lists kept two cores busy for ten seconds longer than its model needed.
"""

from textual import events
from textual.content import Content
from textual.selection import Selection
from textual.widget import Widget
from textual.widgets import Static

from localchat.ui import markdown_blocks, markdown_layout


class Prose(Static):
    """Markdown that only grows; selectable with the mouse."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.display = False
        self._blocks: tuple[markdown_blocks.Block, ...] = ()
        self._laid_out_cells = 0
        self._mark: Content | None = None

    def append(self, markdown: str) -> None:
        """Add blocks that are closed."""
        more = markdown_blocks.parse(markdown)
        if more and self._blocks:
            more = (markdown_blocks.after_gap(more[0]), *more[1:])
        self._blocks += more
        self._draw()

    def replace(self, markdown: str, mark: Content | None = None) -> None:
        """Show this instead of all there was, with `mark` behind its last character."""
        self._blocks, self._mark = markdown_blocks.parse(markdown), mark
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Break the lines anew for another width."""
        if self.content_size.width != self._laid_out_cells:
            self._draw()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give the selected text without the ground that code stands on."""
        found = super().get_selection(selection)
        if found is None:
            return None
        text, ending = found
        return "\n".join(line.rstrip() for line in text.split("\n")), ending

    def _draw(self) -> None:
        self._laid_out_cells = self._cells()
        # Not by a class: styles follow a frame later, in which the text would be missing.
        self.display = bool(self._blocks or self._mark)
        content = markdown_layout.lay_out(self._blocks, self._laid_out_cells)
        self.update(content if self._mark is None else content.rstrip() + self._mark)

    def _cells(self) -> int:
        if self.content_size.width:
            return self.content_size.width
        # Not laid out yet: it will get the width of what it is in.
        return self.parent.content_size.width if isinstance(self.parent, Widget) else 0
