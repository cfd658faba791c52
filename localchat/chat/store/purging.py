"""Removes for good what was deleted long ago, so that no trace of it is left in the file."""

import contextlib
import time
from typing import Final

from localchat.chat.store import migrations, schema
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index

KEPT_SECONDS: Final = 30 * 86_400.0
"""How long what was deleted can be brought back."""
_EMPTY_SECONDS: Final = 86_400.0

_OLD_CHATS: Final = """
    SELECT id FROM chat WHERE deleted_seconds < ?
    UNION
    SELECT id FROM chat WHERE updated_seconds < ? AND title = '' AND draft = '' AND NOT is_pinned
        AND NOT EXISTS (SELECT 1 FROM message WHERE chat_id = chat.id)
"""


def purge(database: Database, index: Index, before_seconds: float) -> int:
    """Remove what was deleted before a moment, and chats that never began; count the chats.

    Raises StoreError.
    """
    with database.writing():
        forgotten = min(before_seconds, time.time() - _EMPTY_SECONDS)
        chats = [row["id"] for row in database.rows(_OLD_CHATS, (before_seconds, forgotten))]
        messages = database.rows(
            "SELECT id, chat_id, parent_id FROM message WHERE deleted_seconds < ?"
            " ORDER BY deleted_seconds",
            (before_seconds,),
        )
        for row in messages:
            _remove_message(database, index, row["id"], row["chat_id"], row["parent_id"])
        for chat_id in chats:
            _remove_chat(database, index, chat_id)
        if chats or messages:
            index.merge()
    if chats or messages:
        _forget(database)
    _remove_backups(database, before_seconds)
    return len(chats)


def remove_chat(database: Database, index: Index, chat_id: str) -> None:
    """Remove one chat at once. Raises StoreError."""
    with database.writing():
        _remove_chat(database, index, chat_id)
        index.merge()
    _forget(database)


def _forget(database: Database) -> None:
    # The journal still holds the pages as they were.
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")


def _remove_chat(database: Database, index: Index, chat_id: str) -> None:
    for row in database.rows("SELECT id FROM message WHERE chat_id = ?", (chat_id,)):
        index.remove_parts(row["id"])
    index.remove_title(chat_id)
    database.run("DELETE FROM chat WHERE id = ?", (chat_id,))


def _remove_message(
    database: Database, index: Index, message_id: str, chat_id: str, parent_id: str | None
) -> None:
    """Remove a message; what follows it moves to its parent, as it was shown before."""
    heir = database.value(
        "SELECT message_id FROM choice WHERE chat_id = ? AND parent_id = ?", (chat_id, message_id)
    )
    where = "WHERE chat_id = ? AND parent_id = ?"
    if heir is not None:
        database.run(
            "UPDATE choice SET message_id = ? WHERE chat_id = ? AND message_id = ?",
            (heir, chat_id, message_id),
        )
    database.run(f"DELETE FROM choice {where}", (chat_id, message_id))
    database.run(f"UPDATE message SET parent_id = ? {where}", (parent_id, chat_id, message_id))
    index.remove_parts(message_id)
    database.run("DELETE FROM message WHERE id = ?", (message_id,))


def _remove_backups(database: Database, before_seconds: float) -> None:
    """Remove copies of earlier versions: they hold what was deleted since."""
    for version in range(1, schema.VERSION):
        copy = migrations.backup(database.file, version)
        with contextlib.suppress(OSError):
            if copy.stat().st_mtime < before_seconds:
                copy.unlink()
