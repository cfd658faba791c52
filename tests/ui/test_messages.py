"""What can be done with a message on the chat screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from localchat.ui.app import LocalchatApp
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.transcript import Transcript
from tests.conftest import MakeEngine
from tests.ui import hosts


@asynccontextmanager
async def _asked(
    app: LocalchatApp, *questions: str, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[Pilot[None]]:
    """The app after these questions were answered, with the last answer chosen."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await hosts.open_chat(pilot)
        for question in questions:
            await hosts.ask(pilot, question, "stopped by itself")
        await _choose_last(pilot)
        yield pilot


async def _choose_last(pilot: Pilot[None]) -> None:
    """Go from the prompt to the last answer."""
    await hosts.focuses(pilot, PromptArea)
    await hosts.press(pilot, "tab")
    await hosts.shows(pilot, "seed 1")


def _app(make: MakeEngine, folder: Path, **script: Any) -> LocalchatApp:
    return hosts.make_app(make(rate=1000, **script), chats_file=folder / "chats.db")


async def test_answer_again_is_another_version(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """r answers anew; Left and Right go through the versions, and the switcher counts them."""
    app = _app(fake_engine, tmp_path, answers=["The first.", "The second."])
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "r")
        await hosts.shows(pilot, "The second.", "‹ 2/2 ›", "stopped by itself")
        await hosts.hides(pilot, "The first.")
        await _choose_last(pilot)
        await hosts.press(pilot, "left")
        await hosts.shows(pilot, "The first.", "‹ 1/2 ›")
        await hosts.press(pilot, "right")
        await hosts.shows(pilot, "The second.", "‹ 2/2 ›")


async def test_switcher_can_be_clicked(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """A click on its left end shows the version before."""
    app = _app(fake_engine, tmp_path, answers=["The first.", "The second."])
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "r")
        await hosts.shows(pilot, "The second.", "‹ 2/2 ›", "stopped by itself")
        await hosts.hides(pilot, "The first.")
        await hosts.click(pilot, "‹ 2/2 ›")
        await hosts.shows(pilot, "‹ 1/2 ›")


async def test_own_message_is_edited_in_place(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """e opens the message where it stands; Enter sends the new text, and both versions are kept."""
    app = _app(fake_engine, tmp_path, answers=["The first.", "The second."])
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "up", "e")
        await hosts.focuses(pilot, Editor)
        await hosts.press(pilot, "!", "enter")
        await hosts.shows(pilot, "Question!", "The second.", "‹ 2/2 ›")


async def test_answer_is_edited_without_another(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """The reader's version of an answer says so, and the model is not asked."""
    log = tmp_path / "log"
    app = _app(fake_engine, tmp_path, answers=["The first."], log=str(log))
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "e")
        await hosts.focuses(pilot, Editor)
        await hosts.press(pilot, "!", "enter")
        await hosts.shows(pilot, "The first.!", "edited by you")
    assert log.read_text().count('"generate"') == 1


async def test_editing_can_be_left(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Esc leaves the message as it was, still chosen."""
    app = _app(fake_engine, tmp_path, answers=["The first."])
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "e")
        await hosts.shows(pilot, "Esc leaves it as it was")
        await hosts.focuses(pilot, Editor)
        await hosts.press(pilot, "x", "escape")
        await hosts.wait_until(pilot, lambda: not app.screen.query(Editor))
        await hosts.focuses(pilot, Transcript)
        await hosts.shows(pilot, "The first.", "seed 1")

        assert "The first.x" not in hosts.screen_text(pilot)
        assert "‹" not in hosts.screen_text(pilot)


async def test_deleted_message_comes_back(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """d takes a message away and says how it comes back; u brings it back."""
    app = _app(fake_engine, tmp_path, answers=["The first."])
    async with _asked(app, "Question") as pilot:
        await hosts.press(pilot, "d")
        await hosts.shows(pilot, "Press u to bring it back")
        await hosts.hides(pilot, "The first.")
        await hosts.press(pilot, "u")
        await hosts.shows(pilot, "The first.")


async def test_stopped_answer_is_continued(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """A stopped answer offers to go on, by a key and by a click."""
    gate = tmp_path / "gate"
    answers = ["word " * 9, " And so on."]
    app = _app(fake_engine, tmp_path, answers=answers, gates={"answer": str(gate)})
    async with app.run_test(size=(100, 40)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "stopped by you", "Continue  or  answer anew")
        gate.touch()
        await _choose_last(pilot)
        await hosts.press(pilot, "c")
        await hosts.shows(pilot, "word word", "And so on.", "stopped by itself")


async def test_code_is_copied_by_its_number(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Blocks of a chosen message show their numbers, and the number's key copies one."""
    answer = "One:\n\n```python\nfirst = 1\n```\n\nTwo:\n\n```\nsecond\n  block\n```\n"
    app = _app(fake_engine, tmp_path, answers=[answer])
    async with _asked(app, "Question") as pilot:
        await hosts.shows(pilot, "press 2 to copy")
        await hosts.press(pilot, "2")
        await hosts.wait_until(pilot, lambda: app.clipboard == "second\n  block")
        await hosts.press(pilot, "y")
        await hosts.wait_until(pilot, lambda: app.clipboard.startswith("One:"))


async def test_fork_is_a_chat_of_its_own(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """f begins a chat with everything up to the message; the first one stays as it is."""
    app = _app(fake_engine, tmp_path, answers=["The first.", "The second."])
    async with _asked(app, "One", "Two") as pilot:
        before = app.screen_stack[-1]
        await hosts.press(pilot, "up", "up", "f")
        await hosts.shows(pilot, "a chat of its own")
        await hosts.hides(pilot, "The second.")
        await hosts.shows(pilot, "The first.")

        assert app.screen is before
        chats = await app.chats.keeper.do(lambda store: store.chats())  # type: ignore[union-attr]
        assert sorted(chat.messages for chat in chats) == [2, 4]


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)])
async def test_below_the_last_message_one_writes(
    fake_engine: MakeEngine, tmp_path: Path, size: tuple[int, int]
) -> None:
    """Down from the last message, and Esc, lead back to the prompt; nothing stays chosen."""
    app = _app(fake_engine, tmp_path, answers=["The first."])
    async with _asked(app, "Question", size=size) as pilot:
        for key in ("down", "escape"):
            await hosts.press(pilot, key)
            await hosts.hides(pilot, "seed 1")
            await hosts.focuses(pilot, PromptArea)
            await hosts.press(pilot, "x")
            prompt = app.screen.query_one(PromptBox)
            await hosts.wait_until(pilot, lambda prompt=prompt: prompt.text == "x")  # type: ignore[misc]
            prompt.text = ""
            await _choose_last(pilot)
