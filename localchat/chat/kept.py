"""A chat's record and tree, kept in the store as they change, and told to those who listen.

Knows nothing of the engine. Without a keeper all of it lives in memory only.
"""

import dataclasses
import time
from collections.abc import Callable

from localchat import errors
from localchat.chat import draft_text, titles
from localchat.chat.events import Changed
from localchat.chat.ledger import Ledger
from localchat.chat.listeners import Listener, Listeners
from localchat.chat.messages import Message
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from localchat.chat.tree import Tree
from localchat.chat.undo import Deleted


class KeptChat:
    """A chat as it is shown and kept; `chat.Chat` adds the model to it."""

    def __init__(
        self, record: ChatRecord, tree: Tree, keeper: Keeper | None, *, is_kept: bool
    ) -> None:
        self.record = record
        self.tree = tree
        self._keeper = keeper
        self._listeners = Listeners()
        self._tell = self._listeners.tell
        self._ledger = Ledger(keeper, self._tell, is_kept=is_kept)
        self._deleted: list[Deleted] = []

    @property
    def settings(self) -> ChatSettings:
        """How the next answer is made."""
        return self.record.settings

    @property
    def path(self) -> tuple[Message, ...]:
        """The branch that is shown, its first message first."""
        return self.tree.path()

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call back with every event, in the event loop; returns what ends that."""
        return self._listeners.add(callback)

    async def choose(self, message_id: str) -> None:
        """Show this version. Raises StoreError, and KeyError when it is not there any more."""
        self._change(self.tree.choosing(message_id))
        await self._ledger.note(lambda store: store.choose(self.record.id, message_id))

    async def delete(self, message_id: str) -> None:
        """Take one message out; what follows it stays.

        Raises StoreError, and KeyError when it is not there any more.
        """
        deleted = Deleted.of(self.tree, message_id)
        await self._ledger.discard(message_id)
        self._deleted.append(deleted)
        self._change(await self._ledger.tree(self.record) or deleted.taken_out(self.tree))

    async def undo_delete(self) -> bool:
        """Put back the message that was deleted last; False when there is none.

        Raises StoreError.
        """
        if not self._deleted:
            return False
        deleted = self._deleted[-1]
        await self._ledger.note(lambda store: _put_back(store, deleted))
        self._deleted.pop()
        self._change(await self._ledger.tree(self.record) or deleted.put_back(self.tree))
        return True

    async def fork(self, message_id: str) -> str:
        """Copy the branch down to a message into a chat of its own; returns that chat's id.

        Raises StoreError.
        """
        if self._keeper is None:
            raise errors.StoreError("This chat is not kept, so it cannot be copied.")
        record = await self._keeper.do(lambda store: store.fork(self.record.id, message_id))
        return record.id

    async def set_settings(self, settings: ChatSettings) -> None:
        """Make answers like this from the next one on. Raises StoreError."""
        self._note(settings=settings)
        await self._ledger.note(lambda store: store.set_settings(self.record.id, settings))

    async def set_draft(self, text: str) -> None:
        """Keep what is being written, over a restart too. Raises StoreError."""
        if text == self.record.draft:
            return
        # No event: whoever writes knows what was written.
        self.record = dataclasses.replace(self.record, draft=text)
        await self._ledger.begin(self.record)
        await self._ledger.note(lambda store: store.set_draft(self.record.id, text))

    async def rename(self, title: str) -> None:
        """Give a title of the user's own; an empty one brings the automatic one back.

        Raises StoreError.
        """
        own = " ".join(title.split())
        title = own or _automatic(self.path)
        self._note(title=title, has_own_title=bool(own))
        await self._ledger.note(lambda store: store.rename(self.record.id, title, is_own=bool(own)))

    def take(self, record: ChatRecord) -> None:
        """Take what was changed elsewhere: the title, the pin, whether it is deleted."""
        self._note(
            title=record.title,
            has_own_title=record.has_own_title,
            is_pinned=record.is_pinned,
            deleted_seconds=record.deleted_seconds,
        )

    # --- for the chat that answers --------------------------------------------------------------

    def _change(self, tree: Tree) -> None:
        self.tree = tree
        self._note(messages=len(tree.messages))

    def _note(self, **changes: object) -> None:
        self.record = dataclasses.replace(self.record, **changes)  # type: ignore[arg-type]
        self._tell(Changed())

    async def _begin(self, *new: Message) -> None:
        """Put messages into the tree and keep them, durably, before anything else happens."""
        for message in new:
            self.tree = self.tree.plus(message)
        before = self.record
        sent = new[0].text.strip()
        self.record = dataclasses.replace(
            before,
            title=before.title or _automatic(self.path),
            # What was written after a queued message is not part of it.
            draft="" if draft_text.read(before.draft).text.strip() == sent else before.draft,
            updated_seconds=time.time(),
        )
        self._change(self.tree)
        await self._ledger.keep(self.record, *new)


def _put_back(store: Store, deleted: Deleted) -> None:
    store.restore_message(deleted.message.id)
    if deleted.was_shown:
        store.choose(deleted.message.chat_id, deleted.message.id)


def _automatic(path: tuple[Message, ...]) -> str:
    asked = (message for message in path if message.role == "user")
    return next((title for title in map(titles.title, asked) if title), "")
