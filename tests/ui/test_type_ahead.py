"""Keys that come faster than the screen: none is lost, and none does what it was not meant for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from localchat.chat.chat import Chat
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chat import ChatScreen
from localchat.ui.screens.chats import ChatsScreen
from localchat.ui.type_ahead import TypeAhead
from localchat.ui.widgets.chat_list import ChatRows
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.model_list import Rows
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.transcript import Transcript
from tests.conftest import MakeEngine
from tests.ui import hosts


def _burst(pilot: Pilot[None], *keys: str) -> None:
    """Have all these keys come at once, as from a paste or a script."""
    for key in keys:
        pilot.app.simulate_key(key)


@asynccontextmanager
async def _chatting(
    make: MakeEngine, folder: Path, *questions: str
) -> AsyncIterator[tuple[Pilot[None], LocalchatApp]]:
    app = hosts.make_app(make(rate=1000, answers=["The answer."]), chats_file=folder / "chats.db")
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        for question in questions:
            await hosts.ask(pilot, question)
        yield pilot, app


async def _choose_a_message(pilot: Pilot[None]) -> Transcript:
    await hosts.press(pilot, "tab")
    transcript = pilot.app.screen.query_one(Transcript)
    await hosts.wait_until(pilot, lambda: transcript.has_focus and bool(transcript.chosen_id))
    return transcript


async def _list_another(pilot: Pilot[None], app: LocalchatApp) -> Chat:
    """Begin a second chat and go to the list of both; gives the first one."""
    first = app.open_chat
    assert first is not None
    await hosts.press(pilot, "ctrl+n")
    await hosts.ask(pilot, "Second")
    await hosts.press(pilot, "ctrl+o")
    await hosts.shows(pilot, "2 chats")
    await hosts.wait_until(pilot, lambda: isinstance(app.focused, ChatRows))
    return first


async def test_a_message_is_edited_as_fast_as_one_types(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """What is typed right after Up and e belongs into the text: no letter of it is a command."""
    async with _chatting(fake_engine, tmp_path, "Question") as (pilot, app):
        await _choose_a_message(pilot)
        _burst(pilot, "up", "e", *"dcrfuyt19")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Editor))
        editor = app.focused
        assert isinstance(editor, Editor)
        await hosts.wait_until(pilot, lambda: editor.text == "Questiondcrfuyt19")
        assert app.open_chat is not None and len(app.open_chat.path) == 2
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Transcript))


async def test_a_new_chat_takes_what_is_typed_at_once(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Ctrl+N in the transcript, then letters: they are the new chat's, not deeds of the old."""
    async with _chatting(fake_engine, tmp_path, "Question") as (pilot, app):
        await _choose_a_message(pilot)
        before = app.open_chat
        _burst(pilot, "ctrl+n", *"decree")
        await hosts.wait_until(pilot, lambda: app.screen.query_one(PromptArea).text == "decree")
        assert before is not None and len(before.path) == 2
        assert app.open_chat is not before


