"""Several chats share one engine: answers take turns, nothing is lost, and the model may rest."""

import asyncio
import gc
import json
import weakref
from pathlib import Path

from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Ended, InLine, Said, Waiting
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from tests.chat import ears
from tests.chat.ears import Ear, tell
from tests.conftest import MakeEngine


async def test_a_chat_is_open_once(fake_engine: MakeEngine, keeper: Keeper) -> None:
    """Whoever opens a chat gets the same object while it lives, and afterwards what was kept."""
    chats = Chats(await ears.loaded(fake_engine()), keeper)
    chat = await chats.new(ChatSettings(system="Be brief."))
    await tell(chat, "Hello")
    chat_id, path = chat.record.id, chat.path
    first, second = await asyncio.gather(chats.open(chat_id), chats.open(chat_id))
    assert chat is first is second is chats.find(chat_id)
    await asyncio.sleep(0)
    gone = weakref.ref(chat)
    del chat, first, second
    gc.collect()
    assert gone() is None and chats.find(chat_id) is None
    again = await chats.open(chat_id)
    assert (path, "Be brief.", "Hello") == (
        again.path,
        again.settings.system,
        again.record.title,
    )


async def test_last_chat_is_the_one_in_which_something_was_said_last(
    fake_engine: MakeEngine, keeper: Keeper
) -> None:
    """Resuming opens what was used last, also after a restart; without chats, none."""
    chats = Chats(await ears.loaded(fake_engine()), keeper)
    assert await chats.last() is None
    older, newer = await chats.new(), await chats.new()
    await tell(older, "One")
    await tell(newer, "Two")
    await tell(older, "Three")
    assert await chats.last() is older
    await chats.close()
    resumed = await Chats(chats.engine, keeper).last()
    assert resumed is not None and resumed.record.id == older.record.id


async def test_answers_take_turns(fake_engine: MakeEngine) -> None:
    """Two chats are answered one after the other, the second is told that it waits."""
    chats = Chats(await ears.loaded(fake_engine(answers=["word " * 20, "Two."], rate=100)), None)
    first, second = await chats.new(), await chats.new()
    order: list[str] = []
    first.listen(lambda event: order.append("first") if isinstance(event, Ended) else None)
    second.listen(lambda event: order.append("second") if isinstance(event, Ended) else None)
    ear = Ear(second)
    await first.send(Draft("Talk"))
    await second.send(Draft("And you"))
    assert 1 == (await ear.next(InLine)).ahead
    assert {first, second} == set(chats.answering)
    assert "Two." == (await ear.ended()).text
    assert ["first", "second"] == order
    assert () == chats.answering


async def test_chats_are_answered_in_the_order_in_which_they_asked(
    fake_engine: MakeEngine,
) -> None:
    """A chat with a queued message does not go before one that waits already."""
    engine = await ears.loaded(fake_engine(answers=["word word word", "2", "3"], rate=50))
    chats = Chats(engine, None)
    busy, other = await chats.new(), await chats.new()
    ear, other_ear = Ear(busy), Ear(other)
    await busy.send(Draft("Talk"))
    await other.send(Draft("Me too"))
    await busy.send(Draft("More"))
    await ear.ended()
    await other_ear.ended()
    await ear.ended()
    assert ["2", "3"] == [other.path[-1].text, busy.path[-1].text]


async def test_stopping_a_chat_that_waits_leaves_the_other_alone(
    fake_engine: MakeEngine,
) -> None:
    """Stop means this chat's answer, not the one that the engine is busy with."""
    engine = await ears.loaded(fake_engine(answers=["word " * 20], rate=100))
    chats = Chats(engine, None)
    busy, waiting = await chats.new(), await chats.new()
    ear, waiting_ear = Ear(busy), Ear(waiting)
    await busy.send(Draft("Talk"))
    await waiting.send(Draft("Me too"))
    await ear.first_word()
    await waiting.stop()
    assert ("cancelled", "") == _end(await waiting_ear.ended())
    assert ("stop", "word " * 20) == _end(await ear.ended())


def _end(message: object) -> tuple[str, str]:
    return getattr(message, "ending", ""), getattr(message, "text", "")


async def test_leaving_keeps_what_was_said(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """Closing stops every answer and waits until its text is on the disk."""
    chats = Chats(await ears.loaded(fake_engine(answers=["word " * 400], rate=100)), keeper)
    chat = await chats.new()
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    await chat.send(Draft("And then"))
    await chat.set_draft("And more")
    await chats.close()
    await keeper.close()
    reopened = Keeper(chats_file)
    tree = await reopened.do(lambda store: store.tree(chat.record.id))
    record = await reopened.do(lambda store: store.chat(chat.record.id))
    await reopened.close()
    assert "And then\n\nAnd more" == record.draft
    shown = "".join(event.text for event in ear.all(Said))
    assert ("cancelled", shown) == _end(tree.path()[-1])


async def test_model_rests_when_nobody_asks_and_comes_back(
    fake_engine: MakeEngine, home: Path
) -> None:
    """After a while without use the memory is freed; the next message loads the model again."""
    log = home / "commands"
    engine = await ears.loaded(fake_engine(log=str(log)))
    chats = Chats(engine, None)
    chats.unload_when_idle = 0.05
    chat = await chats.new()
    await tell(chat, "Hello")
    async with asyncio.timeout(10):
        while not chats.is_resting:
            await asyncio.sleep(0.02)
    assert engine.loaded is None
    ear = Ear(chat)
    await chat.send(Draft("Still there?"))
    assert "weights" == (await ear.next(Waiting)).progress.stage
    assert "stop" == (await ear.ended()).ending
    tags = [json.loads(line)["tag"] for line in log.read_text().splitlines()]
    told = [tag for tag in tags if tag in ("load", "generate", "unload")]
    assert ["load", "generate", "unload", "load", "generate"] == told


async def test_model_does_not_rest_in_the_middle_of_an_answer(fake_engine: MakeEngine) -> None:
    """An answer that takes longer than the time to rest is not disturbed."""
    engine = await ears.loaded(fake_engine(answers=["word " * 40], rate=100))
    chats = Chats(engine, None)
    chats.unload_when_idle = 0.1
    chat = await chats.new()
    assert ("stop", "word " * 40) == _end(await tell(chat, "Talk"))
    await chats.close()


async def test_model_stays_when_it_may(fake_engine: MakeEngine) -> None:
    """0 seconds mean never."""
    engine = await ears.loaded(fake_engine())
    chats = Chats(engine, None)
    chats.unload_when_idle = 0.05
    chats.unload_when_idle = 0
    await tell(await chats.new(), "Hello")
    await asyncio.sleep(0.15)
    assert not chats.is_resting and engine.loaded is not None


async def test_whoever_asks_while_the_model_comes_back_waits_for_it(
    fake_engine: MakeEngine,
) -> None:
    """A message is not refused because the model is just being loaded for another chat."""
    engine = await ears.loaded(fake_engine(load_seconds=0.5))
    await engine.unload(until_needed=True)
    chats = Chats(engine, None)
    assert [True] == [chats.is_resting]
    first, second = await chats.new(), await chats.new()
    ear, second_ear = Ear(first), Ear(second)
    await first.send(Draft("Hello"))
    await ear.next(Waiting)
    assert [False] == [chats.is_resting]
    await second.send(Draft("Me too"))
    assert "stop" == (await ear.ended()).ending
    assert "stop" == (await second_ear.ended()).ending
