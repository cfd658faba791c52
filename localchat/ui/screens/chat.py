"""The chat screen: what is written goes to the core, what comes back goes to the transcript."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import Worker

from localchat import errors, sanitize
from localchat.chat.chat import Chat, Ended
from localchat.chat.conversation import Turn
from localchat.engine import wire
from localchat.ui import commands, copying, wording
from localchat.ui.commands import obeying
from localchat.ui.meter import Meter
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.bars import StatusLine, TooSmall, TopBar
from localchat.ui.widgets.notice import ModelIntro, Notice
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.transcript import Transcript, UserMessage

_STATUS_SECONDS = 0.25
_COUNT_PAUSE_SECONDS = 0.4


class ChatScreen(Screen[None]):
    """One conversation with the model in memory."""

    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("chat")

    class Answered(Message):
        """An answer came to its end; its statistics say how fast this machine is."""

        def __init__(self, stats: wire.Stats) -> None:
            super().__init__()
            self.stats = stats

    def __init__(self, chat: Chat) -> None:
        super().__init__()
        self._chat = chat
        self._meter = Meter()
        self._view: AnswerView | None = None
        """The answer under way."""
        self._asking: Worker[None] | None = None
        self._model: tuple[wire.Loaded, bool] | None = None
        """The model in use, and whether it is the built-in one."""
        self._bar = TopBar()
        self._transcript = Transcript()
        self._prompt = PromptBox()
        self._status = StatusLine()

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._bar
        yield self._transcript
        with Vertical(id="below"):
            yield self._prompt
            yield self._status
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with the prompt."""
        self._prompt.focus()
        self.set_interval(_STATUS_SECONDS, self._show_status)

    async def use_model(self, loaded: wire.Loaded, *, is_guide: bool) -> None:
        """Talk to this model from now on; the conversation so far stays."""
        self._model = loaded, is_guide
        self._bar.subject = wording.model_name(loaded.name, is_guide=is_guide)
        self._bar.facts = wording.placement(loaded)
        self._meter.use_model(loaded.context_tokens)
        await self._transcript.add(ModelIntro(loaded, is_guide=is_guide))
        self._count()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Stop only while there is something to stop."""
        del parameters
        return action != "stop" or self._view is not None

    @on(PromptBox.Submitted)
    async def _send(self, event: PromptBox.Submitted) -> None:
        if await obeying.obey(self._prompt, event.text):
            self._prompt.busy = False
            return
        self._view = AnswerView()
        self._meter.begin()
        self._asking = self._ask(event.text, self._view)
        self.refresh_bindings()

    @work(group="answer")
    async def _ask(self, text: str, view: AnswerView) -> None:
        message = UserMessage(text)
        await self._transcript.add(message, view)
        turn = Turn("assistant", "")
        failure: errors.LocalchatError | None = None
        try:
            async for event in self._chat.ask(text):
                if isinstance(event, Ended):
                    turn = event.turn
                else:
                    view.take(event)
        except (errors.ContextOverflow, errors.BadTemplate) as error:
            failure = error
            await message.remove()
            self._prompt.give_back(text)
        except errors.LocalchatError as error:
            turn, failure = self._chat.conversation.turns[-1], error
        await self._end(view, turn, failure)

    async def _end(
        self, view: AnswerView, turn: Turn, failure: errors.LocalchatError | None
    ) -> None:
        view.finish(turn)
        if failure is not None:
            if not turn.text and not turn.reasoning:
                await view.remove()
            await self._transcript.append(Notice.of_error(failure))
        if turn.stats is not None:
            self.post_message(self.Answered(turn.stats))
        self._view = None
        self._meter.end(turn, lost=isinstance(failure, errors.EngineLost))
        self._show_status()
        self._prompt.busy = False
        self.refresh_bindings()
        self._count()

    def _show_status(self) -> None:
        if self._view is not None:
            self._meter.see(self._view.stats, self._view.progress)
        self._status.live = self._meter.live

    @on(PromptBox.Changed)
    @work(exclusive=True, group="count")
    async def _count(self) -> None:
        """Count the conversation and the draft, once writing pauses."""
        await asyncio.sleep(_COUNT_PAUSE_SECONDS)
        draft = self._prompt.text
        if self._view is not None or self._chat.engine.loaded is None:
            return
        if not self._chat.conversation.messages(draft):
            self._meter.counted(0)
            return
        try:
            self._meter.counted(await self._chat.count(draft))
        except (errors.BadTemplate, errors.EngineError):
            # Sending will tell; the gauge keeps its last figure until then.
            return

    async def action_stop(self) -> None:
        """Stop the answer."""
        await self._chat.stop()

    @work(exclusive=True, group="new")
    async def action_new_chat(self) -> None:
        """Begin again, after a question if something would be lost."""
        if self._chat.conversation.turns:
            question = ConfirmScreen(
                "Start a new chat?", "This conversation is not saved anywhere.", "new chat"
            )
            if not await self.app.push_screen_wait(question):
                return
        if self._view is not None and self._asking is not None:
            await self._chat.stop()
            await self._asking.wait()
        self._chat.clear()
        self._meter.clear()
        await self._transcript.clear()
        if self._model is not None:
            await self._transcript.add(ModelIntro(self._model[0], is_guide=self._model[1]))
        self._count()

    def action_scroll_text(self, pages: int) -> None:
        """Scroll the conversation from the prompt."""
        self._transcript.scroll_pages(pages)

    def action_toggle_thoughts(self) -> None:
        """Fold or unfold the newest thinking."""
        self._transcript.toggle_thoughts()

    async def action_copy_answer(self) -> None:
        """Copy the last answer."""
        answer = self._chat.conversation.last_answer
        if answer is None:
            self.notify("There is no answer to copy yet.", severity="warning", markup=False)
        else:
            await copying.copy(self.app, sanitize.text(answer.text), "The last answer")
