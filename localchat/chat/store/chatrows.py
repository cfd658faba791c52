"""What the database keeps of each chat but its messages.

Knows SQL; knows nothing of threads or the engine.
"""

import time
from typing import Any

from localchat import errors
from localchat.chat import records
from localchat.chat import settings as chat_settings
from localchat.chat.records import ChatRecord
from localchat.chat.settings import ChatSettings
from localchat.chat.store import rows
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index

_CHAT = """
    SELECT chat.*, (
        SELECT count(*) FROM message WHERE chat_id = chat.id AND deleted_seconds IS NULL
    ) AS messages
    FROM chat
"""


class ChatRows:
    """The chats of a database."""

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index

    def new_chat(self, settings: ChatSettings, title: str = "") -> ChatRecord:
        """Make a chat without messages and keep it. Raises StoreError, as every method here."""
        record = records.new(settings, title)
        self.add_chat(record)
        return record

    def add_chat(self, record: ChatRecord) -> None:
        """Keep a chat that was made by `records.new`; does nothing when it is kept already."""
        with self._database.writing():
            self._insert_chat(record)

    def chats(self, deleted: bool = False) -> tuple[ChatRecord, ...]:
        """List chats, pinned ones first, then by what was said last; or the deleted ones."""
        order = "deleted_seconds DESC" if deleted else "is_pinned DESC, updated_seconds DESC"
        found = self._database.rows(
            f"{_CHAT} WHERE deleted_seconds IS {'NOT ' * deleted}NULL ORDER BY {order}, number DESC"
        )
        return tuple(rows.chat(row) for row in found)

    def chat(self, chat_id: str) -> ChatRecord:
        """Read a chat, also a deleted one. Raises StoreError when there is none."""
        row = self._database.row(f"{_CHAT} WHERE id = ?", (chat_id,))
        if row is None:
            raise _no_chat()
        return rows.chat(row)

    def last_chat(self) -> ChatRecord | None:
        """Read the chat in which something was said last."""
        row = self._database.row(
            f"{_CHAT} WHERE deleted_seconds IS NULL"
            " AND EXISTS (SELECT 1 FROM message WHERE chat_id = chat.id)"
            " ORDER BY updated_seconds DESC, number DESC"
        )
        return None if row is None else rows.chat(row)

    def rename(self, chat_id: str, title: str, *, is_own: bool = True) -> None:
        """Give a chat a title; `is_own` tells that the user chose it."""
        row = self._database.row("SELECT title, has_own_title FROM chat WHERE id = ?", (chat_id,))
        if row is not None and tuple(row) == (title, is_own):
            return
        with self._database.writing():
            self._index.remove_title(chat_id)
            self._update(chat_id, title=rows.text(title), has_own_title=is_own)
            self._index.add_title(chat_id)

    def set_pinned(self, chat_id: str, is_pinned: bool) -> None:
        """Keep a chat at the top of the list, or no longer."""
        with self._database.writing():
            self._update(chat_id, is_pinned=is_pinned)

    def set_settings(self, chat_id: str, settings: ChatSettings) -> None:
        """Keep how answers are made in a chat."""
        with self._database.writing():
            self._update(chat_id, settings=chat_settings.to_json(settings))

    def set_draft(self, chat_id: str, draft: str) -> None:
        """Keep what was typed and not sent."""
        with self._database.writing(durable=False):
            self._update(chat_id, draft=rows.text(draft))

    def delete_chat(self, chat_id: str) -> None:
        """Take a chat off the list; it can be brought back until it is purged."""
        with self._database.writing():
            self._update(chat_id, deleted_seconds=time.time())

    def restore_chat(self, chat_id: str) -> None:
        """Bring a deleted chat back."""
        with self._database.writing():
            self._update(chat_id, deleted_seconds=None)

    def _insert_chat(self, record: ChatRecord) -> bool:
        """Keep a chat unless it is kept already, and say whether it was not."""
        columns = rows.of_chat(record)
        is_new = self._database.run(rows.insert("chat", columns), columns).rowcount > 0
        if is_new:
            self._index.add_title(record.id)
        return is_new

    def _update(self, chat_id: str, **columns: Any) -> None:
        assigned = ", ".join(f"{name} = :{name}" for name in columns)
        sql = f"UPDATE chat SET {assigned} WHERE id = :id"
        if self._database.run(sql, {**columns, "id": chat_id}).rowcount == 0:
            raise _no_chat()


def _no_chat() -> errors.StoreError:
    return errors.StoreError("There is no such chat any more.", "Choose another one.")
