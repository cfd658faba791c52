"""Lists whose rows change while a key is on its way."""

import dataclasses

from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import OptionList

from localchat.chat.records import ChatRecord
from localchat.ui import themes
from localchat.ui.shelf import Entry
from localchat.ui.widgets.chat_list import ChatList
from localchat.ui.widgets.model_list import ModelList
from tests.ui import hosts

_ENTRIES = tuple(
    Entry(dataclasses.replace(hosts.MODELS[1], name=name, path=hosts.MODELS[1].path / name))
    for name in ("one", "two", "three")
)
_RECORDS = tuple(ChatRecord(name, name) for name in ("one", "two", "three"))


class _Host(App[None]):
    """One list, and what it told last."""

    def __init__(self, listed: Widget) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self._listed = listed
        self.chosen: list[str] = []
        self.highlighted = ""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def compose(self) -> ComposeResult:
        yield self._listed

    def on_model_list_highlighted(self, event: ModelList.Highlighted) -> None:
        self.highlighted = event.entry.title if event.entry else ""

    def on_model_list_chosen(self, event: ModelList.Chosen) -> None:
        self.chosen.append(event.entry.title)

    def on_chat_list_highlighted(self, event: ChatList.Highlighted) -> None:
        self.highlighted = event.place.chat_id if event.place else ""


async def test_model_that_was_chosen_is_taken_though_the_list_is_another_by_then() -> None:
    """Rows that go while Enter is on its way change nothing of what was chosen."""
    listed = ModelList()
    host = _Host(listed)
    async with host.run_test() as pilot:
        listed.show(_ENTRIES)
        await pilot.pause()
        rows = listed.query_one(OptionList)
        rows.highlighted = 2
        rows.action_select()
        listed.show(_ENTRIES[:1])
        await pilot.pause()

        assert host.chosen == ["three"]
        assert host.highlighted == "one"


async def test_chat_under_the_cursor_is_told_though_the_list_is_another_by_then() -> None:
    """Rows that go while the cursor moves leave it on one that is there."""
    listed = ChatList()
    host = _Host(listed)
    async with host.run_test() as pilot:
        listed.show(_RECORDS, None, None)
        await pilot.pause()
        listed.query_one(OptionList).highlighted = 2
        listed.show(_RECORDS[:1], None, None)
        await pilot.pause()

        assert host.highlighted == "one"
