"""Writes one chat's changes to the store, in order; what the disk refuses is tried again.

A full disk, or a file that can only be read, keeps nobody from chatting: it is told once for each
try, and the messages are written together with the next one. Knows the keeper, not the engine.
"""

from collections.abc import Callable

from localchat import errors
from localchat.chat.events import Failed
from localchat.chat.messages import Message
from localchat.chat.records import ChatRecord
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from localchat.chat.tree import Tree


class Ledger:
    """What is kept of one chat; without a keeper, nothing."""

    def __init__(
        self, keeper: Keeper | None, tell: Callable[[Failed], None], *, is_kept: bool
    ) -> None:
        """`is_kept` says that the store has a row of this chat."""
        self._keeper = keeper
        self._tell = tell
        self._is_kept = is_kept
        self._owed: dict[str, Message] = {}

    async def keep(self, record: ChatRecord, *new: Message) -> None:
        """Keep messages durably, and the chat itself with its title and its draft."""
        self._owed |= {message.id: message for message in new}
        await self._pay(record)

    async def finish(self, record: ChatRecord, message: Message) -> None:
        """Keep a message as it ended."""
        if message.id in self._owed:
            await self.keep(record, message)
        elif self._keeper is not None:
            try:
                await self._keeper.do(lambda store: store.finish(message))
            except errors.StoreError as error:
                self._tell(Failed(error))

    async def resume(self, message: Message) -> None:
        """Note that an answer is gone on with."""
        if self._keeper is None or message.id in self._owed:
            return
        try:
            await self._keeper.do(lambda store: store.resume(message.id))
        except errors.StoreError as error:
            self._tell(Failed(error))

    async def discard(self, message_id: str) -> None:
        """Take a message out. Raises StoreError."""
        if self._owed.pop(message_id, None) is None:
            await self.note(lambda store: store.delete_message(message_id))

    async def forget(self, record: ChatRecord) -> None:
        """Remove a chat without messages. Raises StoreError."""
        await self.note(lambda store: store.remove_chat(record.id))
        self._is_kept = False

    async def begin(self, record: ChatRecord) -> None:
        """Keep the chat itself, before it has messages. Raises StoreError."""
        if self._keeper is not None and not self._is_kept:
            await self._keeper.do(lambda store: store.add_chat(record))
            self._is_kept = True

    async def note(self, write: Callable[[Store], None]) -> None:
        """Write a change of a chat that is kept; any other is written whole later.

        Raises StoreError.
        """
        if self._keeper is not None and self._is_kept:
            await self._keeper.do(write)

    async def tree(self, record: ChatRecord) -> Tree | None:
        """Read the chat as it is kept; None when all of it is in memory only.

        Raises StoreError.
        """
        if self._keeper is None or not self._is_kept or self._owed:
            return None
        return await self._keeper.do(lambda store: store.tree(record.id))

    async def _pay(self, record: ChatRecord) -> None:
        owed = tuple(self._owed.values())

        def write(store: Store) -> None:
            store.begin(*owed, chat=record)
            if self._is_kept and not record.has_own_title:
                store.rename(record.id, record.title, is_own=False)

        if self._keeper is not None:
            try:
                await self._keeper.do(write)
            except errors.StoreError as error:
                self._tell(Failed(error))
                return
            self._is_kept = True
        self._owed.clear()
