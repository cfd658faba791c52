"""The app with kept chats: the list, settings and slash words act on the chat that is open."""

import asyncio
import sqlite3
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chat import ChatScreen
from localchat.ui.screens.chat_settings import ChatSettingsScreen
from localchat.ui.screens.chats import ChatsScreen
from localchat.ui.widgets.chat_list import ChatRows
from localchat.ui.widgets.prompt_area import PromptArea
from tests.conftest import MakeEngine
from tests.ui import hosts


async def _ask(pilot: Pilot[None], app: LocalchatApp, text: str) -> None:
    """Send a message and wait for its answer."""
    await hosts.send(pilot, text)

    def is_answered() -> bool:
        path = app.open_chat.path if app.open_chat else ()
        return len(path) == 2 and path[0].text == text and bool(path[1].ending)

    await hosts.wait_until(pilot, is_answered)


async def test_a_chat_is_found_again_and_gone_on_with(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Ctrl+O lists it, the search finds its words, Enter opens it; the other one stays."""
    app = hosts.make_app(fake_engine(), chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        for text in ("About roses", "About rust"):
            await hosts.press(pilot, "ctrl+n")
            await hosts.wait_until(pilot, lambda: not (app.open_chat and app.open_chat.path))
            await _ask(pilot, app, text)
        await hosts.press(pilot, "ctrl+o")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await hosts.focuses(pilot, ChatRows)
        await hosts.shows(pilot, "2 chats")
        await hosts.press(pilot, "slash")
        await hosts.focuses(pilot, Input)
        app.screen.query_one(Input).value = "roses"
        await hosts.shows(pilot, "2 found")
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatScreen))
        await hosts.wait_until(
            pilot, lambda: bool(app.open_chat and app.open_chat.path[0].text == "About roses")
        )
        await hosts.shows(pilot, "About roses")


async def test_two_that_go_to_the_chat_at_once_find_it_built(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """A model that is ready while the last chat is opened; the second does not wait less."""
    app = hosts.make_app(fake_engine(), chats_file=tmp_path / "chats.db", open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Guide")
        chats = [await app.chats.new() for _ in range(2)]
        await asyncio.gather(*map(app.show_chat, chats))
        await hosts.focuses(pilot, PromptArea)
        assert app.open_chat is chats[1]


async def test_deleting_the_open_chat_leaves_a_new_one(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """And bringing it back from the list, it can be opened again."""
    app = hosts.make_app(fake_engine(), chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        await _ask(pilot, app, "About roses")
        await hosts.press(pilot, "ctrl+o")
        await hosts.focuses(pilot, ChatRows)
        await hosts.shows(pilot, "1 chat")
        await hosts.press(pilot, "d")
        await hosts.shows(pilot, "no chats yet")
        await hosts.wait_until(pilot, lambda: app.open_chat is not None and not app.open_chat.path)
        await hosts.press(pilot, "u")
        await hosts.shows(pilot, "is back")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatScreen))


async def test_settings_and_words_change_how_the_open_chat_is_answered(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """By the panel and by slash words, and both are kept with the chat."""
    file = tmp_path / "chats.db"
    app = hosts.make_app(fake_engine(), chats_file=file)
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        await _ask(pilot, app, "About roses")
        await hosts.press(pilot, "ctrl+s")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatSettingsScreen))
        await hosts.shows(pilot, "Temperature")
        field = next(each for each in app.screen.query("SettingField") if each.row.key == "temp")  # type: ignore[attr-defined]
        field.query_one(Input).value = "0.25"
        await hosts.press(pilot, "ctrl+s")
        await hosts.shows(pilot, "counts from the next answer on")
        await hosts.send(pilot, "/overflow roll")
        await hosts.shows(pilot, "the oldest")
        await hosts.send(pilot, "/rename My garden")
        await hosts.shows(pilot, "My garden")
        await hosts.send(pilot, "/persona nobody")
        await hosts.shows(pilot, "There is no persona")
        assert app.open_chat is not None
        assert "My garden" == app.open_chat.record.title
    kept = sqlite3.connect(file).execute("SELECT title, settings FROM chat").fetchone()
    assert "My garden" == kept[0]
    assert '"temperature": 0.25' in kept[1] and '"overflow": "roll"' in kept[1]
