"""Markdown in one widget: what it looks like for a width."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localchat.ui import markdown_blocks, markdown_layout


def _shown(markdown: str, width: int = 40) -> str:
    content = markdown_layout.lay_out(markdown_blocks.parse(markdown), width)
    return "\n".join(line.rstrip() for line in content.plain.split("\n"))


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("- a\n- b\n  - c\n\nend", "• a\n• b\n  ◦ c\n\nend"),
        ("- a\n\n- b", "• a\n\n• b"),
        ("2. two\n3. three", "2. two\n3. three"),
        ("> quoted\n>\n> more\n\nnot", "▎ quoted\n▎\n▎ more\n\nnot"),
        ("```\n  x\n\n\ty\n```", "   x\n\n     y"),
        ("a <b>raw</b> tag", "a <b>raw</b> tag"),
        ("<div>\nblock\n</div>", "<div>\nblock\n</div>"),
        ("[here](https://a.example/x)", "here (https://a.example/x)"),
        ("<https://a.example>", "https://a.example"),
        ("![cat](https://a.example/c.png)", "cat (image: https://a.example/c.png)"),
        ("a **b** *c* ~~d~~ `e`", "a b c d e"),
        ("| a | b |\n|---|--:|\n| 1 | 22 |", "a   b\n─  ──\n1  22"),
        ("-\n- x", "•\n• x"),
        ("---", "─" * 40),
    ],
)
def test_markdown_becomes_text(markdown: str, shown: str) -> None:
    """Each kind of block and of inline mark has its look."""
    assert _shown(markdown) == shown


def test_long_lines_hang_below_their_bullet() -> None:
    """A list item that wraps goes on below its own text."""
    assert _shown("- one two three four", 12) == "• one two\n  three four"


def test_table_shares_the_width() -> None:
    """A table that is too wide wraps its widest column and keeps the others."""
    table = f"| name | what |\n|---|---|\n| x | {'word ' * 12}|"

    lines = _shown(table, 30).split("\n")

    assert max(map(len, lines)) <= 30
    assert lines[2].startswith("x     word word")
    assert len(lines) > 3


@settings(max_examples=200)
@given(st.text(alphabet="ab -*`|>#[]()!\n1.~_<&;é漢", max_size=120), st.integers(40, 100))
def test_no_line_is_wider_than_the_width(markdown: str, width: int) -> None:
    """Whatever the text, lines fit; only marks nested deeper than the width may not."""
    content = markdown_layout.lay_out(markdown_blocks.parse(markdown), width)
    prefixes = max((block.rest.cell_length for block in markdown_blocks.parse(markdown)), default=0)

    widest = max(line.cell_length for line in content.split("\n", allow_blank=True))
    assert widest <= max(width, prefixes + 8)
