"""The blocks of code in a Markdown text, as they are numbered on the screen. Knows no widgets."""

import functools

from markdown_it import MarkdownIt

from localchat import sanitize


@functools.cache
def parser() -> MarkdownIt:
    """Make the one reader of Markdown, so that everybody counts the same blocks."""
    return MarkdownIt("gfm-like", {"html": False})


def code(markdown: str) -> tuple[str, ...]:
    """Give the text of every block of code, in order.

    >>> code("Try\\n\\n```sh\\nls\\n```\\n")
    ('ls',)
    """
    tokens = parser().parse(sanitize.text(markdown))
    return tuple(
        sanitize.text(token.content).rstrip("\n")
        for token in tokens
        if token.type in ("fence", "code_block")
    )
