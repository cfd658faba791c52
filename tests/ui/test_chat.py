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
        foot = "4 tokens · 1000 tokens/s · first token 0.25 s"
        await hosts.shows(pilot, "The question?", "The answer.", foot, "stopped by itself")


async def test_stopping_keeps_what_was_said(fake_engine: MakeEngine) -> None:
    """Esc ends the answer; its text stays and says who stopped it."""
    app = hosts.make_app(fake_engine(answers=["word " * 4000], rate=100))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "word word", "stopped by you")


async def test_message_waits_for_the_answer(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Sent while an answer comes, a message waits in sight, and is sent after it."""
    gate = tmp_path / "gate"
    engine = fake_engine(answers=["word " * 9, "The second."], gates={"answer": str(gate)})
    app = hosts.make_app(engine)
    async with app.run_test(size=(100, 50)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await hosts.press(pilot, "n", "e", "x", "t", "enter")
        await hosts.shows(pilot, "queued")
        assert app.screen.query_one(PromptBox).text == ""
        gate.touch()
        await hosts.shows(pilot, "The second.")
        await hosts.hides(pilot, "queued")


@pytest.mark.parametrize("key", ["escape", "up"])
async def test_waiting_message_can_be_taken_back(
    fake_engine: MakeEngine, tmp_path: Path, key: str
) -> None:
    """Esc and Up put it back into the box, and the answer goes on; the next Esc stops that."""
    engine = fake_engine(answers=["word " * 9], gates={"answer": str(tmp_path / "gate")})
    app = hosts.make_app(engine)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word word")
        await hosts.send(pilot, "And then?")
        await hosts.shows(pilot, "queued")
        await hosts.press(pilot, key)
        await hosts.hides(pilot, "queued")
        await hosts.wait_until(pilot, lambda: app.screen.query_one(PromptBox).text == "And then?")
        await hosts.shows(pilot, "● answering")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "stopped by you")


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
        await hosts.shows(pilot, f"({signal_name})", "engine stopped")
        if at == "decode":
            await hosts.shows(pilot, "First half")
        assert ("First half" in hosts.screen_text(pilot)) == (at == "decode")
        await hosts.send(pilot, "Two")
        await hosts.shows(pilot, "Second half.", "stopped by itself", f"({signal_name})")


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
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "enter")
        if signal_name == "SIGKILL":
            await hosts.open_models(pilot, "could not be loaded")
            assert isinstance(app.screen, ModelsScreen)
            await hosts.press(pilot, "enter")
        else:
            await hosts.shows(pilot, "Safe mode")
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Hi")
        await hosts.shows(pilot, "Hello from the fake worker.")


async def test_message_that_does_not_fit_comes_back(fake_engine: MakeEngine) -> None:
    """A refused message is in the box again, before what was typed meanwhile, and says why."""
    app = hosts.make_app(fake_engine(prompt_tokens=5000, context_tokens=4096))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        reason = "5,000 tokens, and the context holds 4,096"
        await hosts.refused(pilot, "Far too long", reason, "Shorten the message.")
        await hosts.wait_until(pilot, lambda: hosts.screen_text(pilot).count("Far too long") == 1)


async def test_thoughts_are_folded_and_open(fake_engine: MakeEngine) -> None:
    """Thinking is one line with its tokens, opened and closed by Ctrl+T; the answer follows."""
    answer = "<think>\nFirst I wonder.\n</think>\n\nThen I say."
    app = hosts.make_app(fake_engine(answers=[answer], rate=1000))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Think")
        await hosts.shows(pilot, "▸ thought for", "Then I say.", "stopped by itself")
        assert "I wonder" not in hosts.screen_text(pilot)
        await hosts.press(pilot, "ctrl+t")
        await hosts.shows(pilot, "▾ thought for", "First I wonder.", "Then I say.")
        await hosts.press(pilot, "ctrl+t")
        await hosts.shows(pilot, "▸ thought for", "Then I say.")
        await hosts.hides(pilot, "I wonder")


async def test_last_message_comes_back(fake_engine: MakeEngine) -> None:
    """Up in the empty box brings back what was sent, Down leads to the empty box again."""
    app = hosts.make_app(fake_engine())
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        prompt = app.screen.query_one(PromptBox)
        for text in ("one", "two"):
            await hosts.ask(pilot, text)
        # The first message of all is the last that comes back; Up once more changes nothing.
        for keys, text in ((("up",), "two"), (("up", "up"), "one"), (("down",), "two")):
            await hosts.press(pilot, *keys)
            await hosts.wait_until(pilot, lambda text=text: prompt.text == text)  # type: ignore[misc]
        await hosts.press(pilot, "down")
        await hosts.wait_until(pilot, lambda: prompt.text == "")


async def test_new_chat_keeps_the_one_before(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Ctrl+N begins a chat without a question: the other one can be opened again."""
    engine = fake_engine(answers=["Answered."])
    app = hosts.make_app(engine, chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await hosts.open_chat(pilot)
        await hosts.send(pilot, "Something")
        await hosts.shows(pilot, "stopped by itself")
        assert screen.session is not None
        before = screen.session.chat.record.id
        await hosts.press(pilot, "ctrl+n")
        await hosts.hides(pilot, "Answered.")
        await hosts.shows(pilot, "ready in")
        await app.show_chat(await app.chats.open(before))
        await hosts.shows(pilot, "Answered.")


async def test_gauge_counts_the_draft(fake_engine: MakeEngine) -> None:
    """What is being written is part of the context gauge before it is sent."""
    app = hosts.make_app(fake_engine())
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        app.screen.query_one(PromptBox).text = "x" * 4000

        # The scripted worker counts a token for each four characters and five for a message.
        await hosts.shows(pilot, "1.0k/4.1k 24 %")


async def test_engine_shows_what_it_reads(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """While the prompt is read, the answer's place tells how far, how fast and how long."""
    gates = {"prefill": str(tmp_path / "gate")}
    app = hosts.make_app(fake_engine(prompt_tokens=2000, prefill_seconds=2, gates=gates))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Read this")
        reading = "reading 500 of 2,000 tokens · 1000 tokens/s · 2 s left"
        await hosts.shows(pilot, reading, "reading 25 %")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "stopped by you")


async def test_chat_survives_a_look_at_the_models(fake_engine: MakeEngine) -> None:
    """Ctrl+L leads to the models, Esc back to the same conversation."""
    app = hosts.make_app(fake_engine(answers=["Answered."]))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Something")
        await hosts.shows(pilot, "stopped by itself")
        await hosts.press(pilot, "ctrl+l")
        await hosts.open_models(pilot, "Mistral 7B")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "Answered.")


@pytest.mark.parametrize("tool", ["", "pbcopy"])
async def test_copying_tells_how(
    fake_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    """Ctrl+Y copies the last answer, safe to paste, and says which way it really went."""
    program = tmp_path / "bin" / "pbcopy"
    program.parent.mkdir()
    if tool:
        program.write_text(f"#!/bin/sh\nexec /bin/cat > {tmp_path}/copied\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    app = hosts.make_app(fake_engine(answers=["The \x1b[31m**answer**."]))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await hosts.open_chat(pilot)
        await hosts.press(pilot, "ctrl+y")
        await hosts.shows(pilot, "There is no answer to copy yet.")
        await hosts.send(pilot, "Question")
        await hosts.shows(pilot, "stopped by itself")
        await hosts.press(pilot, "ctrl+y")
        await hosts.shows(pilot, "copied with pbcopy" if tool else "sent to the terminal (OSC 52)")
        assert app.clipboard == "The ␛[31m**answer**."
    if tool:
        assert (tmp_path / "copied").read_text() == "The ␛[31m**answer**."


async def test_selected_text_can_be_copied(fake_engine: MakeEngine) -> None:
    """A selection with the mouse and Ctrl+C copy what is seen, without the ground of code."""
    app = hosts.make_app(fake_engine(answers=["One **two**.\n\n```\ncode\n```\n"]))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await hosts.open_chat(pilot)
        await hosts.send(pilot, "Question")
        await hosts.shows(pilot, "One two.", "code", "stopped by itself")
        screen.query("AnswerView Prose").last().text_select_all()
        await hosts.press(pilot, "ctrl+c")
        await hosts.wait_until(pilot, lambda: app.clipboard == "One two.\n\n code")
