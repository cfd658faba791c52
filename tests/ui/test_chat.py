"""The chat screen with a scripted engine."""

from pathlib import Path

import pytest

from localchat.ui.screens.models import ModelsScreen
from localchat.ui.widgets.prompt_box import PromptBox
from tests.conftest import MakeEngine
from tests.ui import hosts


async def test_sent_message_is_answered(fake_engine: MakeEngine) -> None:
    """A message and its answer are on screen, with how the answer came about."""
    app = hosts.make_app(fake_engine(answers=["The **answer**."], rate=1000))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "The question?")
        await hosts.shows(pilot, "stopped by itself")
        text = hosts.screen_text(pilot)

    assert "The question?" in text
    assert "The answer." in text
    assert "4 tokens · 1000 tokens/s · first token 0.25 s" in text


async def test_stopping_keeps_what_was_said(fake_engine: MakeEngine) -> None:
    """Esc ends the answer; its text stays and says who stopped it."""
    app = hosts.make_app(fake_engine(answers=["word " * 4000], rate=100))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await pilot.press("escape")
        await hosts.shows(pilot, "stopped by you")

        assert "word word" in hosts.screen_text(pilot)


async def test_writing_goes_on_while_the_answer_comes(fake_engine: MakeEngine) -> None:
    """A draft typed meanwhile stays in the box; Enter does not send it, and says why."""
    app = hosts.make_app(fake_engine(answers=["word " * 4000], rate=100))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await pilot.press("n", "e", "x", "t", "enter")
        await hosts.shows(pilot, "Still answering")

        assert app.screen.query_one(PromptBox).text == "next"
        await pilot.press("escape")
        await hosts.shows(pilot, "stopped by you")
        await pilot.press("enter")
        await hosts.wait_until(pilot, lambda: app.screen.query_one(PromptBox).text == "")


@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGILL"])
@pytest.mark.parametrize("at", ["prefill", "decode"])
async def test_engine_dies_while_answering(
    fake_engine: MakeEngine, home: Path, at: str, signal_name: str
) -> None:
    """The app lives, the partial answer stays, and the next message is answered."""
    home.mkdir()
    die = {"at": at, "how": signal_name, "once": str(home / "died")}
    app = hosts.make_app(fake_engine(answers=["First half. Second half."], die=die, rate=500))
    async with app.run_test(size=(100, 40)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "One")
        await hosts.shows(pilot, f"({signal_name})")
        assert ("First half" in hosts.screen_text(pilot)) == (at == "decode")
        assert "engine stopped" in hosts.screen_text(pilot)
        await hosts.send(pilot, "Two")
        await hosts.shows(pilot, "Second half.")
        await hosts.shows(pilot, "stopped by itself")

        assert f"({signal_name})" in hosts.screen_text(pilot)


@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGILL"])
@pytest.mark.parametrize("at", ["load", "warm-up"])
async def test_engine_dies_while_loading(
    fake_engine: MakeEngine, home: Path, at: str, signal_name: str
) -> None:
    """A crash is tried again in safe mode; a kill is told on the screen, which then works."""
    home.mkdir()
    die = {"at": at, "how": signal_name, "once": str(home / "died")}
    app = hosts.make_app(fake_engine(die=die), open_path=None)
    async with app.run_test(size=(100, 40)) as pilot:
        await hosts.shows(pilot, "Mistral")
        await pilot.press("enter")
        if signal_name == "SIGKILL":
            await hosts.shows(pilot, "could not be loaded")
            assert isinstance(app.screen, ModelsScreen)
            await pilot.press("enter")
        else:
            await hosts.shows(pilot, "Safe mode")
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Hi")
        await hosts.shows(pilot, "Hello from the fake worker.")
