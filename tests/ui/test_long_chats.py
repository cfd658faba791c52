"""Chats of hundreds of messages, chats that go on out of sight, and the last one again."""

import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.content import Content
from textual.pilot import Pilot

from localchat.chat import messages, records
from localchat.chat.store.keeper import Keeper
from localchat.chat.tree import Tree
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui.app import LocalchatApp
from localchat.ui.widgets.column import Column
from localchat.ui.widgets.message_view import Foot
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.transcript import Transcript
from tests.conftest import MakeEngine
from tests.ui import hosts


async def _keep(file: Path, number: int) -> str:
    """Keep a chat of so many messages, and return its id."""
    tree, parent = Tree(), None
    made: dict[str, messages.Message] = {}
    for n in range(number):
        role: wire.Role = "assistant" if n % 2 else "user"
        text = f"Answer {n} has\n\n- some\n- lines" if n % 2 else f"Question {n}?"
        message = messages.new("chat", parent, role, text)
        message = dataclasses.replace(message, ending="stop" if n % 2 else "")
        made[message.id], parent = message, message.id
    tree = Tree(made)
    record = records.new(title="A long one")
    keeper = Keeper(file)
    await keeper.do(lambda store: store.import_chat(record, tree))
    await keeper.close()
    return record.id


@asynccontextmanager
async def _reading(
    engine: EngineClient, folder: Path, number: int, size: tuple[int, int]
) -> AsyncIterator[tuple[Pilot[None], LocalchatApp]]:
    """An app with a chat of so many messages open."""
    file = folder / "chats.db"
    chat_id = await _keep(file, number)
    app = hosts.make_app(engine, chats_file=file)
    async with app.run_test(size=size) as pilot:
        await hosts.open_chat(pilot)
        await app.show_chat(await app.chats.open(chat_id))
        yield pilot, app


def _top(pilot: Pilot[None]) -> str:
    """The lines in view, without what changes by itself."""
    lines = hosts.screen_text(pilot).splitlines()[1:-6]
    return "\n".join(line[:90].rstrip() for line in lines)


async def _resting(pilot: Pilot[None]) -> str:
    """Wait until the lines in view change no more, and return them."""
    seen: list[str] = []

    def rests() -> bool:
        seen.append(_top(pilot))
        return len(seen) >= 3 and len({*seen[-3:]}) == 1

    await pilot.pause()
    await hosts.wait_until(pilot, rests)
    return seen[-1]


