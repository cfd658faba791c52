"""Counting what would be sent: the engine's own figures, without asking for the same twice."""

from pathlib import Path

from localchat import paths
from localchat.chat import counting, messages
from localchat.chat.chat import Chat
from localchat.chat.counting import Tally
from localchat.chat.drafts import Draft
from localchat.chat.messages import Message
from localchat.chat.tree import Tree
from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests.chat import ears
from tests.conftest import MakeEngine

SYSTEM = "be brief."


def conversation(turns: int, words: int = 60) -> list[Message]:
    """Make questions and answers of so many words."""
    found: list[Message] = []
    for number in range(2 * turns):
        parent = found[-1].id if found else None
        text = f"{number} " + "what is the context of a model " * (words // 7)
        role: wire.Role = "assistant" if number % 2 else "user"
        found.append(messages.new("chat", parent, role, text))
    return found


async def test_long_conversation_is_counted_as_the_engine_counts_it(
    real_engine: EngineClient,
) -> None:
    """Adding up what is new gives, token for token, what the whole prompt has."""
    await real_engine.load(paths.guide_model(), wire.EngineParams(context_tokens=16_384, threads=1))
    spoken = conversation(60)
    assert sum(len(each.text) for each in spoken[:40]) < counting.LONG_CHARACTERS
    assert sum(len(each.text) for each in spoken[:100]) > counting.LONG_CHARACTERS
    tally = Tally()
    for length in (39, 40, 99, 100, 103, 117, 119):
        sent = spoken[:length]
        exact = await real_engine.count(counting.wire_messages(SYSTEM, sent))
        assert exact == await tally.count(real_engine, SYSTEM, sent, {})


async def test_draft_at_the_end_of_a_long_conversation_is_counted_alone(
    fake_engine: MakeEngine, home: Path
) -> None:
    """The engine does not read a whole long conversation for every word that is typed."""
    log = home / "commands"
    spoken = {message.id: message for message in conversation(60)}
    engine = await ears.loaded(fake_engine(log=str(log), context_tokens=100_000))
    chat = Chat(engine, tree=Tree(spoken))
    first = await chat.count(Draft("next"))
    asked = len(ears.commands(log, "count"))
    second = await chat.count(Draft("next " * 5))
    later = ears.commands(log, "count")[asked:]
    assert [1] == [len(each["messages"]) - 2 for each in later]
    assert first.prompt_tokens + 5 == second.prompt_tokens


async def test_nothing_is_counted_twice(fake_engine: MakeEngine, home: Path) -> None:
    """Sending counts a message once, though it is looked at before and when its turn comes."""
    log = home / "commands"
    chat = Chat(await ears.loaded(fake_engine(log=str(log))))
    await ears.tell(chat, "Hello")
    assert 1 == len(ears.commands(log, "count"))


async def test_another_model_counts_anew(fake_engine: MakeEngine, home: Path) -> None:
    """What one tokenizer said is not true of the next."""
    log = home / "commands"
    engine = await ears.loaded(fake_engine(log=str(log)))
    tally, sent = Tally(), conversation(1)
    await tally.count(engine, "", sent, {})
    await engine.load("other.gguf")
    await tally.count(engine, "", sent, {})
    assert 2 == len(ears.commands(log, "count"))
