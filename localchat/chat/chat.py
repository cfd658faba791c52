"""Ask a model and keep what it said: the core that every front end uses.

Knows the engine's client and the conversation; knows nothing of terminals.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Literal

from localchat import errors
from localchat.chat import events, reasoning
from localchat.chat.context import ContextUse
from localchat.chat.conversation import Conversation, Ending, Turn
from localchat.chat.drafts import Draft
from localchat.chat.messages import Message
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings as ChatSettings
from localchat.chat.tree import Tree
from localchat.engine import wire
from localchat.engine.client import EngineClient


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

    # --- from here on: being built; see events.py for what listeners get ------------------------

    record: ChatRecord
    tree: Tree
    answering_id: str | None = None
    """The answer under way."""
    queued: Draft | None = None
    """The next message, which is sent after the answer under way."""

    @property
    def path(self) -> tuple[Message, ...]:
        """The branch that is shown, its first message first."""
        return self.tree.path()

    def listen(self, callback: Callable[[events.ChatEvent], None]) -> Callable[[], None]:
        """Call back with every event, in the event loop; returns what ends that."""
        raise NotImplementedError

    async def send(self, draft: Draft) -> None:
        """Send a message, or queue it while an answer is under way.

        Returns when it is kept and its empty answer hangs in the tree; the rest comes as events.
        Raises ContextOverflow with the numbers, BadTemplate, EngineError or StoreError when it
        cannot be sent; it is not in the tree then.
        """
        raise NotImplementedError

    def take_back_queued(self) -> Draft | None:
        """Take the queued message back, to be edited; None when there is none (any more)."""
        raise NotImplementedError

    async def edit(self, message_id: str, text: str) -> None:
        """Make a new version of a message: the user's is answered, the model's is not.

        Raises as send() does.
        """
        raise NotImplementedError

    async def regenerate(self, answer_id: str) -> None:
        """Answer once more, with another seed, as a new version. Raises as send() does."""
        raise NotImplementedError

    async def continue_answer(self, answer_id: str) -> None:
        """Go on with an answer that was stopped or cut. Raises as send() does."""
        raise NotImplementedError

    async def choose(self, message_id: str) -> None:
        """Show this version. Raises StoreError."""
        raise NotImplementedError

    async def delete(self, message_id: str) -> None:
        """Take one message out; what follows it stays. Raises StoreError."""
        raise NotImplementedError

    async def undo_delete(self) -> bool:
        """Put the message back that was deleted last; False when there is none."""
        raise NotImplementedError

    async def fork(self, message_id: str) -> str:
        """Copy the branch down to a message into a chat of its own; returns that chat's id."""
        raise NotImplementedError

    async def use(self, draft: Draft) -> ContextUse:
        """Say what sending `draft` now would take. Raises BadTemplate or EngineError."""
        raise NotImplementedError  # becomes count(draft)

    async def set_settings(self, settings: ChatSettings) -> None:
        """Answer like this from the next message on. Raises StoreError."""
        raise NotImplementedError

    async def set_draft(self, text: str) -> None:
        """Keep what is being written, over a restart too. Raises StoreError."""
        raise NotImplementedError

    async def rename(self, title: str) -> None:
        """Give a title of the user's own; an empty one brings the automatic one back."""
        raise NotImplementedError

    async def summarize_now(self) -> None:
        """Let the model summarize all but the last turn; sets the policy to "summarize".

        Raises EngineError, or what the model's failure stands for.
        """
        raise NotImplementedError

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
