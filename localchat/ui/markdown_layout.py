"""Blocks laid out for a width: lines that are already broken.

Lists hang, code has a ground of its own, tables share out the width. Knows no Markdown.
"""

import dataclasses
from collections.abc import Iterator, Sequence

from textual.content import Content

from localchat.ui.markdown_blocks import MUTED_STYLE, Block

_CODE_GROUND = "on $surface"
_COLUMN_GAP = 2
_NARROWEST_COLUMN = 4
_NARROWEST_TEXT = 8


def lay_out(blocks: Sequence[Block], width: int) -> Content:
    """Break all blocks into lines of at most `width` cells."""
    return Content("\n").join(
        line for number, block in enumerate(blocks) for line in lines(block, width, number == 0)
    )


def lines(block: Block, width: int, is_first: bool = False) -> list[Content]:
    """Break one block into lines; the first one of all has no empty line before it."""
    broken = [block.gap.rstrip()] if block.gap is not None and not is_first else []
    for row, line in enumerate(_lines(block, max(width, _NARROWEST_TEXT))):
        broken.append((block.rest if row else block.first) + line)
    return broken


def _lines(block: Block, width: int) -> Iterator[Content]:
    room = max(width - block.rest.cell_length, _NARROWEST_TEXT)
    if block.kind == "text":
        for line in block.lines:
            yield from _wrapped(line, room)
    elif block.kind == "code":
        for line in block.lines:
            for piece in line.fold(room - 2):
                padding = " " * max(0, room - 1 - piece.cell_length)
                yield Content.assemble(" ", piece, padding).stylize_before(_CODE_GROUND)
    elif block.kind == "table":
        yield from _table(block, room)
    else:
        yield Content.styled("─" * min(room, 40), MUTED_STYLE)


def going_on(block: Block, before: Block) -> Block:
    """Return a block as the rest of the one before, without an empty line between."""
    columns = (before.columns or _columns(before)) if block.kind == before.kind == "table" else ()
    return dataclasses.replace(block, gap=None, columns=columns)


def _table(block: Block, room: int) -> Iterator[Content]:
    columns = block.columns or _columns(block)
    count = len(columns)
    if count == 0:
        return
    widths = _share(list(columns), room)
    aligned = _aligned(block, count)
    for number, row in enumerate(block.rows):
        if number == 0 and block.columns:
            continue
        cells = (*row, *[Content("")] * count)[:count]
        wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
        for line in range(max(map(len, wrapped))):
            pieces = [
                _padded(cell[line] if line < len(cell) else Content(""), width, right)
                for cell, width, right in zip(wrapped, widths, aligned, strict=True)
            ]
            text = Content(" " * _COLUMN_GAP).join(pieces).rstrip()
            yield text if number else text.stylize("bold")
        if number == 0:
            rules = ["─" * width for width in widths]
            yield Content.styled((" " * _COLUMN_GAP).join(rules), MUTED_STYLE)


def _columns(block: Block) -> tuple[int, ...]:
    count = max(map(len, block.rows), default=0)
    return tuple(_natural(block, column) for column in range(count))


def _wrapped(line: Content, width: int) -> list[Content]:
    # Most lines fit, and to break one costs much.
    return [line] if line.cell_length <= width and "\n" not in line.plain else line.wrap(width)


def _natural(block: Block, column: int) -> int:
    cells = (row[column] for row in block.rows if column < len(row))
    return max((cell.cell_length for cell in cells), default=0)


def _share(widths: list[int], room: int) -> list[int]:
    """Take from the widest column until all fit, but leave each something."""
    room -= _COLUMN_GAP * (len(widths) - 1)
    shared = [max(1, width) for width in widths]
    while sum(shared) > room and max(shared) > _NARROWEST_COLUMN:
        widest = shared.index(max(shared))
        others = max((width for n, width in enumerate(shared) if n != widest), default=0)
        spare = sum(shared) - room
        # In one step down to the next widest column, so that a long cell costs no long loop.
        step = max(1, min(spare, shared[widest] - max(others, _NARROWEST_COLUMN)))
        shared[widest] -= step
    return shared


def _aligned(block: Block, count: int) -> Sequence[bool]:
    return (*block.right, *[False] * count)[:count]


def _padded(cell: Content, width: int, right: bool) -> Content:
    padding = max(0, width - cell.cell_length)
    return cell.pad_left(padding) if right else cell.pad_right(padding)