async def test_long_chat_opens_at_once(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """1,000 messages are there in the time of a few, and few of them are widgets."""
    file = tmp_path / "chats.db"
    chat_id = await _keep(file, 1000)
    app = hosts.make_app(fake_engine(), chats_file=file)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        # Of the processor, not of the clock: others may be at work here.
        started = time.process_time()
        await app.show_chat(await app.chats.open(chat_id))
        await hosts.shows(pilot, "Answer 999")
        seconds = time.process_time() - started

        # It takes less than one.
        assert seconds < 5
        assert len(app.screen.query_one(Column).children) < 60


async def test_whole_chat_can_be_read(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Page by page upwards every message comes by, and no page jumps; then to both ends."""
    async with _reading(fake_engine(), tmp_path, 200, (100, 40)) as (pilot, app):
        await hosts.shows(pilot, "Answer 199")
        column, seen = app.screen.query_one(Column), set[int]()
        for _ in range(80):
            text = await _resting(pilot)
            seen |= {n for n in range(200) if f" {n} has" in text or f" {n}?" in text}
            if 0 in seen:
                break
            await hosts.press(pilot, "pageup")
            await hosts.wait_until(pilot, lambda text=text: _top(pilot) != text)  # type: ignore[misc]
        assert seen == set(range(200))
        assert len(column.children) <= 130
        await hosts.press(pilot, "end")
        await hosts.shows(pilot, "Answer 199")
        await hosts.press(pilot, "home")
        await hosts.shows(pilot, "Question 0?")


async def test_messages_that_come_in_above_move_nothing(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Each line scrolled is one line moved, also where older messages become widgets."""
    async with _reading(fake_engine(), tmp_path, 120, (100, 30)) as (pilot, app):
        await hosts.shows(pilot, "Answer 119")
        column = app.screen.query_one(Column)
        before = (await _resting(pilot)).splitlines()
        for _ in range(60):
            column.scroll_relative(y=-3, animate=False, immediate=True)
            await hosts.wait_until(pilot, lambda: _top(pilot).splitlines()[3:] == before[:-3])  # noqa: B023
            await pilot.pause()
            after = _top(pilot).splitlines()
            assert after[3:] == before[:-3]
            before = after


async def test_chosen_message_is_marked_when_it_is_seen_again(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Far from it there is no widget of it; back there, it is marked as before."""
    async with _reading(fake_engine(), tmp_path, 400, (100, 30)) as (pilot, app):
        await hosts.shows(pilot, "Answer 399")
        await hosts.press(pilot, "tab")
        await hosts.wait_until(pilot, lambda: len(app.screen.query(".-chosen")) == 1)
        transcript = app.screen.query_one(Transcript)
        transcript.scroll_pages(-1000)
        await hosts.shows(pilot, "Question 0?")
        await hosts.wait_until(pilot, lambda: not app.screen.query(".-chosen"))
        transcript.scroll_pages(1000)
        await hosts.shows(pilot, "Answer 399")
        await hosts.wait_until(pilot, lambda: len(app.screen.query(".-chosen")) == 1)


async def test_a_chosen_message_that_grows_is_in_view(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """What a message shows only when it is chosen may be laid out later than the choice."""
    async with _reading(fake_engine(), tmp_path, 9, (80, 24)) as (pilot, app):
        await hosts.shows(pilot, "Question 8?")
        transcript = app.screen.query_one(Transcript)
        transcript.scroll_pages(-1000)
        await hosts.shows(pilot, "Question 0?")
        await hosts.hides(pilot, "Question 6?")
        assert app.open_chat is not None
        transcript.choose(app.open_chat.path[6].id)
        await hosts.shows(pilot, "Question 6?")
        await _resting(pilot)
        await hosts.hides(pilot, "Answer 7")
        foot = app.screen.query_one(".-chosen .foot", Foot)
        foot.show([Content(f"line {n}") for n in range(4)])
        await hosts.shows(pilot, "line 3")


async def test_answer_goes_on_while_another_chat_is_shown(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Coming back to a chat shows its answer as far as it came, and how it goes on."""
    words, gate = "".join(f"word{n:03} " for n in range(80)), tmp_path / "gate"
    engine = fake_engine(answers=[words], rate=150, gates={"answer": str(gate)})
    app = hosts.make_app(engine, chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        screen = await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go on for long")
        await hosts.shows(pilot, "word020")
        assert screen.session is not None
        first = screen.session.chat
        await hosts.press(pilot, "ctrl+n")
        await hosts.hides(pilot, "word020")
        assert first.answering_id is not None
        await app.show_chat(first)
        await hosts.shows(pilot, "word020", "word070")
        assert hosts.screen_text(pilot).count("word020") == 1
        await hosts.press(pilot, "ctrl+n")
        await hosts.hides(pilot, "word020")
        gate.touch()
        await hosts.shows(pilot, "Answered: Go on for long")
        await app.show_chat(first)
        await hosts.shows(pilot, "word020", "word079", "stopped by itself")


async def test_last_chat_is_continued(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """With --continue the last chat is there again, with its draft, and goes on."""
    file = tmp_path / "chats.db"
    await _keep(file, 4)
    for expected in ("", "And then?"):
        app = hosts.make_app(
            fake_engine(answers=["Gone on."]), chats_file=file, continues=True, open_path=None
        )
        async with app.run_test(size=(100, 30)) as pilot:
            await hosts.shows(pilot, "Answer 3")
            prompt = app.screen.query_one(PromptBox)
            await hosts.wait_until(pilot, lambda: prompt.text == expected)  # noqa: B023
            # And left at once.
            prompt.text = "And then?"
