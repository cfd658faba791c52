"""The panel of a chat's settings, and personas in it."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Select, TextArea

from localchat import sanitize
from localchat.chat.settings import ChatSettings
from localchat.engine import wire
from localchat.ui import setting_rows, themes
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chat_settings import ChatSettingsScreen
from localchat.ui.widgets.setting_fields import SettingField
from tests.ui import hosts

_USUAL = ChatSettings(system="Be kind.", sampling=wire.Sampling(temperature=0.8))


class Host(App[None]):
    """Only the panel, and what it gave."""

    CSS_PATH = LocalchatApp.CSS_PATH
    HORIZONTAL_BREAKPOINTS = LocalchatApp.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = LocalchatApp.VERTICAL_BREAKPOINTS

    def __init__(self, panel: ChatSettingsScreen) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self.panel = panel
        self.given: list[ChatSettings | None] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def on_mount(self) -> None:
        self.push_screen(self.panel, self.given.append)


@asynccontextmanager
async def _shown(
    folder: Path, current: ChatSettings = _USUAL, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[tuple[Pilot[None], Host]]:
    host = Host(ChatSettingsScreen(current, _USUAL, folder))
    async with host.run_test(size=size, notifications=True) as pilot:
        await hosts.shows(pilot, "How this chat is answered")
        await hosts.focuses(pilot, Select)
        fields = host.panel.query(SettingField)
        await hosts.wait_until(pilot, lambda: all(field.is_mounted for field in fields))
        yield pilot, host


def _field(host: Host, key: str) -> SettingField:
    return next(each for each in host.panel.query(SettingField) if each.row.key == key)


async def _given(pilot: Pilot[None], host: Host) -> ChatSettings | None:
    await hosts.wait_until(pilot, lambda: bool(host.given))
    return host.given[0]


async def test_what_is_written_is_how_the_chat_is_answered(tmp_path: Path) -> None:
    """Numbers, texts, choices and stop texts; what is not touched stays."""
    current = dataclasses.replace(_USUAL, template_variables={"a": 1}, json_schema="{}")
    async with _shown(tmp_path, current) as (pilot, host):
        _field(host, "temp").query_one(Input).value = "0.25"
        _field(host, "seed").query_one(Input).value = "7"
        _field(host, "overflow").query_one(Select).value = "roll"
        _field(host, "system").query_one(TextArea).text = "Two\nlines"
        _field(host, "stop").query_one(Input).value = r"END, \n\n, a\cb"
        await hosts.press(pilot, "ctrl+s")
        found = await _given(pilot, host)
    assert found == dataclasses.replace(
        current, system="Two\nlines", overflow="roll", stop=("END", "\n\n", "a,b"),
        sampling=wire.Sampling(temperature=0.25, seed=7),
    )  # fmt: skip


async def test_going_back_changes_nothing(tmp_path: Path) -> None:
    """Whatever was written."""
    async with _shown(tmp_path) as (pilot, host):
        _field(host, "temp").query_one(Input).value = "1.5"
        await hosts.press(pilot, "escape")
        assert await _given(pilot, host) is None


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("temp", "hot", "This must be a number from 0 to 10."),
        ("top_k", "1.5", "This must be a whole number"),
        ("predict", "-7", "This must be a whole number"),
        ("json_schema", "{", "This must be a JSON schema"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field(
    tmp_path: Path, key: str, text: str, words: str
) -> None:
    """With the cursor there, and nothing is taken until it is mended."""
    async with _shown(tmp_path) as (pilot, host):
        field = _field(host, key).query_one(Input)
        field.value = text
        await hosts.press(pilot, "ctrl+s")
        await hosts.shows(pilot, words)
        await hosts.wait_until(pilot, lambda: field.has_focus)
        assert not host.given
        field.value = ""
        await hosts.press(pilot, "ctrl+s")
        assert await _given(pilot, host) is not None


async def test_a_persona_fills_the_fields_and_can_be_kept(tmp_path: Path) -> None:
    """One that ships, changed and kept under another name, is there the next time."""
    async with _shown(tmp_path) as (pilot, host):
        host.panel.query_one("#persona Select", Select).value = "Coder"
        await hosts.wait_until(pilot, lambda: _field(host, "temp").text == "0.2")
        _field(host, "temp").query_one(Input).value = "0.1"
        await hosts.press(pilot, "f3")
        await hosts.shows(pilot, "Keep as a persona called")
        await hosts.focuses(pilot, Input)
        host.screen.query_one(Input).value = "Reviewer"
        await hosts.press(pilot, "enter")
        found = await _given(pilot, host)
    assert found is not None
    assert ("Reviewer", 0.1) == (found.persona, found.sampling.temperature)
    async with _shown(tmp_path, found) as (pilot, host):
        assert "Reviewer" == host.panel.query_one("#persona Select", Select).value
        host.panel.query_one("#persona Select", Select).value = ""
        await hosts.wait_until(pilot, lambda: _field(host, "temp").text == "0.8")
        await hosts.press(pilot, "ctrl+s")
        assert _USUAL == await _given(pilot, host)


async def test_a_persona_that_is_not_here_stays_named(tmp_path: Path) -> None:
    """A chat of another computer keeps what it has."""
    current = dataclasses.replace(_USUAL, persona="Elsewhere")
    async with _shown(tmp_path, current, (80, 24)) as (pilot, host):
        await hosts.press(pilot, "ctrl+s")
        assert current == await _given(pilot, host)


async def test_what_cannot_be_shown_stays_until_it_is_edited(tmp_path: Path) -> None:
    """Marks of direction and control characters of a prompt are not lost by a look at it."""
    current = dataclasses.replace(_USUAL, system="a\u200fb\x1bc", stop=("\x1b[", "\u2028"))
    async with _shown(tmp_path, current) as (pilot, host):
        await hosts.press(pilot, "ctrl+s")
        assert current == await _given(pilot, host)


def test_what_the_model_does_not_know_is_said() -> None:
    """A template without a switch for thinking cannot be switched."""
    rows = {row.key: row for row in setting_rows.ROWS}
    assert not setting_rows.is_known(rows["thinking"], ("reasoning_effort",))
    assert setting_rows.is_known(rows["thinking"], ("enable_thinking",))
    assert setting_rows.is_known(rows["effort"], None)


@given(st.lists(st.text(min_size=1, max_size=12), max_size=5))
def test_any_stop_texts_can_be_edited(texts: list[str]) -> None:
    """Written in one line, they are read as they were; blank ones would stop every answer."""
    kept = tuple(each for each in texts if each.strip())
    shown = setting_rows.shown(ChatSettings(stop=kept), "stop")
    assert kept == setting_rows.parsed("stop", shown)
    assert shown == sanitize.text(shown)
