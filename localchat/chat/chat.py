"""Ask a model and keep what it said: the core that every front end uses.

Knows the engine's client and the store; knows nothing of terminals.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator

from localchat import errors
from localchat.chat import context, messages, records, summaries
from localchat.chat.answered import AnsweredChat
from localchat.chat.asking import Job, wake
from localchat.chat.context import ContextUse
from localchat.chat.desk import Desk
from localchat.chat.drafts import Draft
from localchat.chat.events import Changed, ChatEvent, Ended, Failed, InLine, Summarizing
from localchat.chat.messages import TEXT, Message, Part
from localchat.chat.prompting import Asker
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings as ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.tree import Tree
from localchat.engine.client import EngineClient


class Chat(AnsweredChat):
    """One conversation with the model that the engine has loaded."""

    def __init__(
        self,
        engine: EngineClient,
        settings: ChatSettings | None = None,
        *,
        desk: Desk | None = None,
        keeper: Keeper | None = None,
        record: ChatRecord | None = None,
        tree: Tree | None = None,
    ) -> None:
        """Begin a chat, or go on with one that was kept: then there is a `tree`."""
        super().__init__(
            record or records.new(settings),
            tree or Tree(),
            keeper,
            desk or Desk(engine),
            is_kept=tree is not None,
        )
        self.engine = engine

    async def send(self, draft: Draft) -> None:
        """Send a message, or queue it while an answer is under way.

        Returns when it is kept and its empty answer is in the tree; the rest comes as events.
        Raises ContextOverflow with the numbers, BadTemplate, or EngineError when it cannot be
        sent; it is not in the tree then. What can only be found out later is told as Failed, with
        the draft.
        """
        async with self._turn:
            if self._asking is not None:
                self.queued = self.queued.plus(draft) if self.queued else draft
                self._tell(Changed())
                return
            path = self.path
            await self._ask(draft, path[-1].id if path else None)

    async def edit(self, message_id: str, text: str) -> None:
        """Make a new version of a message: the user's is answered, the model's is not.

        An answer under way is stopped first. Raises as send() does, and KeyError when the message
        is not there any more.
        """
        async with self._turn:
            await self.settle()
            old = self.tree.messages[message_id]
            if old.role == "user":
                await self._ask(Draft(text, old.files), old.parent_id, back_to=old.id)
            else:
                await self._begin(_rewritten(old, text))

    async def regenerate(self, answer_id: str) -> None:
        """Answer once more, with another seed, as a new version; also answers a user's message.

        An answer under way is stopped first. Raises as send() does, and KeyError when the message
        is not there any more.
        """
        async with self._turn:
            await self.settle()
            old = self.tree.messages[answer_id]
            asked_id = old.id if old.role == "user" else old.parent_id
            if asked_id is None:
                raise errors.UsageError("There is no question before this answer.")
            await self._check(self.tree.branch(asked_id))
            answer = messages.coming(self.record.id, asked_id, self._desk.model)
            seed = self.settings.sampling.seed
            if seed is not None:
                seed = (seed + len(self.tree.children(asked_id))) % 2**32
            await self._start(Job(answer, fresh=(answer,), back_to=answer_id, seed=seed))

    async def continue_answer(self, answer_id: str) -> None:
        """Go on with an answer that was stopped or cut; what comes belongs to the same message.

        An answer under way is stopped first. Raises as send() does, and KeyError when the message
        is not there any more.
        """
        async with self._turn:
            await self.settle()
            old = self.tree.messages[answer_id]
            if old.role != "assistant":
                raise errors.UsageError("Only an answer can be continued.")
            await self._check(self.tree.branch(answer_id))
            answer = dataclasses.replace(old, is_streaming=True, ending="", error="")
            await self._start(Job(answer, former=old))

    async def delete(self, message_id: str) -> None:
        """Take one message out; what follows it stays. An answer under way is stopped first.

        Raises StoreError, and KeyError when it is not there any more.
        """
        if message_id == self.answering_id:
            async with self._turn:
                await self.settle()
        await super().delete(message_id)

    async def count(self, draft: Draft) -> ContextUse:
        """Say what sending `draft` now would take, with everything that would be sent before it.

        Raises BadTemplate, or EngineError while no model is in memory.
        """
        self._desk.touch()
        loaded = self.engine.loaded
        if loaded is None:
            raise errors.EngineError("No model is in memory.", "Send a message, or choose a model.")
        coming = self.so_far
        branch = [coming if coming and each.id == coming.id else each for each in self.path]
        if draft:
            last = branch[-1].id if branch else None
            branch.append(messages.new(self.record.id, last, "user", draft.text, files=draft.files))
        policy = self.settings.overflow
        try:
            asker = Asker(self.settings, loaded, self._tally)
            plan = await asker.plan(self.engine, branch, self.tree.summaries)
        except errors.ContextOverflow as error:
            return ContextUse(error.prompt_tokens, error.context_tokens, policy=policy)
        return ContextUse(
            prompt_tokens=plan.prompt_tokens,
            context_tokens=loaded.context_tokens,
            left_out=plan.left_out,
            policy=policy,
            summary_id=plan.summary.id if plan.summary else "",
            summarizes=bool(plan.summarize_through),
        )

    async def summarize_now(self) -> None:
        """Let the model summarize all but the last turn, and choose the policy "summarize".

        Raises UsageError when there is nothing to summarize, Cancelled, ContextOverflow,
        BadTemplate, EngineError or StoreError.
        """
        async with self._turn:
            await self.settle()
            turns = context.exchanges(self.path)
            known = context.newest_summary(self.path, self.tree.summaries)
            if len(turns) < 2 or (known and known.through_id == turns[-2][-1].id):
                raise errors.UsageError("There is nothing to summarize yet.")
            async with self._desk.turn(lambda ahead: self._tell(InLine(ahead))):
                loaded = await wake(self._desk, self._tell)
                self._tell(Summarizing())
                summary = await summaries.summarize(
                    self.engine,
                    Asker(self.settings, loaded, self._tally),
                    self.path,
                    turns[-2][-1].id,
                    known,
                    lambda tokens: self._tell(Summarizing(tokens)),
                )
            await self._keep_summary(summary)
            await self.set_settings(dataclasses.replace(self.settings, overflow="summarize"))

    async def ask(self, text: str) -> AsyncGenerator[ChatEvent, None]:
        """Send a message and yield the answer as it comes; ends with Ended.

        Whatever was answered is in the tree however this ends; closing the iterator early stops
        the answer. Raises ContextOverflow, BadTemplate, EngineError or EngineLost.
        """
        coming: asyncio.Queue[ChatEvent] = asyncio.Queue()
        unlisten = self.listen(coming.put_nowait)
        try:
            await self.send(Draft(text))
            while not _is_over(event := await coming.get()):
                yield event
        finally:
            unlisten()
            await self.settle()
        # A failure follows the end of its answer at once.
        for each in _all(coming, event):
            if isinstance(each, Failed) and _is_over(each):
                raise each.error
        yield event


def _is_over(event: ChatEvent) -> bool:
    # A disk that refuses does not end an answer.
    is_disk = isinstance(event, Failed) and isinstance(event.error, errors.StoreError)
    return isinstance(event, Ended | Failed) and not is_disk


def _all(coming: asyncio.Queue[ChatEvent], first: ChatEvent) -> list[ChatEvent]:
    return [first, *(coming.get_nowait() for _ in range(coming.qsize()))]


def _rewritten(old: Message, text: str) -> Message:
    """Make the user's version of an answer: nothing that was measured is true of it."""
    return dataclasses.replace(
        old,
        id=messages.new_id(),
        parts=(*old.files, Part(TEXT, text)) if text else old.files,
        reasoning="",
        is_streaming=False,
        ending="stop",
        error="",
        created_seconds=time.time(),
        settings={},
        seed=None,
        stats=None,
        is_edited=True,
    )
