"""The screen of all chats, over a real store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from localchat import sanitize
from localchat.chat import messages
from localchat.chat.messages import ModelMark
from localchat.chat.records import Hit
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from localchat.ui import chat_rows, themes
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chats import ChatsScreen
from localchat.ui.widgets.chat_list import ChatRows, Place
from tests.ui import hosts


class Host(App[None]):
    """Only the screen, and what it says."""

    CSS_PATH = LocalchatApp.CSS_PATH
    HORIZONTAL_BREAKPOINTS = LocalchatApp.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = LocalchatApp.VERTICAL_BREAKPOINTS

    def __init__(self, keeper: Keeper) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self.opened: list[Place] = []
        self.left = 0
        self.chats = ChatsScreen(keeper, self._go_to)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def on_mount(self) -> None:
        self.push_screen(self.chats)

    async def _go_to(self, place: Place) -> None:
        self.opened.append(place)

    def on_chats_screen_left(self) -> None:
        self.left += 1


def _fill(file: Path, talks: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Keep chats with one question and one answer each; give their ids by title."""
    store, ids = Store.open(file), {}
    for title, (question, answer) in talks.items():
        record = store.new_chat(ChatSettings(), title)
        asked = messages.new(record.id, None, "user", question)
        said = messages.new(record.id, asked.id, "assistant", answer)
        said = type(said)(
            said.id, record.id, asked.id, "assistant", said.parts, ending="stop",
            created_seconds=said.created_seconds, model=ModelMark("Qwen3 4B", "Q4_K_M"),
        )  # fmt: skip
        store.add(asked)
        store.add(said)
        ids[title] = record.id
    store.close()
    return ids


_TALKS = {
    "Roses": ("When do I prune roses?", "In late winter, before the buds open."),
    "Rust": ("What is a borrow checker?", "It holds references to rules at compile time."),
    "京都": ("京都の天気は？", "晴れです。"),
}


@asynccontextmanager
async def _shown(
    tmp_path: Path, talks: dict[str, tuple[str, str]], size: tuple[int, int] = (120, 30)
) -> AsyncIterator[tuple[Pilot[None], Host, dict[str, str]]]:
    file = tmp_path / "chats.db"
    ids = _fill(file, talks)
    keeper = Keeper(file)
    host = Host(keeper)
    try:
        async with host.run_test(size=size, notifications=True) as pilot:
            await hosts.shows(pilot, f"{len(talks)} chat" if talks else "no chats yet")
            if talks:
                await hosts.focuses(pilot, ChatRows)
            yield pilot, host, ids
    finally:
        await keeper.close()


async def test_chats_are_listed_newest_first_with_a_look_inside(tmp_path: Path) -> None:
    """Title, model, length and time; the chat under the cursor is shown beside."""
    async with _shown(tmp_path, _TALKS) as (pilot, _, _):
        await hosts.shows(pilot, "晴れです。", *_TALKS)
        places = _lines_of(pilot, *_TALKS)
        assert sorted(places, reverse=True) == places
        await hosts.press(pilot, "down")
        await hosts.shows(pilot, "It holds references")


def _lines_of(pilot: Pilot[None], *names: str) -> list[int]:
    """Say in which line of the screen each of these stands first."""
    lines = hosts.screen_text(pilot).splitlines()
    return [next(i for i, line in enumerate(lines) if name in line) for name in names]


async def test_a_search_finds_words_and_opens_their_message(tmp_path: Path) -> None:
    """In titles and messages of any script; Enter goes to the message that was found."""
    async with _shown(tmp_path, _TALKS) as (pilot, host, ids):
        await hosts.press(pilot, "slash")
        await hosts.focuses(pilot, Input)
        host.chats.query_one(Input).value = "buds"
        await hosts.shows(pilot, "1 found", "before the buds open")
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: bool(host.opened))
        assert ids["Roses"] == host.opened[0].chat_id
        assert host.opened[0].message_id is not None
        host.chats.query_one(Input).value = "天気"
        await hosts.shows(pilot, "京都の天気は")
        host.chats.query_one(Input).value = "nothing like this"
        await hosts.shows(pilot, "Nothing was found.")
        await hosts.press(pilot, "escape")
        await hosts.hides(pilot, "Nothing was found.")
        await hosts.shows(pilot, "3 chats", *_TALKS)
        assert 0 == host.left


