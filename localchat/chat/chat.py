"""Ask a model and keep what it said: the core that every front end uses.

Knows the engine's client and the conversation; knows nothing of terminals.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from localchat import errors
from localchat.chat import reasoning
from localchat.chat.conversation import Conversation, Ending, Turn
from localchat.engine import wire
from localchat.engine.client import EngineClient


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How answers are made in one chat."""

    system: str = ""
    sampling: wire.Sampling = field(default_factory=wire.Sampling)
    max_tokens: int = 0
    """0: until the model stops or the context is full."""
    stop: tuple[str, ...] = ()
    template_variables: Mapping[str, Any] = field(default_factory=dict)
    verbose_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The engine is not answering yet: it loads again after a crash, or reads the prompt."""

    progress: wire.Progress


@dataclass(frozen=True, slots=True)
class Sent:
    """The prompt was built and fits."""

    prompt: wire.Prompt


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer, or of the thinking before it. Untrusted text."""

    kind: Literal["answer", "reasoning"]
    text: str
    stats: wire.Stats


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete and part of the conversation."""

    turn: Turn
    seed: int = 0


ChatEvent = Waiting | Sent | Said | Ended


class Chat:
    """One conversation with the model that the engine has loaded."""

    def __init__(self, engine: EngineClient, settings: ChatSettings | None = None) -> None:
        self.engine = engine
        self.settings = settings or ChatSettings()
        self.conversation = Conversation(self.settings.system)
        self.answering = False

    async def ask(self, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Send a message and yield the answer as it comes; ends with Ended.

        The message and whatever was answered are in `conversation` however this ends: stopped
        answers and those cut off by a crash keep their text. Only a message that was never sent
        (context overflow, a template that refuses it) is taken out again, so that it can be edited.
        Raises ContextOverflow, BadTemplate, EngineError or EngineLost.
        """
        before = self.conversation
        self.conversation = before.plus(Turn("user", text))
        answer = _Answer()
        self.answering = True
        try:
            async with contextlib.aclosing(self.engine.generate(self._request())) as events:
                async for event in events:
                    for said in answer.take(event):
                        yield said
        except (errors.ContextOverflow, errors.BadTemplate):
            self.conversation = before
            raise
        except errors.LocalchatError as error:
            self.conversation = self.conversation.plus(answer.turn("error", error.message))
            raise
        except GeneratorExit:
            self.conversation = self.conversation.plus(answer.turn("cancelled"))
            raise
        finally:
            self.answering = False
        turn = answer.turn(answer.ending)
        self.conversation = self.conversation.plus(turn)
        yield Ended(turn, answer.seed)

    async def stop(self) -> None:
        """Stop the answer; what has been said stays."""
        await self.engine.cancel()

    async def count(self, draft: str = "") -> int:
        """Count the tokens that sending `draft` now would take. Raises EngineError."""
        messages = self.conversation.messages(draft)
        return await self.engine.count(messages, self.settings.template_variables)

    def clear(self) -> None:
        """Begin a new conversation."""
        self.conversation = Conversation(self.settings.system)

    def _request(self) -> wire.Generate:
        settings = self.settings
        return wire.Generate(
            id=0,
            messages=self.conversation.messages(),
            sampling=settings.sampling,
            max_tokens=settings.max_tokens,
            stop=settings.stop,
            template_variables=settings.template_variables,
            verbose_prompt=settings.verbose_prompt,
        )


class _Answer:
    """An answer on its way: text collected, thinking told apart."""

    def __init__(self) -> None:
        self._said: dict[str, list[str]] = {"answer": [], "reasoning": []}
        self._splitter = reasoning.ReasoningSplitter()
        self._stats = wire.Stats()
        self.ending: Ending = ""
        self.seed = 0

    def take(self, event: wire.Event) -> list[ChatEvent]:
        """Take an event of the engine and return what it means for the reader."""
        if isinstance(event, wire.Progress):
            return [Waiting(event)]
        if isinstance(event, wire.Prompt):
            self._splitter = reasoning.ReasoningSplitter(event.opened_by)
            return [Sent(event)]
        if isinstance(event, wire.Text):
            self._stats = event.stats
            return self._keep(self._splitter.feed(event.text))
        if isinstance(event, wire.Finished):
            self._stats, self.ending, self.seed = event.stats, event.reason, event.seed
            return self._keep(self._splitter.close())
        return []

    def _keep(self, pieces: list[reasoning.Piece]) -> list[ChatEvent]:
        for piece in pieces:
            self._said[piece.kind].append(piece.text)
        return [Said(piece.kind, piece.text, self._stats) for piece in pieces]

    def turn(self, ending: Ending, error: str = "") -> Turn:
        """Return the answer as far as it came."""
        if ending in ("error", "cancelled") and not self.ending:
            self._keep(self._splitter.close())
        return Turn(
            role="assistant",
            text="".join(self._said["answer"]),
            reasoning="".join(self._said["reasoning"]),
            stats=self._stats,
            ending=ending,
            error=error,
        )
