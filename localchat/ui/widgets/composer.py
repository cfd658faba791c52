"""Below the conversation: the box to write in, what the next prompt will take, and what is live."""

import asyncio
import contextlib
from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from localchat import errors
from localchat.chat import draft_text, events
from localchat.chat.drafts import Draft
from localchat.ui import toasts
from localchat.ui.commands import obeying
from localchat.ui.session import Session
from localchat.ui.widgets.bars import StatusLine
from localchat.ui.widgets.prompt_box import PromptBox

_COUNT_PAUSE_SECONDS = 0.4


class Composer(Vertical):
    """Writes to one session at a time."""

    class Sent(Message):
        """A message is on its way."""

    class Refreshed(Message):
        """There is something else to show of the chat."""

    def __init__(self, prompt: PromptBox, idle_state: Callable[[], tuple[str, str]]) -> None:
        super().__init__()
        self.prompt = prompt
        self.status = StatusLine()
        self.status.idle_state = idle_state
        self._session: Session | None = None
        self._draft = Draft("")
        """What is in the box."""

    def compose(self) -> ComposeResult:
        yield self.prompt
        yield self.status

    def open(self, session: Session) -> None:
        """Write to this chat from now on; the draft for the one before is kept there."""
        if self._session is not None and self._session is not session:
            self.run_worker(self._keep(self._session, self._draft), group="keep")
        self._session = session
        self.status.meter.open(session.chat)
        self._draft = self.prompt.draft = draft_text.read(session.chat.record.draft)
        self.prompt.busy = session.chat.answering_id is not None
        self.count()

    async def leave(self) -> None:
        """Keep the draft; the program ends."""
        if self._session is not None:
            await self._keep(self._session, self._draft)

    def hear(self, event: events.ChatEvent) -> None:
        """Follow what the chat tells."""
        session = self._session
        if session is None:
            return
        self.status.meter.hear(event)
        self.prompt.busy = session.chat.answering_id is not None
        if isinstance(event, events.Changed | events.Ended):
            self.count()
        if isinstance(event, events.Failed) and event.draft is not None:
            self.prompt.give_back(event.draft)

    def take_back(self) -> bool:
        """Put the queued message back into the box; says whether there was one."""
        queued = self._session.chat.take_back_queued() if self._session else None
        if queued is not None:
            self.prompt.give_back(queued)
            self.post_message(self.Refreshed())
        return queued is not None

    @work(exclusive=True, group="count")
    async def count(self) -> None:
        """Count the conversation and the draft, once writing pauses, and keep the draft."""
        await asyncio.sleep(_COUNT_PAUSE_SECONDS)
        session, draft = self._session, self._draft
        if session is None:
            return
        await self._keep(session, draft)
        if session.chat.answering_id is not None:
            return
        try:
            use = await session.chat.count(draft)
        except errors.LocalchatError:
            # Sending will tell; the gauge keeps its last figure until then.
            return
        self.status.meter.counted(use)
        if session.counted(use):
            self.post_message(self.Refreshed())

    async def _keep(self, session: Session, draft: Draft) -> None:
        # A disk that fails tells so with the next message.
        with contextlib.suppress(errors.LocalchatError):
            await session.chat.set_draft(draft_text.write(draft))

    @on(PromptBox.Changed)
    def _changed(self, event: PromptBox.Changed) -> None:
        event.stop()
        self._draft = event.draft
        queued = self._session.chat.queued if self._session else None
        if queued is not None and event.draft.text == queued.text:
            # Up has brought it back from the history: it is edited now, not sent.
            self.prompt.draft = Draft("")
            self.take_back()
        self.count()

    @on(PromptBox.Submitted)
    def _submit(self, event: PromptBox.Submitted) -> None:
        event.stop()
        if self._session is not None:
            self._send(self._session, event.draft)
            self.post_message(self.Sent())

    @on(PromptBox.Slash)
    async def _obey(self, event: PromptBox.Slash) -> None:
        event.stop()
        if not await obeying.run(self.prompt, event.command, event.argument):
            toasts.tell(self, f"/{event.command.words[0]} is not possible now.", "warning")

    @work(group="send")
    async def _send(self, session: Session, draft: Draft) -> None:
        try:
            await session.chat.send(draft)
        except errors.LocalchatError as error:
            session.fail(error)
            if session is self._session:
                self.prompt.give_back(draft)
                self.post_message(self.Sent())
