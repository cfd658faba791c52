"""Markdown of untrusted origin as a list of plain blocks, ready to be laid out for a width.

Nothing is hidden from the reader: raw HTML is shown as it is written, a link shows where it leads.
Knows neither widths nor widgets.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token
from textual.content import Content, Span
from textual.highlight import highlight

from localchat import sanitize
from localchat.ui import code_blocks

CODE_STYLE = "$text-warning on $surface"
MUTED_STYLE = "$foreground-muted"
_TAB = "    "
_OPENING_STYLES = {
    "strong_open": "bold",
    "em_open": "italic",
    "s_open": "strike",
    "link_open": "underline",
}
_CLOSING = frozenset(name.replace("open", "close") for name in _OPENING_STYLES)
_MOST_HIGHLIGHTED = 20_000
"""Characters of code; above, coloring costs more than it is worth."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together, with what stands before the first and before the others."""

    kind: str
    """"text", "code", "table" or "rule"."""
    first: Content
    rest: Content
    gap: Content | None
    """The empty line before it, with the marks of what goes on around it; None without one."""
    lines: tuple[Content, ...] = ()
    """Of text and code."""
    rows: tuple[tuple[Content, ...], ...] = ()
    """Of a table, its heading first."""
    right: tuple[bool, ...] = ()
    """Which columns of a table are aligned to the right."""
    columns: tuple[int, ...] = ()
    """How wide a table's columns want to be, where it goes on under rows that are drawn already:
    its heading is not drawn again."""


@dataclass(slots=True)
class _Prefix:
    first: Content
    rest: Content
    used: bool = False


@dataclass(slots=True)
class _Builder:
    blocks: list[Block] = field(default_factory=list)
    prefixes: list[_Prefix] = field(default_factory=list)
    lists: int = 0
    gap: bool = False

    def emit(self, kind: str, **contents: tuple[object, ...]) -> None:
        around = Content("").join(prefix.rest for prefix in self.prefixes if prefix.used)
        first = Content("").join(
            prefix.rest if prefix.used else prefix.first for prefix in self.prefixes
        )
        rest = Content("").join(prefix.rest for prefix in self.prefixes)
        for prefix in self.prefixes:
            prefix.used = True
        gap = around if self.gap else None
        self.blocks.append(Block(kind, first, rest, gap, **contents))  # type: ignore[arg-type]
        self.gap = True


def parse(markdown: str) -> tuple[Block, ...]:
    """Read Markdown; every text in the blocks is safe to show."""
    builder = _Builder()
    tokens = iter(code_blocks.parser().parse(sanitize.text(markdown)))
    for token in tokens:
        _take(builder, token, tokens)
    return tuple(builder.blocks)


def plain(text: str) -> Block:
    """Make a block of text that is no Markdown, line by line as it is."""
    lines = sanitize.text(text).replace("\t", _TAB).split("\n")
    empty = Content("")
    return Block("text", empty, empty, None, tuple(map(Content, lines)))


def after_gap(block: Block) -> Block:
    """Return the block with an empty line before it."""
    return dataclasses.replace(block, gap=block.gap or Content(""))


def _take(builder: _Builder, token: Token, tokens: Iterator[Token]) -> None:
    if token.type in ("paragraph_open", "heading_open"):
        content = _inline(next(tokens))
        if token.type == "heading_open":
            content = content.stylize("bold $primary" if token.tag in ("h1", "h2") else "bold")
        builder.emit("text", lines=tuple(content.split("\n")))
        # A paragraph in a tight list is hidden: its list has no empty lines.
        builder.gap = not token.hidden
    elif token.type in ("fence", "code_block"):
        builder.emit("code", lines=_code(token))
    elif token.type == "table_open":
        _take_table(builder, tokens)
    elif token.type == "hr":
        builder.emit("rule")
    else:
        _nest(builder, token)


def _nest(builder: _Builder, token: Token) -> None:
    if token.type in ("bullet_list_open", "ordered_list_open"):
        builder.lists += 1
    elif token.type in ("bullet_list_close", "ordered_list_close"):
        builder.lists -= 1
        builder.gap = builder.gap or builder.lists == 0
    elif token.type == "list_item_open":
        bullet = "•" if builder.lists == 1 else "◦"
        mark = f"{token.info}{token.markup} " if token.info else f"{bullet} "
        builder.prefixes.append(_Prefix(Content.styled(mark, "$primary"), Content(" " * len(mark))))
    elif token.type == "blockquote_open":
        bar = Content.styled("▎ ", MUTED_STYLE)
        builder.prefixes.append(_Prefix(bar, bar))
    elif token.type in ("list_item_close", "blockquote_close"):
        if not builder.prefixes[-1].used:
            builder.emit("text", lines=(Content(""),))
            builder.gap = False
        builder.prefixes.pop()


def _take_table(builder: _Builder, tokens: Iterator[Token]) -> None:
    rows: list[list[Content]] = []
    right: list[bool] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            if token.type == "th_open":
                right.append("right" in str(token.attrs.get("style", "")))
        elif token.type == "inline":
            rows[-1].append(_inline(token))
    builder.emit("table", rows=tuple(map(tuple, rows)), right=tuple(right))


def _code(token: Token) -> tuple[Content, ...]:
    code = sanitize.text(token.content).replace("\t", _TAB).rstrip("\n")
    language = sanitize.line(token.info).split(" ")[0]
    if not language or len(code) > _MOST_HIGHLIGHTED:
        return tuple(Content(line) for line in code.split("\n"))
    return tuple(highlight(code, language=language).split("\n", allow_blank=True))


def _inline(token: Token) -> Content:
    text = _Text()
    for child in token.children or ():
        text.take(child)
    return Content("".join(text.parts), text.spans)


@dataclass(slots=True)
class _Text:
    """The text of a paragraph under construction.

    Each part is made safe here, after parsing: `&#x202e;` is harmless until it is a character.
    """

    parts: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    opened: list[tuple[str, int, str]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, style: str = "") -> None:
        if style:
            self.spans.append(Span(self.length, self.length + len(text), style))
        self.parts.append(text)
        self.length += len(text)

    def take(self, token: Token) -> None:
        if token.type in _OPENING_STYLES:
            self.opened.append((_OPENING_STYLES[token.type], self.length, _target(token, "href")))
        elif token.type in _CLOSING:
            self._close()
        elif token.type == "code_inline":
            self.add(sanitize.text(token.content).replace("\t", _TAB), CODE_STYLE)
        elif token.type in ("softbreak", "hardbreak"):
            self.add("\n")
        elif token.type == "image":
            words = f"{sanitize.line(token.content)} (image: {_target(token, 'src')})"
            self.add(words, MUTED_STYLE)
        else:
            self.add(sanitize.text(token.content).replace("\t", _TAB))

    def _close(self) -> None:
        style, start, target = self.opened.pop()
        self.spans.append(Span(start, self.length, style))
        label = "".join(self.parts)[start:]
        # A label that is its own target needs no mention of it.
        if target and target not in (label, f"http://{label}", f"mailto:{label}"):
            self.add(f" ({target})", MUTED_STYLE)


def _target(token: Token, name: str) -> str:
    return sanitize.line(str(token.attrs.get(name, "")), 4000)
