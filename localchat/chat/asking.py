"""Gets one answer: waits for its turn at the engine, makes room, asks, and passes on what comes.

Knows the engine and the store's scribe; what becomes of the tree is its chat's business.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localchat import errors
from localchat.chat import context, events, summaries
from localchat.chat.answering import Answer
from localchat.chat.context import Plan
from localchat.chat.counting import Tally
from localchat.chat.desk import Desk
from localchat.chat.drafts import Draft
from localchat.chat.events import ChatEvent
from localchat.chat.messages import Message, ModelMark
from localchat.chat.prompting import Asker
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.scribe import Scribe
from localchat.chat.tree import Summary
from localchat.engine import wire

_MARK_SECONDS = 1.0
"""How long the end of an answer waits for what is still to be read about the model's file."""


@dataclass(frozen=True, slots=True)
class Job:
    """An answer to get, and how to leave things if it cannot be asked for."""

    answer: Message
    """Streaming, and in the tree."""
    fresh: tuple[Message, ...] = ()
    """What goes out of the tree again if it cannot be sent."""
    former: Message | None = None
    """The answer as it was, when it is gone on with."""
    back_to: str = ""
    """The message to show again."""
    draft: Draft | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an answer needs of its chat."""

    settings: ChatSettings
    tally: Tally
    branch: tuple[Message, ...]
    """The messages up to the one to answer, or to go on with."""
    summaries: tuple[Summary, ...]
    keep_summary: Callable[[Summary], Awaitable[None]]
    tell: Callable[[ChatEvent], None]


class Asking:
    """One answer under way."""

    def __init__(self, desk: Desk, keeper: Keeper | None, job: Job, around: Surroundings) -> None:
        self.job = job
        self.answer = Answer(job.answer)
        self.phase: Literal["waiting", "streaming", "over"] = "waiting"
        """While it streams, the engine can be told to stop; before, there is only this to end."""
        self._desk = desk
        self._around = around
        self._scribe = Scribe(keeper, job.answer.id) if keeper is not None else None
        self._mark: asyncio.Task[ModelMark] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_unwanted = False

    async def run(self) -> None:
        """Get the answer, as far as it comes. Raises any LocalchatError, or CancelledError."""
        # A task of its own: one that is cancelled before it begins would never come to an end.
        self._task = asyncio.create_task(self._run())
        if self._is_unwanted:
            self._task.cancel()
        await self._task

    async def stop(self) -> None:
        """Let it end soon; what has been said stays."""
        if self.phase == "streaming":
            await self._desk.engine.cancel()
        elif self.phase == "waiting":
            self._is_unwanted = True
            if self._task is not None:
                self._task.cancel()

    async def _run(self) -> None:
        around, engine = self._around, self._desk.engine
        try:
            async with self._desk.turn(lambda ahead: around.tell(events.InLine(ahead))):
                asker = Asker(around.settings, await self._loaded(), around.tally)
                plan = await make_room(self._desk, asker, around)
                self.answer.made_with(asker.used(plan))
                job = self.job
                request = asker.request(plan, seed=job.seed, continues=job.former is not None)
                async with contextlib.aclosing(engine.generate(request)) as stream:
                    async for event in stream:
                        self._pass_on(event, plan)
        finally:
            self.phase = "over"

    async def close(self) -> None:
        """Write what is left to write. Raises StoreError."""
        if self._mark is not None:
            await asyncio.wait({self._mark}, timeout=_MARK_SECONDS)
            if self._mark.done():
                self.answer.model = self._mark.result()
        if self._scribe is not None:
            await self._scribe.close()

    def say(self, said: Sequence[events.Waiting | events.Said]) -> None:
        """Tell what was said, and write it down."""
        for each in said:
            if self._scribe is not None and isinstance(each, events.Said):
                self._scribe.said(each.kind, each.text)
            self._around.tell(each)

    async def _loaded(self) -> wire.Loaded:
        loaded = await wake(self._desk, self._around.tell)
        wanted = self._desk.engine.resident.wanted
        path = Path(wanted.path) if wanted else Path()
        self.answer.model = self._desk.model
        if self._scribe is not None:
            self._mark = asyncio.create_task(self._desk.marks.mark(path, loaded.name))
        return loaded

    def _pass_on(self, event: wire.Event, plan: Plan) -> None:
        if isinstance(event, wire.Prompt):
            self.phase = "streaming"
            self._around.tell(events.Sent(event, plan.left_out))
        self.say(self.answer.take(event))


async def wake(desk: Desk, tell: Callable[[ChatEvent], None]) -> wire.Loaded:
    """Have the model in memory, loading it again if it rested or its engine died.

    Raises what loading raises, or EngineError when none was loaded.
    """
    async with contextlib.aclosing(desk.engine.revive()) as loading:
        async for progress in loading:
            tell(events.Waiting(progress))
    loaded = desk.engine.loaded
    if loaded is None:
        raise errors.EngineError("The model is gone from memory.", "Send the message again.")
    return loaded


async def make_room(desk: Desk, asker: Asker, around: Surroundings) -> Plan:
    """Decide what to send, and have summarized what has to be.

    Raises ContextOverflow with the numbers, Cancelled, BadTemplate, EngineError or EngineLost.
    """
    known = list(around.summaries)
    while True:
        plan = await asker.plan(desk.engine, around.branch, known)
        if not plan.summarize_through:
            return plan
        around.tell(events.Summarizing())
        summary = await summaries.summarize(
            desk.engine,
            asker,
            around.branch,
            plan.summarize_through,
            context.newest_summary(around.branch, known),
            lambda tokens: around.tell(events.Summarizing(tokens)),
        )
        known.append(summary)
        await around.keep_summary(summary)
