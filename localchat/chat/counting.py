"""Counts the tokens of what would be sent, by the engine's own tokenizer.

What was counted is remembered. A long conversation with something new at its end is not counted
anew: the few new messages are counted by themselves, as the template writes them after others.
Knows the engine's client.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from localchat.chat.messages import Message
from localchat.engine import wire
from localchat.engine.client import EngineClient

LONG_CHARACTERS: Final = 20_000
"""Shorter conversations are always counted whole."""

_MOST_NEW = 8
_MOST_REMEMBERED = 256

_Key = tuple[object, ...]


class Tally:
    """What was counted with one model, and what counts more."""

    def __init__(self) -> None:
        self._loaded: wire.Loaded | None = None
        self._known: OrderedDict[_Key, int] = OrderedDict()

    async def count(
        self,
        engine: EngineClient,
        head: str,
        sent: Sequence[Message],
        variables: Mapping[str, Any],
    ) -> int:
        """Count a system prompt and messages as they would be sent.

        Raises BadTemplate, EngineError or EngineLost.
        """
        if engine.loaded is not self._loaded:
            self._loaded = engine.loaded
            self._known.clear()
        signature = (head, repr(sorted(variables.items())))
        marks = tuple((message.id, len(message.sent_text)) for message in sent)
        start = self._known_start(signature, marks, sent)
        key = (signature, marks[:start])
        if key not in self._known:
            found = wire_messages(head, sent[:start])
            self._remember(key, await engine.count(found, variables) if found else 0)
        tokens = self._known[key]
        for message in sent[start:]:
            tokens += await self._alone(engine, message, variables)
        return tokens

    def _known_start(
        self, signature: _Key, marks: tuple[_Key, ...], sent: Sequence[Message]
    ) -> int:
        """How many messages are counted together: as many as were, or all but what is new."""
        if sum(len(message.sent_text) for message in sent) <= LONG_CHARACTERS:
            return len(marks)
        for new in range(min(_MOST_NEW, len(marks) - 1) + 1):
            key = (signature, marks[: len(marks) - new])
            if key in self._known:
                self._known.move_to_end(key)
                return len(marks) - new
        # The last one is often a draft: with it, nothing would be remembered that lasts.
        return max(len(marks) - 1, 1)

    async def _alone(
        self, engine: EngineClient, message: Message, variables: Mapping[str, Any]
    ) -> int:
        """Count what a message adds to a conversation."""
        others = [wire.Message("user", "a")]
        if message.role == "user":
            others.append(wire.Message("assistant", "a"))
        counts = []
        alone = wire_messages("", [message])
        for added in (alone[:0], alone):
            key: _Key = (repr(sorted(variables.items())), repr(others), repr(added))
            if key not in self._known:
                self._remember(key, await engine.count([*others, *added], variables))
            counts.append(self._known[key])
        return counts[1] - counts[0]

    def _remember(self, key: _Key, tokens: int) -> None:
        self._known[key] = tokens
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)


def wire_messages(
    head: str, sent: Sequence[Message], *, continues: bool = False
) -> tuple[wire.Message, ...]:
    """Turn messages into what the template gets: no reasoning, nothing empty.

    `continues` keeps the last one, an answer that is gone on with, in any case.
    """
    found = [wire.Message("system", head)] if head else []
    last = len(sent) - 1
    for place, message in enumerate(sent):
        text = message.sent_text
        if text.strip() or (continues and place == last):
            found.append(wire.Message(message.role, text))
    return tuple(found)
