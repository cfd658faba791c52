"""What a chat does when a message, the engine or the disk is refused: nothing said is lost."""

from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.chat import Chat
from localchat.chat.drafts import Draft
from localchat.chat.events import Failed
from localchat.chat.store.keeper import Keeper
from tests.chat.ears import Ear, tell
from tests.chat.scripted import chat_with, stored
from tests.conftest import MakeEngine


async def test_too_long_a_conversation_is_refused_with_the_numbers(
    fake_engine: MakeEngine, keeper: Keeper
) -> None:
    """What does not fit is told before it is sent, and nothing of it is kept."""
    chat = await chat_with(fake_engine, keeper, context_tokens=100)
    with pytest.raises(errors.ContextOverflow) as refused:
        await chat.send(Draft("long " * 200))
    assert (255, 100) == (refused.value.prompt_tokens, refused.value.context_tokens)
    assert "This message has 255 tokens; the context holds 100" in refused.value.message
    assert () == chat.path
    assert chat.answering_id is None
    assert () == await keeper.do(lambda store: store.chats())


async def test_what_the_engine_refuses_is_given_back(
    fake_engine: MakeEngine, keeper: Keeper
) -> None:
    """A message that turns out not to fit leaves the tree, and comes back as a draft."""
    chat = await chat_with(fake_engine, keeper, prompt_tokens=5000)
    ear = Ear(chat)
    await chat.send(Draft("Hello"))
    failed = await ear.next(Failed)
    assert isinstance(failed.error, errors.ContextOverflow)
    assert Draft("Hello") == failed.draft
    assert () == chat.path
    assert "" == chat.record.title
    assert () == await keeper.do(lambda store: store.chats())


async def test_nothing_is_sent_without_a_model(fake_engine: MakeEngine) -> None:
    """Without a model the message is refused, not lost in the tree."""
    chat = Chat(fake_engine())
    with pytest.raises(errors.EngineError, match="No model is loaded"):
        await chat.send(Draft("Hello"))
    assert () == chat.path


async def test_crash_keeps_what_was_said(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path, home: Path
) -> None:
    """When the engine dies its text stays with the error, and the next message revives it."""
    once = str(home / "died")
    chat = await chat_with(
        fake_engine, keeper, answers=["word " * 20], rate=50, die={"at": "decode", "once": once}
    )
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    answer = await ear.ended()
    assert isinstance((await ear.next(Failed)).error, errors.EngineLost)
    assert answer.ending == "error" and answer.text.startswith("word word")
    assert "SIGABRT" in answer.error
    assert answer == stored(chats_file, chat.record.id)[-1]
    assert "stop" == (await tell(chat, "Again")).ending


async def test_disk_that_refuses_keeps_nobody_from_chatting(
    fake_engine: MakeEngine, home: Path
) -> None:
    """The failure is told, the chat goes on, and what was owed is written when the disk allows."""
    blocked = home / "blocked"
    blocked.mkdir(parents=True)
    file = blocked / "chats.db"
    file.mkdir()  # a folder cannot be opened as a database
    keeper = Keeper(file)
    chat = await chat_with(fake_engine, keeper, answers=["One.", "Two."])
    ear = Ear(chat)
    await chat.send(Draft("Hello"))
    assert "One." == (await ear.ended()).text
    assert any(isinstance(event.error, errors.StoreError) for event in ear.all(Failed))
    file.rmdir()
    await tell(chat, "Again")
    await keeper.close()
    assert ["Hello", "One.", "Again", "Two."] == [m.text for m in stored(file, chat.record.id)]
