"""Markdown in one widget, however long it is, of which only the lines in view are drawn.

A widget for each block, as Textual's own Markdown has it, costs milliseconds for each list item:
a 2,000-token answer with lists kept two cores busy for ten seconds longer than its model needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.content import Content
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget

from localchat.ui import markdown_blocks, markdown_layout
from localchat.ui.markdown_blocks import Block
from localchat.ui.stream import Piece

_LABEL_STYLE = "$primary"


@dataclass(slots=True)
class _Page:
    """Blocks, and the lines that they are in a width."""

    blocks: list[Block] = field(default_factory=list)
    lines: list[Content] = field(default_factory=list)
    code_lines: list[int] = field(default_factory=list)
    """Where each block of code begins, with the empty line before it."""
    strips: dict[int, Strip] = field(default_factory=dict)
    """Lines that were drawn, by their numbers."""

    def lay_out(self, width: int, *, begins: bool = True) -> None:
        """Break all lines anew; `begins`: there is nothing above."""
        blocks, self.blocks = self.blocks, []
        self.lines.clear()
        self.code_lines.clear()
        self.strips.clear()
        self.add(blocks, width, begins=begins)

    def add(self, blocks: list[Block], width: int, *, begins: bool = True) -> None:
        """Break the lines of more blocks."""
        for block in blocks:
            # Without a width there is nothing to break yet.
            if not width:
                self.blocks.append(block)
                continue
            if block.kind == "code":
                self.code_lines.append(len(self.lines))
            self.lines += markdown_layout.lines(block, width, begins and not self.blocks)
            self.blocks.append(block)


class Prose(Widget):
    """Markdown that only grows; selectable with the mouse."""

    def __init__(self, markdown: str = "") -> None:
        super().__init__()
        self._whole = _Page(list(markdown_blocks.parse(markdown)))
        self._rest = _Page()
        self._mark: Content | None = None
        self._width = 0
        """That the lines are laid out for; 0 for none yet."""
        self._numbered = False
        self._drawn_as: tuple[Style, bool] | None = None
        """How the lines look that are kept as they were drawn."""
        self._plain_rest = ""
        """The last line of text that is no Markdown, which may go on."""
        self.display = bool(self._whole.blocks)

    def grow(self, closed: Sequence[Piece], growing: Piece, mark: Content | None = None) -> None:
        """Add what is closed, and show after it the piece that still grows, with a mark."""
        for piece in closed:
            self._whole.add(_parsed(piece, self._whole.blocks), self._width)
        self._rest = _Page(_parsed(growing, self._whole.blocks))
        self._mark = mark
        self._show()

    def replace(self, markdown: str) -> None:
        """Show this instead of all there was."""
        self._whole = _Page(list(markdown_blocks.parse(markdown)))
        self._rest, self._mark = _Page(), None
        self._whole.lay_out(self._width)
        self._show()

    def plain(self, text: str) -> None:
        """Show text that is no Markdown instead of all there was."""
        self._whole, self._rest, self._mark = _Page(), _Page(), None
        self._plain_rest = ""
        self.grow_plain(text)

    def grow_plain(self, text: str) -> None:
        """Add text that is no Markdown."""
        whole, line_break, rest = (self._plain_rest + text).rpartition("\n")
        self._plain_rest = rest
        if line_break:
            self._whole.add([markdown_blocks.plain(whole)], self._width)
        self._rest = _Page([markdown_blocks.plain(rest)] if rest else [])
        self._show()

    def number_code(self, numbered: bool) -> None:
        """Show the number of each block of code, or show none."""
        self._numbered = numbered
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Break the lines for this width, and count them."""
        del container, viewport
        self._lay_out(width)
        return len(self._whole.lines) + len(self._rest.lines)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        self._lay_out(width)
        style, page = self.visual_style, self._whole
        if self._drawn_as != (style, self._numbered):
            self._drawn_as = style, self._numbered
            page.strips.clear()
        # While an answer grows, all lines in view are asked for at each update: they only move.
        is_kept = y < len(page.lines) and self.text_selection is None
        if not is_kept:
            return self._draw(y, width, style)
        if y not in page.strips:
            page.strips[y] = self._draw(y, width, style)
        return page.strips[y]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Give the selected text without the ground that code stands on."""
        lines = (*self._whole.lines, *self._rest.lines)
        text = "\n".join(line.plain.rstrip() for line in lines)
        return selection.extract(text), "\n"

    def notify_style_update(self) -> None:
        """Draw all anew: colors may have changed that only a part of a line has."""
        self._whole.strips.clear()
        super().notify_style_update()

    def _draw(self, y: int, width: int, style: Style) -> Strip:
        lines, row = self._whole.lines, y
        if y >= len(lines):
            lines, row = self._rest.lines, y - len(lines)
        line = lines[row] if row < len(lines) else Content("")
        if self._numbered and y in self._whole.code_lines:
            line = _numbered(line, self._whole.code_lines.index(y) + 1, width)
        line = self._with_selection(line, y)
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False, pad=True)
        return strips[0].apply_offsets(0, y)

    def _show(self) -> None:
        self._lay_out_open()
        # Not by a class: styles follow a frame later, in which the text would be missing.
        self.display = bool(self._whole.blocks or self._rest.blocks or self._mark)
        height = len(self._whole.lines) + len(self._rest.lines)
        self.refresh(layout=not self._width or height != self.size.height)

    def _lay_out(self, width: int) -> None:
        if width != self._width:
            self._width = width
            self._whole.lay_out(width)
            self._lay_out_open()

    def _lay_out_open(self) -> None:
        self._rest.lay_out(self._width, begins=not self._whole.blocks)
        if self._mark is not None and self._width:
            last = self._rest.lines.pop() if self._rest.lines else Content("")
            self._rest.lines.append(last.rstrip() + self._mark)

    def _with_selection(self, line: Content, y: int) -> Content:
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is None:
            return line
        styles = self.screen.get_component_styles("screen--selection")
        end = len(line) if span[1] == -1 else span[1]
        return line.stylize(Style.from_styles(styles), span[0], end)


def _numbered(line: Content, number: int, width: int) -> Content:
    """Put into the empty line above a block of code how it is copied."""
    words = f" press {number} to copy "
    room = max(0, width - len(words))
    kept = line.truncate(room).pad_right(room - min(room, line.cell_length))
    return Content.assemble(kept, (words, _LABEL_STYLE))


def _parsed(piece: Piece, before: Sequence[Block]) -> list[Block]:
    blocks = list(markdown_blocks.parse(piece.markdown))
    if blocks and before:
        blocks[0] = (
            markdown_layout.going_on(blocks[0], before[-1])
            if piece.joins
            else markdown_blocks.after_gap(blocks[0])
        )
    return blocks
