"""Text of others in questions, toasts, lists and boxes to write in: the terminal obeys none."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from localchat import errors
from localchat.chat.drafts import Draft
from localchat.chat.exchange import writing
from localchat.chat.messages import Part
from localchat.chat.settings import ChatSettings
from localchat.hub.search import Search
from localchat.ui import hub_lines, themes, toasts
from localchat.ui.app import LocalchatApp
from localchat.ui.hub_lines import Finding, Note
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.screens.ask import AskScreen
from localchat.ui.screens.chat_settings import ChatSettingsScreen
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.screens.download_questions import StopScreen
from localchat.ui.shelf import Entry
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.model_list import ModelList
from localchat.ui.widgets.model_picker import ModelPicker
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.suggestions import Suggestion, Suggestions
from tests.ui import hostile, hosts

_WORD = "harmless"
_TEXTS = (_WORD, *hostile.TRICKS)


class _Host(App[None]):
    """A bare app: the gate before the terminal is not in it."""

    CSS_PATH = LocalchatApp.CSS_PATH

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[None]]:
    """The app, drawn on when it rests."""
    app = _Host()
    async with app.run_test(size=(120, 50), notifications=True) as running:
        yield running


async def _check(pilot: Pilot[None], text: str) -> None:
    """See that the text is on the screen, and that the terminal would obey nothing of it."""
    await pilot.pause()
    if text == _WORD:
        await hosts.shows(pilot, _WORD)
    assert hostile.obeyed(hostile.drawn(pilot.app)) == []


_DIALOGS: dict[str, Callable[[str, Path], Screen[Any]]] = {
    "ask": lambda text, _: AskScreen(text, text, text),
    "confirm": lambda text, _: ConfirmScreen(text, text, "do it"),
    "stop": lambda text, _: StopScreen(text, 1),
    "export": lambda text, _: AskScreen("Export", writing.suggested_name(text, "md"), text),
    "settings": lambda text, folder: _settings(text, folder),
}


def _settings(text: str, folder: Path) -> ChatSettingsScreen:
    """The panel with a persona and a chat of somebody else."""
    safe = text.encode("utf-8", "replace").decode()
    about, name = json.dumps(safe), json.dumps(f"a{safe}")
    (folder / "theirs.toml").write_text(f"name = {name}\nabout = {about}\n", encoding="utf-8")
    (folder / "broken.toml").write_text(f"{about} = {about}\n", encoding="utf-8")
    given = ChatSettings(persona=text, system=text, stop=(text,), json_schema=text, effort=text)
    return ChatSettingsScreen(given, ChatSettings(), folder)


@pytest.mark.parametrize("dialog", _DIALOGS)
@pytest.mark.parametrize("text", _TEXTS)
async def test_questions_are_safe(
    pilot: Pilot[None], text: str, dialog: str, tmp_path: Path
) -> None:
    """A name in a question, a title in its field and what is said of them are only text."""
    pilot.app.push_screen(_DIALOGS[dialog](text, tmp_path))
    await _check(pilot, text)


@pytest.mark.parametrize("text", _TEXTS)
async def test_toasts_are_safe(pilot: Pilot[None], text: str) -> None:
    """What is told in the corner is only text, an error with its hint included."""
    toasts.tell(pilot.app, text)
    toasts.warn(pilot.app, errors.StoreError(text, text))
    await _check(pilot, text)


@pytest.mark.parametrize("text", _TEXTS)
async def test_boxes_to_write_in_are_safe(pilot: Pilot[None], text: str, tmp_path: Path) -> None:
    """A draft that was kept, a message that was sent before, one that is edited, a file's name."""
    file = tmp_path / "history.jsonl"
    file.write_text(json.dumps(text) + "\n")
    prompt, editor, files = PromptBox(PromptHistory(file)), Editor(text, "Enter"), Suggestions()
    await pilot.app.mount(editor, files, prompt)
    files.show([Suggestion(text, text, text)], text)
    prompt.draft = Draft(text, (Part("file", text, text),))
    await _check(pilot, text)
    prompt.draft = Draft("")
    prompt.focus()
    await hosts.press(pilot, "up")
    await _check(pilot, text)


@pytest.mark.parametrize("text", _TEXTS)
async def test_what_the_hub_says_is_safe(pilot: Pilot[None], text: str) -> None:
    """Names of repositories, and what the Hub says went wrong, are only text."""
    result = hub_lines.of_repository(text)
    error = errors.NetworkError(text, text)
    picker, listed, note = ModelPicker(), ModelList(), Static(markup=False)
    await pilot.app.mount(*(_tall(each) for each in (picker, listed)), note)
    picker.show_finding(Finding(text, Search(text), (result,), error=error), is_offline=False)
    listed.show((Entry(result=result), Note("a note")))
    await _check(pilot, text)


def _tall(widget: Widget) -> Widget:
    widget.styles.height = 12
    return widget
