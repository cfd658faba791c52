"""Removes for good what was deleted long ago, so that no trace of it is left in the file."""

import contextlib
import time
from typing import Final

from localchat.chat.store import migrations, rows, schema, treerows
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
        for chat_id in chats:
            _remove_chat(database, index, chat_id)
        thinned = database.rows(
            "SELECT DISTINCT chat_id FROM message WHERE deleted_seconds < ?", (before_seconds,)
        )
        for row in thinned:
            _remove_messages(database, index, row["chat_id"], before_seconds)
        if chats or thinned:
            index.merge()
    if chats or thinned:
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


def _remove_messages(database: Database, index: Index, chat_id: str, before_seconds: float) -> None:
    """Remove what was deleted of a chat; the rest hangs together as it was shown."""
    whole, gone = treerows.read_whole(database, chat_id)
    old = {each: when for each, when in gone.items() if when < before_seconds}
    held = treerows.summaries(database, chat_id, whole, old)
    database.run("DELETE FROM summary WHERE chat_id = ?", (chat_id,))
    for summary in held:
        columns = rows.of_summary(summary)
        database.run(rows.insert("summary", columns), columns)
    tree = whole
    for message_id in old:
        tree = tree.without(message_id)
        index.remove_parts(message_id)
        database.run("DELETE FROM message WHERE id = ?", (message_id,))
    for message in tree.messages.values():
        database.run(
            "UPDATE message SET parent_id = ? WHERE id = ?", (message.parent_id, message.id)
        )
    database.run("DELETE FROM choice WHERE chat_id = ?", (chat_id,))
    for parent_id, message_id in tree.chosen.items():
        database.run("INSERT INTO choice VALUES (?, ?, ?)", (chat_id, parent_id, message_id))


def _remove_backups(database: Database, before_seconds: float) -> None:
    """Remove copies of earlier versions: they hold what was deleted since."""
    for version in range(1, schema.VERSION):
        copy = migrations.backup(database.file, version)
        with contextlib.suppress(OSError):
            if copy.stat().st_mtime < before_seconds:
                copy.unlink()
