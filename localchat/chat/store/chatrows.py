"""What the database keeps of each chat but its messages.

Knows SQL; knows nothing of threads or the engine.
"""

from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings


class ChatRows:
    """The chats of a database."""

    def new_chat(self, settings: ChatSettings, title: str = "") -> ChatRecord:
        """Make a chat without messages and keep it. Raises StoreError, as every method here."""
        raise NotImplementedError

    def add_chat(self, record: ChatRecord) -> None:
        """Keep a chat that was made by `records.new`; does nothing when it is kept already."""
        raise NotImplementedError

    def chats(self, deleted: bool = False) -> tuple[ChatRecord, ...]:
        """List chats, pinned ones first, then by what was said last; or the deleted ones."""
        raise NotImplementedError

    def chat(self, chat_id: str) -> ChatRecord:
        """Read a chat, also a deleted one. Raises StoreError when there is none."""
        raise NotImplementedError

    def last_chat(self) -> ChatRecord | None:
        """Read the chat in which something was said last."""
        raise NotImplementedError

    def rename(self, chat_id: str, title: str, *, is_own: bool = True) -> None:
        """Give a chat a title; `is_own` tells that the user chose it."""
        raise NotImplementedError

    def set_pinned(self, chat_id: str, is_pinned: bool) -> None:
        """Keep a chat at the top of the list, or no longer."""
        raise NotImplementedError

    def set_settings(self, chat_id: str, settings: ChatSettings) -> None:
        """Keep how answers are made in a chat."""
        raise NotImplementedError

    def set_draft(self, chat_id: str, draft: str) -> None:
        """Keep what was typed and not sent."""
        raise NotImplementedError

    def delete_chat(self, chat_id: str) -> None:
        """Take a chat off the list; it can be brought back until it is purged."""
        raise NotImplementedError

    def restore_chat(self, chat_id: str) -> None:
        """Bring a deleted chat back."""
        raise NotImplementedError

    def purge(self, before_seconds: float) -> int:
        """Remove for good what was deleted before a moment (Unix time); count the chats."""
        raise NotImplementedError
