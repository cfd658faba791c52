"""What is kept of the prompt: drafts with their files, and what was sent."""

import dataclasses
from pathlib import Path

from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.ui.app import LocalchatApp
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox
from tests.conftest import MakeEngine
from tests.ui import hosts

_FILE = Part("file", "x" * 4000, "notes.txt", "text/plain")


def _app(make_engine: MakeEngine, home: Path, *, continues: bool) -> LocalchatApp:
    setup = hosts.make_setup(chats_file=home / "chats.db", continues=continues)
    setup = dataclasses.replace(setup, prompt_history_file=home / "prompts.jsonl")
    return LocalchatApp(make_engine(answers=["Answered."]), setup)


async def test_draft_and_history_survive_a_restart(fake_engine: MakeEngine, home: Path) -> None:
    """After a restart the draft and its files are in the box, and Up knows what was sent."""
    home.mkdir()
    app = _app(fake_engine, home, continues=False)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "What was asked")
        await hosts.shows(pilot, "stopped by itself")
        app.screen.query_one(PromptBox).draft = Draft("what is next", (_FILE,))
        # A token for each four characters, and its name and fence around it.
        await hosts.shows(pilot, "notes.txt, 1,005 tokens ×")

    app = _app(fake_engine, home, continues=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.shows(pilot, "Answered.", "what is next", "notes.txt, 1,005 tokens ×")
        box = app.screen.query_one(PromptBox)
        kept = box.draft
        await hosts.focuses(pilot, PromptArea)
        await hosts.press(pilot, "up")
        await hosts.wait_until(pilot, lambda: box.text == "What was asked")

    assert kept == Draft("what is next", (_FILE,))


async def test_sent_file_is_not_a_draft_any_more(fake_engine: MakeEngine, home: Path) -> None:
    """A message that was sent with its files is not offered again after a restart."""
    home.mkdir()
    app = _app(fake_engine, home, continues=False)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        app.screen.query_one(PromptBox).draft = Draft("with a file", (_FILE,))
        await hosts.shows(pilot, "notes.txt, 1,005 tokens ×")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "stopped by itself")

    app = _app(fake_engine, home, continues=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.shows(pilot, "Answered.", "● ready")

        assert app.screen.query_one(PromptBox).draft == Draft("")
