"""Markdown in one widget, however long it is.

A widget for each block, as Textual's own Markdown has it, costs milliseconds for each list item:
a 2,000-token answer with lists kept two cores busy for ten seconds longer than its model needed.
"""

from textual import events
from textual.selection import Selection
from textual.widgets import Static

from localchat.ui import markdown_blocks, markdown_layout


class Prose(Static):
    """Markdown that only grows; selectable with the mouse."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._blocks: tuple[markdown_blocks.Block, ...] = ()
        self._laid_out_cells = 0

    def append(self, markdown: str) -> None:
        """Add blocks that are closed."""
        more = markdown_blocks.parse(markdown)
        if more and self._blocks:
            more = (markdown_blocks.after_gap(more[0]), *more[1:])
        self._blocks += more
        self._draw()

    def replace(self, markdown: str) -> None:
        """Show this instead of all there was."""
        self._blocks = markdown_blocks.parse(markdown)
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
        self._laid_out_cells = self.content_size.width or self.app.size.width
        self.set_class(bool(self._blocks), "-present")
        self.update(markdown_layout.lay_out(self._blocks, self._laid_out_cells))
