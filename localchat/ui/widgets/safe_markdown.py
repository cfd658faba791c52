"""Markdown of untrusted origin: nothing hidden, nothing the terminal would obey, no link opened."""

from collections.abc import Sequence
from typing import Any

import rich.markdown
from markdown_it import MarkdownIt
from markdown_it.token import Token
from textual.widgets import Markdown

from localchat import sanitize


class _SafeParser(MarkdownIt):
    """Parses to tokens that hold no control character.

    Cleaning the source is not enough: `&#x202e;` and `&rlm;` are harmless until they are parsed.
    Raw HTML is shown as it is written, because a dropped tag is text the reader never sees.
    """

    def __init__(self) -> None:
        super().__init__("gfm-like", {"html": False})

    def parse(self, src: str, env: Any = None) -> list[Token]:
        tokens = super().parse(sanitize.text(src), env)
        _clean(tokens)
        return tokens


def _clean(tokens: Sequence[Token]) -> None:
    for token in tokens:
        token.content = sanitize.text(token.content)
        token.info = sanitize.line(token.info)
        token.attrs = {
            name: sanitize.line(value, 4000) if isinstance(value, str) else value
            for name, value in token.attrs.items()
        }
        _clean(token.children or ())


class SafeMarkdown(Markdown):
    """A Markdown widget for text that a model wrote."""

    def __init__(self, markdown: str | None = None, *, classes: str = "") -> None:
        parser = _SafeParser()
        super().__init__(markdown, classes=classes, parser_factory=lambda: parser, open_links=False)


class SafeRichMarkdown(rich.markdown.Markdown):
    """The same as one renderable, for messages that no longer change: far cheaper than widgets."""

    def __init__(self, markdown: str) -> None:
        # Hyperlinks would be sent to the terminal as OSC 8, with a target that nobody sees.
        super().__init__(sanitize.text(markdown), code_theme="ansi_dark", hyperlinks=False)
        self.parsed = _SafeParser().parse(markdown)
