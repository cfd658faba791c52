"""Stopping an answer, and sending while one is under way."""

import asyncio
from pathlib import Path

from localchat.chat.drafts import Draft
from localchat.chat.events import Failed, Said
from localchat.chat.store.keeper import Keeper
from tests.chat.ears import Ear
from tests.chat.scripted import chat_with, stored, texts
from tests.conftest import MakeEngine


async def test_stop_keeps_the_text(fake_engine: MakeEngine, chats_file: Path) -> None:
    """A stopped answer has every piece that was shown."""
    keeper = Keeper(chats_file)
    chat = await chat_with(fake_engine, keeper, answers=["word " * 400], rate=100)
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    await chat.stop()
    answer = await ear.ended()
    assert "cancelled" == answer.ending
    assert "".join(event.text for event in ear.all(Said)) == answer.text != ""
    assert answer == stored(chats_file, chat.record.id)[-1]
    await keeper.close()


async def test_answer_can_be_seen_as_far_as_it_has_come(fake_engine: MakeEngine) -> None:
    """Whoever comes to a chat in the middle of an answer sees its beginning."""
    chat = await chat_with(fake_engine, answers=["word " * 400], rate=100)
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    assert chat.so_far is not None
    assert chat.answering_id == chat.so_far.id == chat.path[-1].id
    assert "".join(event.text for event in ear.all(Said)) == chat.so_far.text
    await chat.settle()
    assert chat.so_far is None


async def test_next_message_waits_for_the_answer(fake_engine: MakeEngine) -> None:
    """What is sent while an answer comes is queued, seen, and sent after it."""
    chat = await chat_with(fake_engine, answers=["One one one one.", "Two."], rate=50)
    ear = Ear(chat)
    await chat.send(Draft("First"))
    await chat.send(Draft("Second"))
    assert Draft("Second") == chat.queued
    await ear.ended()
    await ear.ended()
    assert ["First", "One one one one.", "Second", "Two."] == texts(chat)
    assert chat.queued is None


async def test_queued_message_can_be_taken_back(fake_engine: MakeEngine) -> None:
    """A message that waits can be edited again; then it is not sent."""
    chat = await chat_with(fake_engine, answers=["One one one one."], rate=50)
    ear = Ear(chat)
    await chat.send(Draft("First"))
    await chat.send(Draft("Second"))
    await chat.send(Draft("and more"))
    assert Draft("Second\n\nand more") == chat.take_back_queued()
    await ear.ended()
    assert ["First", "One one one one."] == texts(chat)
    assert chat.take_back_queued() is None


async def test_queue_waits_after_a_failure(fake_engine: MakeEngine, home: Path) -> None:
    """After a crash the queued message is not thrown at the engine, but is still there."""
    die = {"at": "decode", "once": str(home / "died")}
    chat = await chat_with(fake_engine, answers=["word " * 20], rate=50, die=die)
    ear = Ear(chat)
    await chat.send(Draft("First"))
    await chat.send(Draft("Second"))
    await ear.next(Failed)
    async with asyncio.timeout(60):
        while chat.answering_id is not None:
            await asyncio.sleep(0.01)
    assert Draft("Second") == chat.queued
