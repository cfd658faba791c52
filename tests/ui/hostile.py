"""Texts that try to make a terminal do something, and what a terminal would do of what is drawn."""

import os
import re

from hypothesis import strategies as st
from textual.app import App
from textual.widget import Widget

# What Textual itself writes to color a line; everything else with an escape is of the text.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)
TRICKS = (
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]0;owned\x07\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\x1b[2J\x1b[31mred\x1b[0m\x1b[?1049l",
    "\x1bP$q\x1b\\ \x9b2J\x9d52;c;x\x9c",
    "a\rb\x08\x08c\x0c\x0bd\x7f",
    "\u202eevil\u202c \u2066x\u2069 \u200f",
    "&#x202e;&#27;[31m &rlm; &#12;&#13;&NewLine;",
    "[x](javascript:%1b]52;c;x%07) [y](http://a\x1b]0;b\x07c) ![z](\x1b[2J)",
    "```\x1b]0;x\x07\n\x1b[2J\n```\n`\x1b[31m`",
    "| \x1b[2J | b |\n|---|---|\n| \x07 | [/red][bold]x[@click=app.quit]q[/] |",
    "[bold red]markup[/] [@click=app.quit()]leave[/] $text {{x}} \\[",
    "# \x1b[31m\n> \x07\n- \x9b2J\n1. \x1b\\\n",
    "\ud800\udfff\ufeff\u2028\u2029\U000e0041",
    "\x1b" * 50 + "\n" * 5 + "\t\x1b\t",
)

TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from([*TRICKS, "\x1b", "]52;c;", "\x07", "&#", "x9b;", "`", "\n", "word "])
).map("".join)
EXAMPLES = int(os.environ.get("LOCALCHAT_TEST_EXAMPLES", "60"))
"""How many texts Hypothesis puts on the wall; 10,000 take about half an hour."""


def drawn(app: App[None]) -> str:
    """Draw every widget of the screen, as it would be sent without the last gate."""
    lines = []
    for widget in app.screen.walk_children(Widget):
        for line in range(widget.size.height):
            lines.append(widget.render_line(line).render(app.console))
    return "\n".join(lines)


def plain(text: str) -> str:
    """Leave out the colors."""
    return _COLORS.sub("", text)


def obeyed(text: str) -> list[str]:
    """Find what a terminal would obey, other than colors."""
    return _OBEYED.findall(plain(text))
