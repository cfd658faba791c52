"""All chats of one program: each is open once, and they share one engine."""

import asyncio
import weakref
from pathlib import Path

from localchat import errors
from localchat.chat import records
from localchat.chat.chat import Chat
from localchat.chat.desk import Desk
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.engine.client import EngineClient


class Chats:
    """Opens chats, lets their answers take turns, and frees the model when nobody needs it."""

    def __init__(
        self,
        engine: EngineClient,
        keeper: Keeper | None,
        settings: ChatSettings | None = None,
        hashes_file: Path | None = None,
    ) -> None:
        """`keeper` None keeps nothing; `settings` are those of new chats.

        `hashes_file` remembers the hashes of models whose file is not named by it.
        """
        self.engine = engine
        self.keeper = keeper
        self.settings = settings or ChatSettings()
        self._desk = Desk(engine, hashes_file)
        self._open: weakref.WeakValueDictionary[str, Chat] = weakref.WeakValueDictionary()
        self._opening = asyncio.Lock()

    @property
    def unload_when_idle(self) -> float:
        """Free the model's memory after so many seconds without use; 0 never does.

        The next answer loads it again.
        """
        return self._desk.rest_after_seconds

    @unload_when_idle.setter
    def unload_when_idle(self, seconds: float) -> None:
        self._desk.rest_after_seconds = seconds

    @property
    def is_resting(self) -> bool:
        """Whether the model was put out of memory, to come back with the next answer."""
        return self._desk.is_resting

    @property
    def answering(self) -> tuple[Chat, ...]:
        """The chats with an answer under way."""
        return tuple(chat for chat in self._open.values() if chat.answering_id is not None)

    def touch(self) -> None:
        """Note that the model is in use, as after it was loaded: its rest is put off."""
        self._desk.touch()

    def find(self, chat_id: str) -> Chat | None:
        """Give a chat that is open already."""
        return self._open.get(chat_id)

    async def open(self, chat_id: str) -> Chat:
        """Open a chat, the same object while it lives. Raises StoreError."""
        async with self._opening:
            found = self._open.get(chat_id)
            if found is not None:
                return found
            if self.keeper is None:
                raise errors.StoreError("There is no such chat: chats are not kept.")
            record, tree = await self.keeper.do(
                lambda store: (store.chat(chat_id), store.tree(chat_id))
            )
            chat = Chat(self.engine, desk=self._desk, keeper=self.keeper, record=record, tree=tree)
            self._open[chat_id] = chat
            return chat

    async def new(self, settings: ChatSettings | None = None) -> Chat:
        """Begin a chat; it is kept from its first message on."""
        chat = Chat(
            self.engine,
            desk=self._desk,
            keeper=self.keeper,
            record=records.new(settings or self.settings),
        )
        self._open[chat.record.id] = chat
        return chat

    async def last(self) -> Chat | None:
        """Open the chat in which something was said last; None when there is none.

        Raises StoreError.
        """
        if self.keeper is None:
            return None
        record = await self.keeper.do(lambda store: store.last_chat())
        return None if record is None else await self.open(record.id)

    async def close(self) -> None:
        """Stop every answer, keeping its text, and wait until all is written.

        Raises StoreError when a message that waited could not be kept as a draft.
        """
        await asyncio.gather(*(chat.leave() for chat in tuple(self._open.values())))
        await self._desk.close()