async def test_a_deleted_chat_comes_back(tmp_path: Path) -> None:
    """By u at once, or later from the deleted ones."""
    async with _shown(tmp_path, _TALKS) as (pilot, host, _):
        by_undo = (("u", "is back"),)
        from_bin = (("t", "1 chat deleted"), ("enter", "No chat was deleted"), ("escape", "Rust"))
        for back in (by_undo, from_bin):
            await hosts.press(pilot, "home", "d")
            await hosts.shows(pilot, "2 chats")
            for key, words in back:
                await hosts.press(pilot, key)
                await hosts.shows(pilot, words)
            await hosts.shows(pilot, "3 chats")
            assert 0 == host.left


async def test_a_chat_is_renamed_and_pinned(tmp_path: Path) -> None:
    """A title of the reader's own, and a place at the top."""
    async with _shown(tmp_path, _TALKS) as (pilot, host, ids):
        await hosts.press(pilot, "end", "r")
        await hosts.shows(pilot, "Rename the chat")
        await hosts.focuses(pilot, Input)
        host.screen.query_one(Input).value = "The garden"
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: host.screen is host.chats)
        await hosts.shows(pilot, "The garden")
        await hosts.focuses(pilot, ChatRows)
        await hosts.press(pilot, "p")
        await hosts.shows(pilot, "◆ The garden", "京都")
        pinned, newest = _lines_of(pilot, "garden", "京都")
        assert pinned < newest
        await hosts.press(pilot, "home", "enter")
        await hosts.wait_until(pilot, lambda: bool(host.opened))
        assert [Place(ids["Roses"])] == host.opened


async def test_a_chat_is_exported_to_a_file_that_is_new(tmp_path: Path) -> None:
    """A name that is taken, or of no format, is asked for again with the reason."""
    taken = tmp_path / "taken.md"
    taken.write_text("mine")
    async with _shown(tmp_path, _TALKS) as (pilot, host, _):
        await hosts.press(pilot, "e")
        await hosts.shows(pilot, "Export the chat to")
        for name, words in ((taken, "is there already"), (tmp_path / "a.pdf", "End the name in")):
            await hosts.focuses(pilot, Input)
            host.screen.query_one(Input).value = str(name)
            await hosts.press(pilot, "enter")
            await hosts.shows(pilot, words)
        await hosts.focuses(pilot, Input)
        host.screen.query_one(Input).value = str(tmp_path / "new.md")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Written to")
    assert "mine" == taken.read_text()
    assert "晴れです。" in (tmp_path / "new.md").read_text("utf-8")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 50)])
async def test_hostile_titles_and_messages_are_shown_as_text(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """No control byte of theirs, and no markup, at any size."""
    hostile = "[red]x[/]\x1b]52;c;aGk=\x07\x9b31m\u202e"
    talks = {hostile: (hostile, f"{hostile} needle {hostile}")}
    async with _shown(tmp_path, talks, size) as (pilot, host, _):
        host.chats.search_for("needle")
        await hosts.shows(pilot, "1 found", "[red]x[/]")
        text = hosts.screen_text(pilot)
        assert text == sanitize.text(text)


async def test_without_chats_the_screen_says_what_will_be_here(tmp_path: Path) -> None:
    """And Esc leads back."""
    async with _shown(tmp_path, {}) as (pilot, host, _):
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: host.left == 1)


def test_a_match_is_seen_however_narrow_the_row_is() -> None:
    """What stands before it is cut from its beginning."""
    snippet = (
        ("…", False),
        ("one two three four five six seven eight nine ", False),
        ("needle", True),
    )
    found = Hit("c", "m", "Title", "user", snippet, 0.0)
    for width in (24, 40, 100):
        first, second = chat_rows.hit(found, width).plain.split("\n")
        assert "needle" in second and "……" not in second
        assert max(len(first), len(second)) <= width
