"""A chat on screen: its messages, what it tells while it answers, and what is done with them."""

from collections.abc import Awaitable, Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from localchat import errors, sanitize
from localchat.chat import events
from localchat.chat.messages import Message as ChatMessage
from localchat.ui import code_blocks, copy_words, copying, deeds, toasts
from localchat.ui.commands import own_keys
from localchat.ui.session import Session
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.message_view import Edited, Wanted
from localchat.ui.widgets.transcript import Transcript


class Conversation(Container):
    """Shows one session at a time."""

    class Left(Message):
        """The reader goes back to the prompt."""

    class ForkWanted(Message):
        """The reader wants a new chat with everything up to a message."""

        def __init__(self, message_id: str) -> None:
            super().__init__()
            self.message_id = message_id

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self.transcript = Transcript()

    def compose(self) -> ComposeResult:
        yield self.transcript

    def open(self, session: Session) -> None:
        """Show this chat, at its end."""
        self.session = session
        self.transcript.choose("")
        self.transcript.show(session.items())
        self.transcript.go_to_end()

    def go_to(self, message_id: str) -> None:
        """Show the branch that a message is in, and choose the message."""
        session = self.session
        if session is None or message_id not in session.chat.tree.messages:
            return

        async def go() -> str:
            if message_id not in {message.id for message in session.chat.path}:
                await session.chat.choose(message_id)
            self.transcript.choose(message_id)
            self.screen.set_focus(self.transcript)
            return ""

        self.attempt(go)

    def hear(self, event: events.ChatEvent) -> None:
        """Show what the chat tells."""
        session = self.session
        if session is None:
            return
        if session.hear(event):
            self.refresh_items()
        view = self.transcript.view(session.chat.answering_id or "")
        if isinstance(view, AnswerView):
            view.take(event)

    def refresh_items(self) -> None:
        """Show the chat as it is now."""
        if self.session is not None:
            self.transcript.show(self.session.items())

    def last(self, deed: str, which: str = "") -> None:
        """Do something with the last answer; `which` is what to copy of it."""
        if self.session is None:
            return
        chat = self.session.chat

        async def copy() -> str:
            await copying.copy(self.app, *copy_words.wanted(chat, which))
            return ""

        if deed == "copy":
            self.attempt(copy)
            return
        answers = [each for each in chat.path if each.role == "assistant"]
        if deed == "thoughts":
            answers = [each for each in answers if each.reasoning or each.is_streaming]
        if answers:
            self._do(Wanted(deed, answers[-1].id))
        else:
            self._tell(f"There is no answer to {deed} yet.", is_warning=True)

    @work(group="deed")
    async def attempt(self, work: Callable[[], Awaitable[str]]) -> None:
        """Do something to the chat, and tell what came of it."""
        session = self.session
        try:
            words = await work()
        except KeyError:
            # The message is not there any more.
            return
        except errors.UsageError as error:
            self._tell(sanitize.line(f"{error.message} {error.hint}"), is_warning=True)
        except errors.LocalchatError as error:
            if session is not None:
                session.fail(error)
                self.refresh_items()
                self.transcript.go_to_end()
        else:
            self.refresh_items()
            if words:
                self._tell(words)

    @on(Wanted)
    def _do(self, event: Wanted) -> None:
        event.stop()
        messages = self.session.chat.tree.messages if self.session else {}
        message = messages.get(event.message_id)
        if event.deed == "stay":
            self.screen.set_focus(self.transcript)
        elif message is None and event.deed != "undo":
            return
        elif event.deed in deeds.DEEDS:
            self._do_to_chat(event)
        elif message is not None:
            self._do_here(event, message)

    def _do_to_chat(self, event: Wanted) -> None:
        if self.session is None:
            return
        chat, deed = self.session.chat, deeds.DEEDS[event.deed]

        async def do() -> str:
            words = await deed(chat, event.message_id, event.number)
            if event.deed in deeds.ANSWERED:
                self._follow()
            elif event.deed == "version" and self.transcript.has_focus:
                versions = chat.tree.versions(event.message_id)
                self.transcript.choose(next(each.id for each in chat.path if each.id in versions))
            return words.replace(deeds.UNDO_KEY, own_keys.spoken(self, "transcript.undo"))

        self.attempt(do)

    def _follow(self) -> None:
        """Go to the end, where an answer comes."""
        self.transcript.choose("")
        self.transcript.go_to_end()
        self.post_message(self.Left())

    def _do_here(self, event: Wanted, message: ChatMessage) -> None:
        view = self.transcript.view(message.id)
        if event.deed == "choose":
            self.transcript.choose(message.id)
            self.screen.set_focus(self.transcript)
        elif event.deed == "edit" and view is not None:
            view.edit()
        elif event.deed == "thoughts" and isinstance(view, AnswerView):
            view.toggle_thoughts()
        elif event.deed == "fork":
            self.post_message(self.ForkWanted(message.id))
        elif event.deed == "copy":
            self._copy(message.text, "The message")
        elif event.deed == "code":
            codes = code_blocks.code(message.text)
            if 0 < event.number <= len(codes):
                self._copy(codes[event.number - 1], f"Code block {event.number}")

    @on(Edited)
    def _edited(self, event: Edited) -> None:
        event.stop()
        if self.session is not None:
            chat = self.session.chat

            async def edit() -> str:
                await chat.edit(event.message_id, event.text)
                if chat.answering_id is not None:
                    self._follow()
                else:
                    # The model's: what the reader wrote is what is chosen.
                    versions = chat.tree.versions(event.message_id)
                    self.transcript.choose(versions[-1])
                return ""

            self.attempt(edit)

    @work(group="copy")
    async def _copy(self, text: str, what: str) -> None:
        await copying.copy(self.app, sanitize.text(text), what)

    def _tell(self, words: str, *, is_warning: bool = False) -> None:
        toasts.tell(self, words, "warning" if is_warning else "information")
