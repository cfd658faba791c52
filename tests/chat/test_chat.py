"""A chat with a model: every message is kept, nothing that was said is lost, versions stay."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Changed, Ended, Failed, Said, Sent, Waiting
from localchat.chat.messages import Message, Part
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from localchat.engine import wire
from tests.chat import ears
from tests.chat.ears import Ear, tell
from tests.conftest import MakeEngine


async def chat_with(
    fake_engine: MakeEngine,
    keeper: Keeper | None = None,
    settings: ChatSettings | None = None,
    **script: object,
) -> Chat:
    """Begin a chat with a fake worker."""
    engine = await ears.loaded(fake_engine(**script))
    return await Chats(engine, keeper, settings).new()


def stored(chats_file: Path, chat_id: str) -> tuple[Message, ...]:
    """Read the branch of a chat that is shown, as another program would."""
    store = Store.open(chats_file, read_only=True)
    try:
        return store.tree(chat_id).path()
    finally:
        store.close()


def texts(chat: Chat) -> list[str]:
    """What is said on the branch that is shown."""
    return [message.text for message in chat.path]


# --- sending ------------------------------------------------------------------------------------


async def test_message_and_empty_answer_are_kept_before_the_model_is_asked(
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """Whatever happens to the engine, what the user sent is on the disk."""
    chat = await chat_with(fake_engine, keeper, die={"at": "prefill", "how": "hang"})
    await chat.send(Draft("Do you hear me?"))
    found = [(m.role, m.text, m.is_streaming) for m in stored(chats_file, chat.record.id)]
    assert [("user", "Do you hear me?", False), ("assistant", "", True)] == found
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
    fake_engine: MakeEngine, keeper: Keeper, chats_file: Path
) -> None:
    """What was said is on the disk a moment later, long before the answer ends."""
    chat = await chat_with(fake_engine, keeper, answers=["word " * 400], rate=100)
    ear = Ear(chat)
    await chat.send(Draft("Talk"))
    await ear.first_word()
    await asyncio.sleep(0.6)
    shown = "".join(event.text for event in ear.all(Said))
    rows = stored(chats_file, chat.record.id)[-1].text
    # A quarter of a second, and what a busy machine takes to write.
    assert shown.startswith(rows) and len(shown) - len(rows) < 4 * 100 * 0.5
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


# --- refusals and failures ----------------------------------------------------------------------


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


# --- stopping and queueing ----------------------------------------------------------------------


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
    await asyncio.sleep(0.05)
    assert Draft("Second") == chat.queued
    assert chat.answering_id is None


# --- versions -----------------------------------------------------------------------------------


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


# --- what belongs to the chat -------------------------------------------------------------------


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
