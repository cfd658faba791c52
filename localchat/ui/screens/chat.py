"""The chat screen: one chat at a time, while the answers of others go on."""

import functools
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from localchat import errors, sanitize
from localchat.chat import attachments, events
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui import commands, toasts
from localchat.ui.model_state import ModelState
from localchat.ui.session import Session
from localchat.ui.widgets.bars import TooSmall, TopBar
from localchat.ui.widgets.composer import Composer
from localchat.ui.widgets.conversation import Conversation
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.key_footer import KeyFooter
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox

_STATUS_SECONDS = 0.25
_TITLE_CHARACTERS = 44


class ChatScreen(Screen[None]):
    """Chats with the model in memory."""

    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("chat")

    class Answered(Message):
        """An answer came to its end; its statistics say how fast this machine is."""

        def __init__(self, stats: wire.Stats) -> None:
            super().__init__()
            self.stats = stats

    def __init__(self, engine: EngineClient, chats: Chats, prompt: PromptBox | None = None) -> None:
        super().__init__()
        self.session: Session | None = None
        """The chat that is shown."""
        self._chats = chats
        self._sessions: dict[str, Session] = {}
        self._model = ModelState(engine)
        self._bar = TopBar()
        self._conversation = Conversation()
        prompt = prompt or PromptBox()
        prompt.files.counter = functools.partial(attachments.cost, engine.count)
        self.composer = Composer(prompt, self._model.idle)

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._bar
        yield self._conversation
        yield self.composer
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin with the prompt."""
        self.action_write()
        self.set_interval(_STATUS_SECONDS, self._show_head)

    def show_chat(self, chat: Chat, message_id: str = "") -> None:
        """Show this chat, at its end or at a message; the answer of the one before goes on."""
        session = self._sessions.get(chat.record.id)
        if session is None or session.chat is not chat:
            session = self._sessions[chat.record.id] = Session(chat)
            chat.listen(functools.partial(self._hear, session))
            if self._model.loaded is not None and not chat.path:
                session.use_model(self._model.loaded, is_guide=self._model.is_guide)
        self.session = session
        self._conversation.open(session)
        self.composer.open(session)
        if message_id:
            self._conversation.go_to(message_id)
        else:
            self.action_write()
        self._show_head()
        self.refresh_bindings()

    def use_model(self, loaded: wire.Loaded, *, is_guide: bool) -> None:
        """Talk to this model from now on; the conversation so far stays."""
        self._model.use(loaded, is_guide=is_guide)
        self.composer.status.meter.use_model(loaded.context_tokens)
        if self.session is not None:
            if self.session.use_model(loaded, is_guide=is_guide):
                tell = functools.partial(self.session.tell_cost, self._model.name)
                self._conversation.attempt(tell)
            self._conversation.refresh_items()
        self.composer.count()
        self.composer.prompt.files.recount()
        self._show_head()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Stop only while there is something to stop."""
        del parameters
        if action == "write":
            # The keys of a message that is being edited are its own.
            return not isinstance(self.focused, Editor)
        if action != "stop":
            return True
        chat = self.session.chat if self.session else None
        return chat is not None and (chat.answering_id is not None or chat.queued is not None)

    async def action_stop(self) -> None:
        """Take back the message that waits, or else stop the answer."""
        if self.session is not None and not self.composer.take_back():
            await self.session.chat.stop()

    async def action_new_chat(self) -> None:
        """Begin a chat; the one before is kept."""
        if self.session is None or self.session.chat.path:
            self.show_chat(await self._chats.new())
        self.action_write()

    def action_write(self) -> None:
        """Go on writing."""
        self._conversation.transcript.choose("")
        # At once, unlike `focus`: what is typed next belongs into the prompt already.
        self.set_focus(self.query_one(PromptArea))

    def action_scroll_text(self, pages: int) -> None:
        """Scroll the conversation from the prompt."""
        self._conversation.transcript.scroll_pages(pages)

    def action_last(self, deed: str, which: str = "") -> None:
        """Do something with the last answer, or with a part of it."""
        self._conversation.last(deed, which)

    def _hear(self, session: Session, event: events.ChatEvent) -> None:
        if session is self.session:
            self._conversation.hear(event)
            self.composer.hear(event)
            if isinstance(event, events.Changed | events.Ended):
                self.refresh_bindings()
        else:
            session.hear(event)
            if isinstance(event, events.Ended):
                title = sanitize.line(session.chat.record.title, _TITLE_CHARACTERS)
                toasts.tell(self, f"Answered: {title}")
        if isinstance(event, events.Ended) and event.message.stats is not None:
            self.post_message(self.Answered(event.message.stats))

    def _show_head(self) -> None:
        title = self.session.chat.record.title if self.session else ""
        self._bar.subject = sanitize.line(title, _TITLE_CHARACTERS) or "New chat"
        self._bar.facts = self._model.facts

    @on(Conversation.Left)
    @on(Composer.Sent)
    @on(Composer.Refreshed)
    @on(PromptBox.LeftUp)
    def _turn_to(self, event: Message) -> None:
        """Turn to where the reader goes on."""
        if isinstance(event, PromptBox.LeftUp):
            self.set_focus(self._conversation.transcript)
            return
        self._conversation.refresh_items()
        if isinstance(event, Composer.Sent):
            self._conversation.transcript.go_to_end()
        if not isinstance(event, Composer.Refreshed):
            self.action_write()

    @on(Conversation.ForkWanted)
    async def _fork(self, event: Conversation.ForkWanted) -> None:
        if self.session is None:
            return
        try:
            chat_id = await self.session.chat.fork(event.message_id)
            self.show_chat(await self._chats.open(chat_id))
        except errors.LocalchatError as error:
            toasts.tell(self, error.message, "error")
        else:
            toasts.tell(self, "This is a chat of its own now.")
