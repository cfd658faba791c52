"""Chats with the real engine and the built-in model: answers are gone on with, not begun anew."""

import dataclasses

import pytest_asyncio

from localchat import paths
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Said
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests.chat.ears import Ear, tell

GREEDY = wire.Sampling(temperature=0)
QUESTION = "What is quantization?"


@pytest_asyncio.fixture
async def guide(real_engine: EngineClient) -> EngineClient:
    """The engine with the built-in model in memory."""
    await real_engine.load(paths.guide_model(), wire.EngineParams(context_tokens=1024, threads=1))
    return real_engine


async def test_answer_that_was_cut_goes_on_as_if_it_had_not_been(
    guide: EngineClient, keeper: Keeper
) -> None:
    """Cut after every few tokens and continued, the answer is word for word the whole one."""
    chats = Chats(guide, keeper)
    whole = await tell(await chats.new(ChatSettings(sampling=GREEDY)), QUESTION)
    settings = ChatSettings(sampling=GREEDY, max_tokens=5)
    chat = await chats.new(settings)
    answer = await tell(chat, QUESTION)
    ear = Ear(chat)
    for _ in range(20):
        if answer.ending != "length":
            break
        await chat.continue_answer(answer.id)
        answer = await ear.ended()
    assert (whole.text, "stop") == (answer.text, answer.ending)
    assert whole.stats is not None and answer.stats is not None
    assert whole.stats.prompt_tokens == answer.stats.prompt_tokens
    assert 1 == len(chat.tree.versions(answer.id))


async def test_stopped_answer_goes_on(guide: EngineClient, keeper: Keeper) -> None:
    """An answer that was stopped is gone on with where it stopped."""
    chat = await Chats(guide, keeper).new(ChatSettings(sampling=GREEDY))
    ear = Ear(chat)
    await chat.send(Draft(QUESTION))
    await ear.first_word()
    await chat.stop()
    stopped = await ear.ended()
    whole = stopped
    if stopped.ending == "cancelled":
        await chat.continue_answer(stopped.id)
        whole = await ear.ended()
    assert whole.text.startswith(stopped.text) and whole.text.endswith(".")
    assert "".join(event.text for event in ear.all(Said)) == whole.text


async def test_answer_tells_its_model_to_the_byte(guide: EngineClient, keeper: Keeper) -> None:
    """The name, the quantization and the hash of the file are those of the built-in model."""
    answer = await tell(await Chats(guide, keeper).new(), QUESTION)
    assert answer.model is not None
    assert ("Q8_0", 64, "guide.gguf") == (
        answer.model.quant,
        len(answer.model.sha256),
        answer.model.file_name,
    )


async def test_same_seed_gives_the_same_answer(guide: EngineClient, keeper: Keeper) -> None:
    """The seed that is kept with an answer makes it again."""
    chats = Chats(guide, keeper)
    settings = ChatSettings(sampling=wire.Sampling(temperature=1.5, top_p=1.0, min_p=0.0))
    first = await tell(await chats.new(settings), QUESTION)
    sampling = dataclasses.replace(settings.sampling, seed=first.seed)
    again = await tell(await chats.new(ChatSettings(sampling=sampling)), QUESTION)
    assert first.seed is not None
    assert (first.text, first.seed) == (again.text, again.seed)


async def test_model_that_rested_answers_as_before(guide: EngineClient, keeper: Keeper) -> None:
    """Out of memory and back, the conversation goes on."""
    chat = await Chats(guide, keeper).new(ChatSettings(sampling=GREEDY))
    first = await tell(chat, QUESTION)
    await guide.unload(until_needed=True)
    assert guide.loaded is None
    ear = Ear(chat)
    await chat.regenerate(first.id)
    assert first.text == (await ear.ended()).text
