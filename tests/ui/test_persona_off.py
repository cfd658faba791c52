"""A persona from the settings, and a chat that is to do without it."""

import dataclasses
from pathlib import Path

from localchat.chat import personas
from localchat.chat.settings import ChatSettings
from localchat.ui.app import LocalchatApp
from tests.conftest import MakeEngine
from tests.ui import hosts


async def test_a_usual_persona_is_turned_off_for_one_chat(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """The chat says so and does without, also when it is opened again; others keep the persona."""
    usual = ChatSettings(system="Be kind.")
    known, _ = personas.read(tmp_path)
    coder = personas.apply(personas.find("Coder", known), usual)
    setup = dataclasses.replace(
        hosts.make_setup(settings=coder, chats_file=tmp_path / "chats.db"), usual_settings=usual
    )
    app = LocalchatApp(fake_engine(rate=1000), setup)
    async with app.run_test(size=(110, 30), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        first = app.open_chat
        assert first is not None and first.settings.persona == "Coder"
        await hosts.send(pilot, "/persona off")
        await hosts.shows(pilot, "No persona: the usual settings")
        await hosts.send(pilot, "/persona")
        await hosts.shows(pilot, "No persona is chosen.")
        await hosts.ask(pilot, "Question")
        assert first.settings == usual
        await hosts.press(pilot, "ctrl+n")
        await hosts.wait_until(pilot, lambda: app.open_chat is not first)
        second = app.open_chat
        assert second is not None and second.settings.persona == "Coder"
    again = LocalchatApp(fake_engine(rate=1000), dataclasses.replace(setup, continues=True))
    async with again.run_test(size=(110, 30)) as pilot:
        await hosts.shows(pilot, "Question", "● ready")
        assert again.open_chat is not None and again.open_chat.settings == usual
