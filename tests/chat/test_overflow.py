"""A chat pushed past its context, with the real engine: what is sent is what the chat says.

The prompt is read as the engine built it and compared with the template's own rendering of the
messages that the chat says it sent.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from localchat import errors, paths
from localchat.chat import context, prompting
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Ended, Failed, Sent, Summarizing
from localchat.chat.messages import Message
from localchat.chat.settings import ChatSettings, Overflow
from localchat.chat.store.keeper import Keeper
from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests import gguf_files, ggufs
from tests.chat import ears
from tests.chat.ears import Ear, tell
from tests.conftest import MakeEngine

CONTEXT_TOKENS = 256
SYSTEM = "You are a patient guide."
TURNS = 14

_TURN = re.compile(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n", re.DOTALL)


@dataclass
class Talk:
    """A chat that was pushed past its context: each prompt, and the branch it was made from."""

    chat: Chat
    prompts: list[tuple[Sent, tuple[Message, ...], Message]]
    summaries: int
    refused: errors.LocalchatError | None = None


async def talk(engine: EngineClient, keeper: Keeper, policy: Overflow) -> Talk:
    """Ask until the context is full several times over, or the chat refuses."""
    settings = ChatSettings(
        system=SYSTEM,
        sampling=wire.Sampling(temperature=0, seed=1),
        max_tokens=24,
        overflow=policy,
        verbose_prompt=True,
    )
    chat = await Chats(engine, keeper, settings).new()
    ear = Ear(chat)
    done = Talk(chat, [], 0)
    for number in range(TURNS):
        try:
            await chat.send(Draft(f"{number}: what does question number {number} mean?"))
        except errors.ContextOverflow as refused:
            done.refused = refused
            break
        answer = await ear.ended()
        sent = ear.all(Sent)[-1]
        done.prompts.append((sent, chat.tree.branch(answer.id)[:-1], answer))
    done.summaries = len(ear.all(Summarizing))
    assert [] == ear.all(Failed)
    return done


def written(prompt: str) -> list[tuple[str, str]]:
    """Read the turns of a ChatML prompt; fails when any of it is cut."""
    head = "<|im_start|>assistant\n"
    assert prompt.endswith(head)
    body = prompt.removesuffix(head)
    assert body == "".join(match[0] for match in _TURN.finditer(body))
    return _TURN.findall(body)


def promised(
    talk: Talk, sent: Sent, branch: tuple[Message, ...], answer: Message
) -> list[tuple[str, str]]:
    """What the chat says it sent: the branch without what it says was left out."""
    assert sent.left_out == context.left_out_of(answer, branch)
    summary_id = answer.settings.get(context.SUMMARY)
    summary = next((each for each in talk.chat.tree.summaries if each.id == summary_id), None)
    kept = tuple(message for message in branch if message.id not in sent.left_out)
    found = prompting.messages(context.Plan(kept, sent.left_out, summary), SYSTEM)
    return [(message.role, message.text) for message in found]


@pytest.fixture(params=["guide", "noise"])
async def engine(
    request: pytest.FixtureRequest, real_engine: EngineClient, tmp_path: Path
) -> EngineClient:
    """The real engine, with the built-in model and with one of random weights."""
    model = paths.guide_model()
    if request.param == "noise":
        model = ggufs.write(tmp_path / "noise.gguf", template=gguf_files.CHATML)
    context_tokens = CONTEXT_TOKENS if request.param == "guide" else 4 * CONTEXT_TOKENS
    await real_engine.load(model, wire.EngineParams(context_tokens=context_tokens, threads=1))
    return real_engine


async def test_stop_refuses_what_does_not_fit(engine: EngineClient, keeper: Keeper) -> None:
    """Every prompt has the whole conversation, and the first that cannot is refused."""
    done = await talk(engine, keeper, "stop")
    assert isinstance(done.refused, errors.ContextOverflow)
    assert engine.loaded is not None
    size = engine.loaded.context_tokens
    assert done.refused.context_tokens == size <= done.refused.prompt_tokens
    for sent, branch, answer in done.prompts:
        assert () == sent.left_out
        assert promised(done, sent, branch, answer) == written(sent.prompt.text)
        assert sent.prompt.prompt_tokens < size
    # What was refused left no trace.
    kept = await keeper.do(lambda store: store.tree(done.chat.record.id))
    assert done.chat.path == kept.path()
    assert "assistant" == done.chat.path[-1].role


async def test_roll_leaves_out_old_turns_and_says_so(engine: EngineClient, keeper: Keeper) -> None:
    """Every prompt has the system prompt, the first turn, and the newest turns, each whole."""
    done = await talk(engine, keeper, "roll")
    assert done.refused is None and TURNS == len(done.prompts)
    assert done.prompts[-1][0].left_out
    for sent, branch, answer in done.prompts:
        turns = written(sent.prompt.text)
        assert promised(done, sent, branch, answer) == turns
        assert ("system", SYSTEM) == turns[0]
        assert ("user", branch[0].text) == turns[1]
        assert ("user", branch[-1].text) == turns[-1]
        assert not {branch[0].id, branch[1 if len(branch) > 1 else 0].id} & set(sent.left_out)
        assert (
            sent.prompt.prompt_tokens <= context.room(sent.prompt.context_tokens, 24).prompt_tokens
        )


async def test_cut_is_kept_for_the_next_turns(engine: EngineClient, keeper: Keeper) -> None:
    """The window does not move with every turn: mostly the engine reads only what is new."""
    done = await talk(engine, keeper, "roll")
    cuts = [sent.left_out for sent, _, _ in done.prompts if sent.left_out]
    assert len(cuts) > len(set(cuts))


async def test_summary_stands_for_old_turns_and_says_so(
    real_engine: EngineClient, keeper: Keeper
) -> None:
    """Every prompt has the system prompt with the summary, and what was not summarized, whole."""
    params = wire.EngineParams(context_tokens=CONTEXT_TOKENS, threads=1)
    await real_engine.load(paths.guide_model(), params)
    done = await talk(real_engine, keeper, "summarize")
    assert done.refused is None and TURNS == len(done.prompts)
    assert done.summaries and len(done.chat.tree.summaries) > 1
    for sent, branch, answer in done.prompts:
        turns = written(sent.prompt.text)
        assert promised(done, sent, branch, answer) == turns
        assert turns[0][1].startswith(SYSTEM)
        assert bool(sent.left_out) == (prompting.SUMMARY_HEADING in turns[0][1])
    kept = await keeper.do(lambda store: store.tree(done.chat.record.id))
    assert done.chat.tree.summaries == kept.summaries


async def test_gauge_says_what_is_sent(engine: EngineClient, keeper: Keeper) -> None:
    """What is counted before sending is, token for token, what the engine then reads."""
    settings = ChatSettings(system=SYSTEM, max_tokens=24, overflow="roll", verbose_prompt=True)
    chat = await Chats(engine, keeper, settings).new()
    ear = Ear(chat)
    for number in range(TURNS):
        draft = Draft(f"{number}: what does question number {number} mean?")
        use = await chat.count(draft)
        await chat.send(draft)
        await ear.next(Ended)
        sent = ear.all(Sent)[-1]
        assert (use.prompt_tokens, use.left_out) == (sent.prompt.prompt_tokens, sent.left_out)


@pytest.mark.parametrize("policy", ["stop", "roll", "summarize"])
async def test_message_too_long_by_itself_is_refused(
    real_engine: EngineClient, keeper: Keeper, policy: Overflow
) -> None:
    """No policy sends half a message: it is refused with the numbers, and nothing is kept."""
    params = wire.EngineParams(context_tokens=CONTEXT_TOKENS, threads=1)
    await real_engine.load(paths.guide_model(), params)
    chat = await Chats(real_engine, keeper, ChatSettings(overflow=policy)).new()
    await tell(chat, "Hello")
    before = chat.path
    with pytest.raises(errors.ContextOverflow) as refused:
        await chat.send(Draft("What is quantization? " * 100))
    assert refused.value.prompt_tokens > refused.value.context_tokens == CONTEXT_TOKENS
    assert before == chat.path == (await keeper.do(lambda store: store.tree(chat.record.id))).path()


async def test_other_model_with_a_smaller_context_refits_the_chat(
    real_engine: EngineClient, keeper: Keeper
) -> None:
    """The same conversation goes on after a change of model, counted anew and never cut."""
    model = paths.guide_model()
    await real_engine.load(model, wire.EngineParams(context_tokens=2048, threads=1))
    done = await talk(real_engine, keeper, "roll")
    whole = await done.chat.count(Draft(""))
    assert () == whole.left_out
    await real_engine.load(model, wire.EngineParams(context_tokens=CONTEXT_TOKENS, threads=1))
    smaller = await done.chat.count(Draft("and now?"))
    assert smaller.left_out and smaller.prompt_tokens < CONTEXT_TOKENS == smaller.context_tokens
    ear = Ear(done.chat)
    await done.chat.send(Draft("and now?"))
    answer = await ear.ended()
    sent = ear.all(Sent)[-1]
    branch = done.chat.tree.branch(answer.id)[:-1]
    assert promised(done, sent, branch, answer) == written(sent.prompt.text)
    assert smaller.left_out == sent.left_out


# --- summaries that fail ------------------------------------------------------------------------


NEXT = Draft("next " * 80)


async def long_chat(
    fake_engine: MakeEngine, keeper: Keeper, home: Path, context_tokens: int = 300, **script: object
) -> Chat:
    """Make a chat whose next message needs a summary."""
    log = str(home / "log")
    engine = fake_engine(context_tokens=context_tokens, prompt_tokens=20, log=log, **script)
    await ears.loaded(engine)
    chat = await Chats(engine, keeper, ChatSettings(overflow="summarize")).new()
    for number in range(3):
        await tell(chat, f"{number} " + "question " * 15)
    assert (await chat.count(NEXT)).summarizes
    return chat


async def test_summary_is_asked_for_with_the_conversation_itself(
    fake_engine: MakeEngine, keeper: Keeper, home: Path
) -> None:
    """The engine is sent what it knows already, and one message more; then the summary."""
    answers = ["One.", "Two.", "Three.", "<think>Hm.</think>We spoke of things.", "Four."]
    chat = await long_chat(fake_engine, keeper, home, answers=answers)
    await tell(chat, NEXT.text)
    summary = chat.tree.summaries[0]
    assert "We spoke of things." == summary.text
    *_, asked, answered = ears.commands(home / "log", "generate")
    assert ears.said(ears.commands(home / "log", "generate")[2])[:4] == ears.said(asked)[:4]
    assert "Summarize" in ears.said(asked)[-1][1]
    assert "We spoke of things." in ears.said(answered)[0][1]
    assert ("user", NEXT.text) == ears.said(answered)[-1]


async def test_what_is_too_long_to_summarize_at_once_is_summarized_in_parts(
    fake_engine: MakeEngine, keeper: Keeper, home: Path
) -> None:
    """Each part begins with the summary of those before; the last one stands for all."""
    answers = ["One.", "Two.", "Three.", "Of one thing.", "Of two things.", "Four."]
    chat = await long_chat(fake_engine, keeper, home, context_tokens=190, answers=answers)
    await tell(chat, NEXT.text)
    *_, first, second, answered = ears.commands(home / "log", "generate")
    assert "user" == ears.said(first)[0][0]
    assert f"{prompting.SUMMARY_HEADING}\nOf one thing." == ears.said(second)[0][1]
    assert f"{prompting.SUMMARY_HEADING}\nOf two things." == ears.said(answered)[0][1]
    assert ["Of two things."] == [summary.text for summary in chat.tree.summaries]


async def test_summary_that_is_empty_is_an_error(
    fake_engine: MakeEngine, keeper: Keeper, home: Path
) -> None:
    """Without a summary nothing is sent: the answer says why, and the message is kept."""
    answers = ["One.", "Two.", "Three.", "  ", "Never."]
    chat = await long_chat(fake_engine, keeper, home, answers=answers)
    ear = Ear(chat)
    await chat.send(NEXT)
    answer = await ear.ended()
    failed = await ear.next(Failed)
    assert "did not write a summary" in failed.error.message and failed.error.hint
    assert ("error", NEXT.text) == (answer.ending, chat.path[-2].text)
    assert () == chat.tree.summaries
    assert 4 == len(ears.commands(home / "log", "generate"))


async def test_summary_can_be_stopped(fake_engine: MakeEngine, keeper: Keeper, home: Path) -> None:
    """Stop ends the summary as it ends an answer; nothing is sent."""
    answers = ["One.", "Two.", "Three.", "We " * 400]
    chat = await long_chat(fake_engine, keeper, home, answers=answers, rate=200)
    ear = Ear(chat)
    await chat.send(NEXT)
    while (await ear.next(Summarizing)).tokens == 0:
        await asyncio.sleep(0)
    await chat.stop()
    assert "cancelled" == (await ear.ended()).ending
    assert () == chat.tree.summaries


async def test_summary_on_demand(fake_engine: MakeEngine, keeper: Keeper, home: Path) -> None:
    """The user may have everything but the last turn summarized at any time."""
    answers = ["One.", "Two.", "Three.", "We spoke of things.", "Four."]
    engine = await ears.loaded(fake_engine(answers=answers, log=str(home / "log")))
    chat = await Chats(engine, keeper).new()
    with pytest.raises(errors.UsageError):
        await chat.summarize_now()
    for text in ("First", "Second", "Third"):
        await tell(chat, text)
    await chat.summarize_now()
    assert "summarize" == chat.settings.overflow
    assert [chat.path[3].id] == [summary.through_id for summary in chat.tree.summaries]
    with pytest.raises(errors.UsageError):
        await chat.summarize_now()
    await tell(chat, "Fourth")
    sent = ears.said(ears.commands(home / "log", "generate")[-1])
    heading = f"{prompting.SUMMARY_HEADING}\nWe spoke of things."
    assert [("system", heading), ("user", "Third"), ("assistant", "Three.")] == sent[:3]
