"""Lines of Markdown on screen: kept as they were drawn for as long as they look the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.theme import Theme

from localchat.ui.stream import Piece
from localchat.ui.widgets.prose import Prose

_TEXT = "Read `this` and [that](https://example.org).\n\n```python\nprint(1)\n```\n"
# They differ in nothing but the color that code and links have.
_THEMES = [
    Theme(f"likes-{color}", primary=color, accent=color, background="#000000", surface="#101010")
    for color in ("red", "blue")
]


class _Page(App[None]):
    """One text."""

    def __init__(self) -> None:
        super().__init__()
        self.prose = Prose(_TEXT)
        for theme in _THEMES:
            self.register_theme(theme)
        self.theme = _THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"foreground-muted": "#808080"}

    def compose(self) -> ComposeResult:
        yield self.prose


@asynccontextmanager
async def _page() -> AsyncIterator[tuple[Pilot[Any], Prose]]:
    app = _Page()
    async with app.run_test(size=(60, 16)) as pilot:
        await pilot.pause()
        yield pilot, app.prose


def _drawn(prose: Prose) -> list[str]:
    """Every line with its colors."""
    return [repr(prose.render_line(y)) for y in range(prose.size.height)]


async def test_lines_are_not_drawn_again_while_a_text_grows() -> None:
    """What stands already is the same object, not one that only looks the same."""
    async with _page() as (pilot, prose):
        before = prose.render_line(0)
        prose.grow([], Piece("More"))
        await pilot.pause()

        assert prose.render_line(0) is before
        assert any("More" in prose.render_line(y).text for y in range(prose.size.height))


@pytest.mark.parametrize("change", ["theme", "width", "text", "numbers"])
async def test_lines_are_drawn_again_when_they_look_different(change: str) -> None:
    """Another theme, width or text, and the numbers of code, are seen at once."""
    async with _page() as (pilot, prose):
        before = _drawn(prose)
        if change == "theme":
            pilot.app.theme = _THEMES[1].name
        elif change == "width":
            await pilot.resize_terminal(30, 16)
        elif change == "text":
            prose.replace(_TEXT.replace("this", "THIS"))
        else:
            prose.number_code(True)
        await pilot.pause()

        assert _drawn(prose) != before
