"""Short conversations for the tests of what keeps them."""

import dataclasses
from collections.abc import Sequence

from localchat.chat import messages, records
from localchat.chat.messages import Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.store.store import Store
from localchat.chat.tree import Tree
from localchat.engine import wire

MARK = ModelMark("Guide", "Q8_0", "ab12", "guide.gguf")


def turn(
    chat_id: str, parent_id: str | None, question: str, answer: str
) -> tuple[Message, Message]:
    """Make a question and a finished answer with everything that is known of one."""
    asked = messages.new(chat_id, parent_id, "user", question)
    said = messages.new(chat_id, asked.id, "assistant", answer)
    said = dataclasses.replace(
        said,
        reasoning="Let me think.",
        ending="stop",
        model=MARK,
        settings={"temperature": 0.5, "enable_thinking": True},
        seed=7,
        stats=wire.Stats(prompt_tokens=9, tokens=3, seconds=0.5, note="fresh"),
    )
    return asked, said


def keep(store: Store, *texts: str, title: str = "") -> tuple[ChatRecord, tuple[Message, ...]]:
    """Keep a chat in which questions and answers alternate; give it and its messages."""
    record = records.new(title=title)
    kept: list[Message] = []
    for question, answer in zip(texts[::2], texts[1::2], strict=True):
        kept += turn(record.id, kept[-1].id if kept else None, question, answer)
    store.begin(*kept, chat=record)
    return store.chat(record.id), tuple(kept)


def streaming(chat_id: str, parent_id: str | None = None) -> tuple[Message, Message]:
    """Make a question and the answer to it that is about to come."""
    asked = messages.new(
        chat_id, parent_id, "user", "Well?", files=(Part("file", "x = 1", "a.py"),)
    )
    answer = messages.new(chat_id, asked.id, "assistant", is_streaming=True)
    return asked, dataclasses.replace(answer, model=MARK)


def ended(message: Message) -> Message:
    """Give a streaming message as it is when it was stopped now."""
    return dataclasses.replace(message, is_streaming=False, ending="cancelled")


def texts(tree: Tree) -> list[str]:
    """What a branch says, message by message."""
    return [message.text for message in tree.path()]


def ids(path: Sequence[Message]) -> list[str]:
    """The ids of messages."""
    return [message.id for message in path]
