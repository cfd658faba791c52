"""One chat as this run of the program shows it: with what was said about it since it was opened.

Knows no widgets: it turns what the chat tells into items to show.
"""

import dataclasses
import itertools

from localchat import errors
from localchat.chat import events
from localchat.chat.chat import Chat
from localchat.chat.context import ContextUse
from localchat.chat.drafts import Draft
from localchat.engine import wire
from localchat.ui import feed, message_words
from localchat.ui.feed import Aside, Intro, Item, LeftOut, Remark


class Session:
    """A chat, and the asides of this session between its messages."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._asides: list[Aside] = []
        self._left_out: frozenset[str] = frozenset()
        self._has_model = False
        """A model was loaded since the chat was opened."""
        self._numbers = itertools.count()

    def items(self) -> tuple[Item, ...]:
        """List what is shown of the chat."""
        chat = self.chat
        through = {message.id for message in chat.path} & self._left_out
        summaries = [each for each in chat.tree.summaries if each.through_id in through]
        return feed.items(
            chat.tree,
            coming=chat.so_far,
            left_out=LeftOut(
                self._left_out, chat.settings.overflow, summaries[-1] if summaries else None
            ),
            asides=self._asides,
            queued=chat.queued,
        )

    def hear(self, event: events.ChatEvent) -> bool:
        """Take what the chat tells; says whether other items are to be shown."""
        if isinstance(event, events.Sent):
            return self._leave_out(event.left_out)
        if isinstance(event, events.Failed) and not self._is_told_already(event):
            self.fail(event.error)
            return True
        return isinstance(event, events.Changed | events.Ended)

    def fail(self, error: errors.LocalchatError) -> None:
        """Say under the last message what went wrong."""
        self.remark(error.message, error.hint, tone="error")

    def remark(self, message: str, hint: str = "", *, tone: feed.Tone = "info") -> None:
        """Say something under the last message."""
        self._add(Remark(f"aside {next(self._numbers)}", message, hint, tone))

    def use_model(self, loaded: wire.Loaded, *, is_guide: bool) -> bool:
        """Show which model answers from here on; says whether another one answered before."""
        answered = [each.model.name for each in self.chat.path if each.model is not None]
        is_other = bool(answered) and answered[-1] != loaded.name
        is_back = bool(answered) and not is_other and not self._has_model
        self._has_model = True
        # Who comes back to a chat with its own model needs to be told nothing.
        if not is_back or loaded.notes:
            self._add(Intro(f"aside {next(self._numbers)}", loaded, is_guide))
        return is_other

    async def tell_cost(self, name: str) -> str:
        """Say what it costs that this model goes on with the chat.

        Raises BadTemplate, EngineError or EngineLost.
        """
        use = await self.chat.count(Draft(""))
        self.remark(message_words.switched(name, use.prompt_tokens, use.context_tokens))
        return ""

    def counted(self, use: ContextUse) -> bool:
        """Take a count of the next prompt; says whether other items are to be shown."""
        return self.chat.answering_id is None and self._leave_out(use.left_out)

    def _leave_out(self, ids: tuple[str, ...]) -> bool:
        changed = frozenset(ids) != self._left_out
        self._left_out = frozenset(ids)
        return changed

    def _is_told_already(self, event: events.Failed) -> bool:
        """An answer that went wrong says so in its own foot."""
        path = self.chat.path
        return bool(path) and path[-1].error == event.error.message and not event.error.hint

    def _add(self, item: Remark | Intro) -> None:
        path = self.chat.path
        after_id = path[-1].id if path else ""
        if any(each.after_id == after_id and _is_same(each.item, item) for each in self._asides):
            return
        # One introduction is enough where nothing was said between two.
        if isinstance(item, Intro):
            self._asides = [
                each
                for each in self._asides
                if each.after_id != after_id or not isinstance(each.item, Intro)
            ]
        self._asides.append(Aside(after_id, item))


def _is_same(one: Remark | Intro, other: Remark | Intro) -> bool:
    """Whether two remarks say the same; to be told once is enough."""
    return dataclasses.replace(one, key="") == dataclasses.replace(other, key="")
