"""Versions of messages: edited, regenerated, continued, deleted and put back, copied."""

import dataclasses
from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.engine import wire
from tests.chat import ears
from tests.chat.ears import Ear, tell
from tests.chat.scripted import chat_with, stored, texts
from tests.conftest import MakeEngine


async def test_edited_message_is_a_new_version_with_a_new_answer(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path, home: Path
) -> None:
    """Both questions and both answers are there, and each can be shown."""
    log = home / "commands"
    chat = await chat_with(fake_engine, keeper, answers=["One.", "Two."], log=str(log))
    await tell(chat, "First")
    old = chat.path[0]
    ear = Ear(chat)
    await chat.edit(old.id, "Better")
    await ear.ended()
    assert ["Better", "Two."] == texts(chat)
    assert [("user", "Better")] == ears.said(ears.commands(log, "generate")[-1])
    assert (old.id, chat.path[0].id) == chat.tree.versions(old.id)
    await chat.choose(old.id)
    assert ["First", "One."] == texts(chat)
    assert ["First", "One."] == [m.text for m in stored(chats_file, chat.record.id)]


async def test_edited_answer_is_a_new_version_and_goes_into_the_next_prompt(
    fake_engine: MakeEngine, keeper: Keeper, home: Path
) -> None:
    """The user's words stand for the model's, marked as such, and the model is not asked."""
    log = home / "commands"
    chat = await chat_with(fake_engine, keeper, answers=["One.", "Two."], log=str(log))
    answer = await tell(chat, "First")
    await chat.edit(answer.id, "Uno.")
    assert ["First", "Uno."] == texts(chat)
    edited = chat.path[-1]
    assert (True, None, answer.model) == (edited.is_edited, edited.stats, edited.model)
    assert 1 == len(ears.commands(log, "generate"))
    await tell(chat, "Next")
    sent = ears.said(ears.commands(log, "generate")[-1])
    assert [("user", "First"), ("assistant", "Uno."), ("user", "Next")] == sent


async def test_regenerated_answer_has_another_seed(fake_engine: MakeEngine, home: Path) -> None:
    """A new version is made by another seed, also where the user has set one."""
    log = home / "commands"
    settings = ChatSettings(sampling=wire.Sampling(seed=7))
    chat = await chat_with(fake_engine, settings=settings, answers=["One.", "Two."], log=str(log))
    first = await tell(chat, "Hello")
    ear = Ear(chat)
    await chat.regenerate(first.id)
    second = await ear.ended()
    assert ["Hello", "Two."] == texts(chat)
    assert (first.id, second.id) == chat.tree.versions(first.id)
    seeds = [command["sampling"]["seed"] for command in ears.commands(log, "generate")]
    assert 7 == seeds[0] != seeds[1]


async def test_continued_answer_is_one_message(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path, home: Path
) -> None:
    """What comes is joined to what was there; the engine is told to go on with it."""
    log = home / "commands"
    chat = await chat_with(fake_engine, keeper, answers=["Once upon ", "a time."], log=str(log))
    first = await tell(chat, "Tell")
    ear = Ear(chat)
    await chat.continue_answer(first.id)
    whole = await ear.ended()
    assert (first.id, "Once upon a time.", "stop") == (whole.id, whole.text, whole.ending)
    assert whole == stored(chats_file, chat.record.id)[-1]
    command = ears.commands(log, "generate")[-1]
    assert command["continue_final"] is True
    assert [("user", "Tell"), ("assistant", "Once upon ")] == ears.said(command)
    assert first.stats is not None and whole.stats is not None
    assert whole.stats.tokens > first.stats.tokens


async def test_answer_that_stopped_while_thinking_is_continued_there(
    fake_engine: MakeEngine, home: Path
) -> None:
    """Thoughts without an answer are gone on with as thoughts."""
    log = home / "commands"
    chat = await chat_with(
        fake_engine, answers=["Let me se", "e.</think>Four."], opened_by="<think>", log=str(log)
    )
    first = await tell(chat, "2 + 2?")
    assert ("", "Let me se") == (first.text, first.reasoning)
    ear = Ear(chat)
    await chat.continue_answer(first.id)
    whole = await ear.ended()
    assert ("Four.", "Let me see.") == (whole.text, whole.reasoning)
    assert "Let me se" == ears.commands(log, "generate")[-1]["reasoning"]


