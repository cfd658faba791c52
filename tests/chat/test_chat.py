"""A chat with a model: every message is kept with all that is known of it, and the chat itself."""

import asyncio
from pathlib import Path

from localchat.chat.drafts import Draft
from localchat.chat.events import Changed, Ended, Failed, Said, Sent, Waiting
from localchat.chat.messages import Part
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.engine import wire
from tests.chat import ears
from tests.chat.ears import Ear, tell
from tests.chat.scripted import chat_with, stored
from tests.conftest import MakeEngine


async def test_message_and_empty_answer_are_kept_before_the_model_is_asked(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """Whatever happens to the engine, what the user sent is on the disk."""
    chat = await chat_with(fake_engine, keeper, die={"at": "prefill", "how": "hang"})
    await chat.send(Draft("Do you hear me?"))
    question, answer = stored(chats_file, chat.record.id)
    assert ("user", "Do you hear me?", False) == (
        question.role,
        question.text,
        question.is_streaming,
    )
    assert ("assistant", "", True) == (answer.role, answer.text, answer.is_streaming)
    # A chat that is gone on with after a crash needs to know its model.
    assert answer.model is not None
    assert "model.gguf" == answer.model.file_name
    await chat.settle()


async def test_new_chat_is_kept_from_its_first_message_on(
    fake_engine: MakeEngine, keeper: Keeper
) -> None:
    """A chat in which nothing was said leaves no trace."""
    chat = await chat_with(fake_engine, keeper)
    assert () == await keeper.do(lambda store: store.chats())
    await tell(chat, "Hello")
    kept = await keeper.do(lambda store: store.chats())
    assert [(chat.record.id, "Hello", 2)] == [(each.id, each.title, each.messages) for each in kept]


async def test_answer_is_kept_with_all_that_is_known_of_it(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """Text, thoughts, ending, model, seed, samplers and statistics are stored with the answer."""
    settings = ChatSettings(sampling=wire.Sampling(temperature=0.2), stop=("END",))
    chat = await chat_with(
        fake_engine, keeper, settings, answers=["<think>Hm.</think>Hello there."]
    )
    answer = await tell(chat, "Hello")
    assert ("Hello there.", "Hm.", "stop", 1) == (
        answer.text,
        answer.reasoning,
        answer.ending,
        answer.seed,
    )
    assert answer.model is not None and answer.model.name == "model"
    assert answer.stats is not None and answer.stats.tokens > 0
    assert (0.2, 40, ["END"]) == tuple(
        answer.settings[name] for name in ("temperature", "top_k", "stop")
    )
    assert (chat.path[0], answer) == stored(chats_file, chat.record.id) == chat.path


async def test_answer_is_written_down_while_it_comes(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path, tmp_path: Path
) -> None:
    """What was said is on the disk a moment later, before the answer ends."""
    gate = tmp_path / "gate"
    gates = {"answer": str(gate)}
    chat = await chat_with(fake_engine, keeper, answers=["word " * 40], rate=100, gates=gates)
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    shown = "".join(event.text for event in ear.all(Said))
    async with asyncio.timeout(60):
        while not stored(chats_file, chat.record.id)[-1].text.startswith(shown):
            await asyncio.sleep(0.02)
    assert chat.answering_id is not None
    gate.touch()
    await chat.settle()


async def test_events_come_in_order(fake_engine: MakeEngine) -> None:
    """A listener hears of the change, the prompt, every piece of the answer, and the end."""
    chat = await chat_with(fake_engine, answers=["One two three."])
    ear = Ear(chat)
    await chat.send(Draft("Count"))
    await ear.ended()
    kinds = [type(event) for event in ear.heard if not isinstance(event, Changed)]
    told = list(dict.fromkeys(kinds))
    assert [Sent, Waiting, Said, Ended] == told
    assert "One two three." == "".join(event.text for event in ear.all(Said))


async def test_whoever_stopped_listening_hears_nothing(fake_engine: MakeEngine) -> None:
    """A screen that went away is not called back."""
    chat = await chat_with(fake_engine)
    heard: list[object] = []
    unlisten = chat.listen(heard.append)
    unlisten()
    await tell(chat, "Hello")
    assert [] == heard


async def test_thoughts_and_empty_answers_are_never_sent_back(
    fake_engine: MakeEngine, home: Path
) -> None:
    """The next prompt has the answers' texts only."""
    log = home / "commands"
    chat = await chat_with(
        fake_engine, log=str(log), answers=["<think>Secret.</think>Hi.", "<think>Only this", "Ok."]
    )
    for text in ("Hello", "And?", "Now?"):
        await tell(chat, text)
    sent = ears.said(ears.commands(log, "generate")[-1])
    assert [("user", "Hello"), ("assistant", "Hi."), ("user", "And?"), ("user", "Now?")] == sent


async def test_files_go_with_the_message(fake_engine: MakeEngine, home: Path) -> None:
    """The model gets a file's name and content before the text."""
    log = home / "commands"
    chat = await chat_with(fake_engine, log=str(log))
    ear = Ear(chat)
    await chat.send(Draft("Explain", (Part("file", "x = 1\n", "a.py"),)))
    await ear.ended()
    assert [("user", "a.py\n```\nx = 1\n```\n\nExplain")] == ears.said(
        ears.commands(log, "generate")[0]
    )


async def test_wish_not_to_think_is_said_in_the_words_of_the_template(
    fake_engine: MakeEngine, home: Path
) -> None:
    """Settings reach the template by the variables that it reads."""
    log = home / "commands"
    chat = await chat_with(
        fake_engine,
        settings=ChatSettings(thinking="off", effort="high"),
        log=str(log),
        loaded={"template_variables": ["thinking", "reasoning_effort"]},
    )
    await tell(chat, "Hello")
    sent = ears.commands(log, "generate")[0]["template_variables"]
    assert {"thinking": False, "reasoning_effort": "high"} == sent


async def test_title_comes_from_the_first_message_and_can_be_given(
    fake_engine: MakeEngine, keeper: Keeper
) -> None:
    """A title of the user's own is kept until it is taken away again."""
    chat = await chat_with(fake_engine, keeper)
    await tell(chat, "# What is *quantization*?")
    await chat.rename(" My \n title ")
    await tell(chat, "More")
    kept = await keeper.do(lambda store: store.chat(chat.record.id))
    assert ("My title", True) == (kept.title, kept.has_own_title)
    await chat.rename("")
    kept = await keeper.do(lambda store: store.chat(chat.record.id))
    assert ("What is quantization?", False) == (kept.title, kept.has_own_title)


async def test_draft_and_settings_survive(fake_engine: MakeEngine, keeper: Keeper) -> None:
    """What was typed and how answers are made is there after a restart, also before a message."""
    chat = await chat_with(fake_engine, keeper)
    settings = ChatSettings(system="Be brief.", overflow="roll")
    await chat.set_settings(settings)
    await chat.set_draft("Half a thou")
    kept = await keeper.do(lambda store: store.chat(chat.record.id))
    assert ("Half a thou", settings) == (kept.draft, kept.settings)
    await chat.set_draft("Hello")
    await tell(chat, "Hello")
    kept = await keeper.do(lambda store: store.chat(chat.record.id))
    assert ("", "Hello") == (kept.draft, kept.title)


async def test_count_says_what_sending_would_take(fake_engine: MakeEngine) -> None:
    """The gauge counts the system prompt, what was said, and the draft."""
    chat = await chat_with(fake_engine, settings=ChatSettings(system="s" * 40))
    assert (15, 4096, True) == _use(await chat.count(Draft("")))
    assert (15 + 15, 4096, True) == _use(await chat.count(Draft("d" * 40)))
    await tell(chat, "m" * 40)
    answer_tokens = len(chat.path[-1].text) // 4 + 5
    assert (45 + answer_tokens, 4096, True) == _use(await chat.count(Draft("d" * 40)))
    too_long = await chat.count(Draft("d" * 40_000))
    assert not too_long.fits and too_long.share > 2


def _use(use: object) -> tuple[object, ...]:
    return tuple(getattr(use, name) for name in ("prompt_tokens", "context_tokens", "fits"))


async def test_asking_yields_the_answer_and_ends(fake_engine: MakeEngine) -> None:
    """`localchat run` gets the same events from an iterator, the end last."""
    chat = await chat_with(fake_engine, answers=["Hello there."])
    events = [event async for event in chat.ask("Hi")]
    assert isinstance(events[-1], Ended)
    assert "Hello there." == "".join(e.text for e in events if isinstance(e, Said))


async def test_asking_goes_on_when_the_disk_refuses(fake_engine: MakeEngine, home: Path) -> None:
    """The failure to keep it is an event like others; the answer comes."""
    (home / "chats.db").mkdir(parents=True)
    keeper = Keeper(home / "chats.db")
    chat = await chat_with(fake_engine, keeper, answers=["Hello there."])
    events = [event async for event in chat.ask("Hi")]
    assert any(isinstance(event, Failed) for event in events)
    assert isinstance(events[-1], Ended) and "Hello there." == events[-1].message.text
    await keeper.close()


async def test_leaving_the_iterator_stops_the_answer(fake_engine: MakeEngine) -> None:
    """Closing it early keeps what was said and leaves no answer under way."""
    chat = await chat_with(fake_engine, answers=["word " * 400], rate=100)
    events = chat.ask("Talk")
    async for event in events:
        if isinstance(event, Said):
            break
    await events.aclose()
    assert chat.answering_id is None
    assert "cancelled" == chat.path[-1].ending
    assert chat.path[-1].text.startswith("word")
