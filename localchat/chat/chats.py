"""All chats of one program: each is open once, and they share one engine."""

from typing import TYPE_CHECKING

from localchat.chat.chat import Chat
from localchat.chat.settings import ChatSettings
from localchat.engine.client import EngineClient

if TYPE_CHECKING:
    from localchat.chat.store.keeper import Keeper  # type: ignore[import-untyped,unused-ignore]


class Chats:
    """Opens chats, lets their answers take turns, and unloads the model when nobody needs it."""

    def __init__(
        self, engine: EngineClient, keeper: "Keeper | None", settings: ChatSettings | None = None
    ) -> None:
        """`keeper` None keeps nothing; `settings` are those of new chats."""
        del engine, keeper, settings
        self.unload_when_idle = 0.0
        """Free the model's memory after so many seconds without an answer; 0 never does."""

    async def open(self, chat_id: str) -> Chat:
        """Open a chat, the same object while it lives. Raises StoreError."""
        raise NotImplementedError

    async def new(self, settings: ChatSettings | None = None) -> Chat:
        """Begin a chat; it is kept from its first message on."""
        raise NotImplementedError

    async def last(self) -> Chat | None:
        """Open the chat that was used last; None when there is none. Raises StoreError."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop every answer, keeping its text, and wait until all is written."""
        raise NotImplementedError