async def test_answer_that_cannot_be_continued_stays_as_it_was(
    fake_engine: MakeEngine, chats_file: Path, keeper: Keeper
) -> None:
    """A refusal changes nothing of the answer."""
    chat = await chat_with(fake_engine, keeper, answers=["Once upon "])
    first = await tell(chat, "Tell")
    await chat.set_settings(dataclasses.replace(chat.settings, system="long " * 5000))
    with pytest.raises(errors.ContextOverflow):
        await chat.continue_answer(first.id)
    assert first == chat.path[-1] == stored(chats_file, chat.record.id)[-1]


async def test_deleted_message_comes_back(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """Deleting takes one message out and leaves what follows; undoing puts it back there."""
    chat = await chat_with(fake_engine, keeper, answers=["One.", "Two."])
    await tell(chat, "First")
    await tell(chat, "Second")
    whole = chat.path
    await chat.delete(whole[1].id)
    assert ["First", "Second", "Two."] == texts(chat)
    assert ["First", "Second", "Two."] == [m.text for m in stored(chats_file, chat.record.id)]
    await chat.delete(whole[0].id)
    assert await chat.undo_delete()
    assert await chat.undo_delete()
    assert not await chat.undo_delete()
    assert whole == chat.path == stored(chats_file, chat.record.id)


async def test_summary_goes_with_what_it_tells_of(fake_engine: MakeEngine, keeper: Keeper) -> None:
    """A deleted message is not sent by way of a summary; with the message, the summary is back."""
    answers = ["One.", "Two.", "Three.", "We spoke of things."]
    chat = await chat_with(fake_engine, keeper, answers=answers)
    for text in ("First", "Second", "Third"):
        await tell(chat, text)
    await chat.summarize_now()
    summaries = chat.tree.summaries
    await chat.delete(chat.path[0].id)
    assert () == chat.tree.summaries
    await chat.undo_delete()
    assert summaries == chat.tree.summaries != ()


@pytest.mark.parametrize("is_kept", [True, False])
async def test_versions_come_back_where_they_were(
    fake_engine: MakeEngine, chats_file: Path, is_kept: bool
) -> None:
    """What hangs from a deleted message, and which version was shown, is as before."""
    keeper = Keeper(chats_file) if is_kept else None
    chat = await chat_with(fake_engine, keeper, answers=["1", "2", "3", "4"])
    first = await tell(chat, "First")
    await tell(chat, "Second")
    ear = Ear(chat)
    await chat.regenerate(first.id)
    await ear.ended()
    await chat.choose(first.id)
    shown, versions = chat.path, chat.tree.versions(first.id)
    await chat.delete(first.id)
    assert first.id not in chat.tree.messages
    await chat.undo_delete()
    assert (shown, versions) == (chat.path, chat.tree.versions(first.id))
    if keeper is not None:
        await keeper.close()


async def test_deleting_the_answer_under_way_stops_it(fake_engine: MakeEngine) -> None:
    """An answer that nobody wants does not go on."""
    chat = await chat_with(fake_engine, answers=["word " * 400], rate=100)
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    await chat.delete(chat.path[-1].id)
    assert ["Talk"] == texts(chat)
    assert chat.answering_id is None


async def test_fork_is_a_chat_of_its_own(fake_engine: MakeEngine, keeper: Keeper) -> None:
    """The branch down to a message becomes a new chat; the old one stays as it is."""
    engine = await ears.loaded(fake_engine(answers=["One.", "Two.", "Three."]))
    chats = Chats(engine, keeper)
    chat = await chats.new()
    answer = await tell(chat, "First")
    await tell(chat, "Second")
    copy = await chats.open(await chat.fork(answer.id))
    assert ["First", "One."] == texts(copy)
    await tell(copy, "Other")
    assert ["First", "One.", "Other", "Three."] == texts(copy)
    assert ["First", "One.", "Second", "Two."] == texts(chat)
