"""A chat with at most one answer under way, and at most one message that waits for its end.

The answer belongs to the chat, not to who watches: it goes on until it ends or is stopped, and
whatever happens its text stays. Knows nothing of terminals.
"""

import asyncio
import contextlib
import dataclasses

from localchat import errors
from localchat.chat import draft_text, messages
from localchat.chat.asking import Asking, Job, Surroundings
from localchat.chat.counting import Tally
from localchat.chat.desk import Desk
from localchat.chat.drafts import Draft
from localchat.chat.events import Changed, Ended, Failed
from localchat.chat.kept import KeptChat
from localchat.chat.messages import Ending, Message
from localchat.chat.prompting import Asker
from localchat.chat.records import ChatRecord
from localchat.chat.store.keeper import Keeper
from localchat.chat.tree import Summary, Tree


class AnsweredChat(KeptChat):
    """A chat whose messages the model answers, one after the other."""

    def __init__(
        self, record: ChatRecord, tree: Tree, keeper: Keeper | None, desk: Desk, *, is_kept: bool
    ) -> None:
        super().__init__(record, tree, keeper, is_kept=is_kept)
        self.queued: Draft | None = None
        """The next message, which is sent after the answer under way."""
        self._desk = desk
        self._asking: Asking | None = None
        self._task: asyncio.Task[None] | None = None
        self._tally = Tally()
        self._turn = asyncio.Lock()
        """Held by whatever begins an answer or needs that none is under way."""

    @property
    def answering_id(self) -> str | None:
        """The answer under way; None while there is none."""
        return self._asking.job.answer.id if self._asking else None

    @property
    def so_far(self) -> Message | None:
        """The answer under way as far as it has come; the tree has its beginning only."""
        return self._asking.answer.so_far if self._asking else None

    def take_back_queued(self) -> Draft | None:
        """Take the queued message back, to be edited; None when there is none (any more)."""
        draft, self.queued = self.queued, None
        if draft is not None:
            self._tell(Changed())
        return draft

    async def stop(self) -> None:
        """Stop the answer; what has been said stays, and Ended tells that it is over."""
        if self._asking is not None:
            await self._asking.stop()

    async def settle(self) -> None:
        """Stop the answer and wait for its end; what is queued stays queued. Within the turn."""
        if self._task is None:
            return
        held, self.queued = self.queued, None
        await self.stop()
        await asyncio.wait({self._task})
        self.queued = held

    async def leave(self) -> None:
        """Stop the answer and wait until it is kept; a message that waits becomes the draft.

        Raises StoreError.
        """
        async with self._turn:
            await self.settle()
        waiting = self.take_back_queued()
        if waiting is not None:
            draft = waiting.plus(draft_text.read(self.record.draft))
            await self.set_draft(draft_text.write(draft))

    async def _ask(self, draft: Draft, parent_id: str | None, back_to: str = "") -> None:
        """Ask something after a message; within the turn. Raises what `_check` raises."""
        question = messages.new(self.record.id, parent_id, "user", draft.text, files=draft.files)
        answer = messages.coming(question.chat_id, question.id, self._desk.model)
        await self._check(self.tree.plus(question).branch(question.id))
        await self._start(Job(answer, fresh=(question, answer), back_to=back_to, draft=draft))

    async def _check(self, branch: tuple[Message, ...]) -> None:
        """Refuse what cannot be sent, while nothing has happened yet.

        Raises ContextOverflow, BadTemplate, or EngineError when no model was loaded.
        """
        engine = self._desk.engine
        if engine.resident.wanted is None:
            raise errors.EngineError("No model is loaded.", "Choose a model first.")
        if engine.loaded is None:
            return
        try:
            asker = Asker(self.settings, engine.loaded, self._tally)
            await asker.plan(engine, branch, self.tree.summaries)
        except errors.EngineError:
            # It died or is too busy to count: it is asked again when it is this answer's turn.
            return

    async def _start(self, job: Job) -> None:
        """Begin an answer; within the turn."""
        tree = self.tree
        for message in job.fresh or (job.answer,):
            tree = tree.plus(message)
        until = job.answer.id if job.former else job.answer.parent_id
        around = Surroundings(
            settings=self.settings,
            tally=self._tally,
            branch=tree.branch(until) if until else (),
            summaries=self.tree.summaries,
            keep_summary=self._keep_summary,
            tell=self._tell,
        )
        self._asking = Asking(self._desk, self._keeper, job, around)
        if job.former is None:
            await self._begin(*job.fresh)
        else:
            self._change(self.tree.replacing(job.answer))
            await self._ledger.resume(job.answer)
        self._task = asyncio.create_task(self._answer(self._asking))

    async def _answer(self, asking: Asking) -> None:
        ending: Ending = "stop"
        failure: errors.LocalchatError | None = None
        try:
            await asking.run()
        except (asyncio.CancelledError, errors.Cancelled):
            ending = "cancelled"
        except (errors.ContextOverflow, errors.BadTemplate) as error:
            await self._withdraw(asking.job, error)
            return
        except errors.LocalchatError as error:
            ending, failure = "error", error
        await self._finish(asking, ending, failure)
        if failure is None:
            await self._send_queued()

    async def _finish(
        self, asking: Asking, ending: Ending, failure: errors.LocalchatError | None
    ) -> None:
        rest, message = asking.answer.end(ending, failure.message if failure else "")
        asking.say(rest)
        # What the scribe could not write is part of the message.
        with contextlib.suppress(errors.StoreError):
            await asking.close()
        message = dataclasses.replace(message, model=asking.answer.model)
        await self._ledger.finish(self.record, message)
        self._asking, self._task = None, None
        if message.id in self.tree.messages:
            self.tree = self.tree.replacing(message)
        model = message.model.name if message.model else self.record.model
        self._note(model=model)
        self._tell(Ended(message))
        if failure is not None:
            self._tell(Failed(failure))

    async def _withdraw(self, job: Job, error: errors.LocalchatError) -> None:
        """Take out what was never sent, so that it can be edited."""
        tree = self.tree if job.former is None else self.tree.replacing(job.former)
        for message in reversed(job.fresh):
            tree = tree.without(message.id)
            with contextlib.suppress(errors.StoreError):
                await self._ledger.discard(message.id)
        if job.former is not None:
            await self._ledger.finish(self.record, job.former)
        if job.back_to in tree.messages:
            tree = tree.choosing(job.back_to)
        self._asking, self._task = None, None
        self._change(tree)
        if not tree.messages and not self._deleted:
            # As if it had not begun: there is nothing to go back to.
            with contextlib.suppress(errors.StoreError):
                await self._ledger.forget(self.record)
            if not self.record.has_own_title:
                self._note(title="")
        self._tell(Failed(error, job.draft))

    async def _keep_summary(self, summary: Summary) -> None:
        self._change(dataclasses.replace(self.tree, summaries=(*self.tree.summaries, summary)))
        await self._ledger.note(lambda store: store.add_summary(summary))

    async def _send_queued(self) -> None:
        if self.queued is None:
            return
        async with self._turn:
            draft = self.queued
            if draft is None or self._asking is not None:
                return
            self.queued = None
            path = self.path
            try:
                await self._ask(draft, path[-1].id if path else None)
            except errors.LocalchatError as error:
                self._tell(Changed())
                self._tell(Failed(error, draft))
