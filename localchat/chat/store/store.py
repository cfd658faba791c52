"""The chats of this user, in one SQLite file.

For one thread; `keeper.Keeper` gives it one. Several processes may use the file at once.
"""

from pathlib import Path
from typing import Self

from localchat.chat.records import ChatRecord, Hit
from localchat.chat.store.chatrows import ChatRows
from localchat.chat.store.messagerows import MessageRows
from localchat.chat.tree import Tree


class Store(ChatRows, MessageRows):
    """An open database of chats."""

    notices: tuple[str, ...] = ()
    """What the user should know about how it was opened, each one sentence."""
    is_read_only: bool = False

    @classmethod
    def open(cls, file: Path, *, read_only: bool = False) -> Self:
        """Open the chats, after mending what a crash left; makes the file where there is none.

        Raises StoreError.
        """
        raise NotImplementedError

    def search(self, text: str, limit: int = 50) -> tuple[Hit, ...]:
        """Find titles and messages with every word of a text; the newest first.

        Words in quotation marks belong together. Raises StoreError.
        """
        raise NotImplementedError

    def fork(self, chat_id: str, message_id: str) -> ChatRecord:
        """Copy a chat's branch up to a message into a new chat. Raises StoreError."""
        raise NotImplementedError

    def import_chat(self, record: ChatRecord, tree: Tree) -> ChatRecord:
        """Keep a chat from elsewhere, with new ids where its own are taken. Raises StoreError."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file; what is said afterwards is lost."""
        raise NotImplementedError
