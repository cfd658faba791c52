"""What a model thought: shown or hidden as the reader wants it, whenever that is said."""

import dataclasses

from textual.app import App, ComposeResult

from localchat.chat import events, messages
from localchat.engine import wire
from localchat.ui import themes
from localchat.ui.feed import Entry
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.thoughts import Thoughts
from tests.ui import hosts

_COMING = messages.new("chat", None, "assistant", is_streaming=True)


class _Host(App[None]):
    """Only one answer, which is coming."""

    CSS = "AnswerView, Thoughts, Prose { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self.view = AnswerView(Entry(_COMING, is_live=True))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def compose(self) -> ComposeResult:
        yield self.view


async def test_thoughts_that_are_wanted_before_they_are_shown_are_unfolded() -> None:
    """Ctrl+T between two updates of an answer counts, and the end of the answer keeps it."""
    async with _Host().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, _Host)
        app.view.take(events.Said("reasoning", "I ponder.", wire.Stats(tokens=3)))
        app.view.toggle_thoughts()
        ended = dataclasses.replace(
            _COMING, parts=messages.new("chat", None, "assistant", "So.").parts,
            is_streaming=False, ending="stop", reasoning="I ponder.",
        )  # fmt: skip
        app.view.set_entry(Entry(ended))
        await hosts.shows(pilot, "▾ thought", "I ponder.", "So.")
        app.view.set_entry(Entry(ended, versions=2))
        await pilot.pause()
        assert app.query_one(Thoughts).unfolded
        await hosts.shows(pilot, "I ponder.")