async def test_leaving_a_message_one_writes_at_once(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Esc from the transcript, then letters: they are the prompt's."""
    async with _chatting(fake_engine, tmp_path, "Question") as (pilot, app):
        await _choose_a_message(pilot)
        _burst(pilot, "up", "escape", *"decree")
        await hosts.wait_until(pilot, lambda: app.screen.query_one(PromptArea).text == "decree")
        assert app.open_chat is not None and len(app.open_chat.path) == 2


async def test_the_models_are_searched_as_fast_as_one_types(fake_engine: MakeEngine) -> None:
    """A slash and a name in one go; a slash within the name is a part of it."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.shows(pilot, "Mistral")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Rows))
        _burst(pilot, "down", "slash", *"formso/k")
        await hosts.wait_until(pilot, lambda: app.screen.query_one("#search", Input).value != "")
        search = app.screen.query_one("#search", Input)
        await hosts.wait_until(pilot, lambda: search.value == "formso/k")


async def test_a_path_is_written_as_fast_as_one_types(fake_engine: MakeEngine) -> None:
    """o and a path in one go; asked again, what is typed replaces it, and End keeps it."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.shows(pilot, "Mistral")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Rows))
        path = app.screen.query_one("#path", Input)
        for keys, shown in (("moss/k", "moss/k"), ("so", "so")):
            _burst(pilot, "o", *keys)
            await hosts.wait_until(pilot, lambda shown=shown: path.value == shown)  # type: ignore[misc]
            await hosts.press(pilot, "escape")
            await hosts.wait_until(pilot, lambda: isinstance(app.focused, Rows))
        await hosts.press(pilot, "o", "end")
        await hosts.wait_until(pilot, lambda: path.selection.is_empty and path.cursor_position == 2)
        await hosts.press(pilot, *"/x")
        await hosts.wait_until(pilot, lambda: path.value == "so/x")


async def test_a_title_is_written_as_fast_as_one_types(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """F2 and a title in one go, in the transcript where each letter would be a command."""
    async with _chatting(fake_engine, tmp_path, "Question") as (pilot, app):
        await _choose_a_message(pilot)
        _burst(pilot, "f2", *"dry", "enter")
        chat = app.open_chat
        assert chat is not None
        await hosts.wait_until(pilot, lambda: chat.record.title == "Questiondry")
        assert len(chat.path) == 2
        _burst(pilot, "ctrl+s", *"dry", "escape")
        await hosts.press(pilot, "up")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatScreen))
        assert len(chat.path) == 2


async def test_a_chat_takes_what_is_typed_right_after_it_was_chosen(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """In the list of chats: Down, Enter, and a message in one go; no letter is the list's."""
    async with _chatting(fake_engine, tmp_path, "First") as (pilot, app):
        first = await _list_another(pilot, app)
        _burst(pilot, "down", "enter", *"depart")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatScreen))
        await hosts.wait_until(pilot, lambda: app.screen.query_one(PromptArea).text == "depart")
        assert app.open_chat is not None
        assert first.record.id == app.open_chat.record.id
        assert first.record.deleted_seconds is None


async def test_a_chat_of_the_list_is_renamed_as_fast_as_one_types(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Down, r, and a title in one go; then d and Up delete the chat that d was meant for."""
    async with _chatting(fake_engine, tmp_path, "First") as (pilot, app):
        first = await _list_another(pilot, app)
        _burst(pilot, "down", "r", *"dep", "enter")
        await hosts.shows(pilot, "Firstdep")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        _burst(pilot, "d", "up")
        await hosts.shows(pilot, "1 chat")
        await hosts.wait_until(pilot, lambda: first.record.deleted_seconds is not None)


async def test_what_is_typed_while_a_model_loads_is_the_chats(fake_engine: MakeEngine) -> None:
    """No letter of it filters, sorts or opens anything in the list."""
    app = hosts.make_app(fake_engine(load_seconds=1), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.shows(pilot, "Mistral", "by recommendation")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Rows))
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Esc stops it")
        _burst(pilot, *"foxx", "backspace", *" more")
        await hosts.open_chat(pilot)
        assert app.screen.query_one(PromptArea).text == "fox more"
        await hosts.press(pilot, "!", "ctrl+l")
        await hosts.shows(pilot, "by recommendation")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Rows))
        await hosts.press(pilot, "s")
        await hosts.hides(pilot, "by recommendation")


def test_only_who_types_on_is_waited_for() -> None:
    """Keys that are no letters, and what comes before or after, belong to the list."""
    ahead = TypeAhead()
    assert not ahead.hear("a", "a")
    ahead.begin()
    assert ahead.hear("a", "a") and not ahead.hear("down", None) and not ahead.hear("enter", "\r")
    assert ahead.take() == "a"
    assert not ahead.hear("b", "b") and ahead.take() == ""


async def test_keys_that_come_before_a_message_is_chosen_begin_at_the_newest(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Up right after the transcript has the focus chooses the question, not the answer below it."""
    async with _chatting(fake_engine, tmp_path, "Question") as (pilot, app):
        transcript = app.screen.query_one(Transcript)
        app.screen.set_focus(transcript)
        _burst(pilot, "up", "e", "!")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, Editor))
        editor = app.focused
        assert isinstance(editor, Editor)
        await hosts.wait_until(pilot, lambda: editor.text == "Question!")
