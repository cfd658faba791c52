"""Brings a database of an earlier version to this one, a step at a time.

Each step is one transaction together with the number of the version it leads to, so a kill at any
moment leaves the old version or the new one. Before the first step a copy of the file is made.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from localchat.chat.store import schema
from localchat.chat.store.database import Database

_TO_2: Final = (
    # Chats can be pinned, and long ones summarized.
    "ALTER TABLE chat ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE summary (
        id TEXT PRIMARY KEY,
        chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
        through_id TEXT NOT NULL,
        text TEXT NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        created_seconds REAL NOT NULL
    )
    """,
    "CREATE INDEX summary_of_chat ON summary (chat_id)",
)
_TO_3: Final = (
    # Two programs stream at once, and single messages can be deleted and put back. What an earlier
    # version left streaming belongs to nobody, and is ended as what the dead leave.
    "ALTER TABLE message ADD COLUMN writer TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE message ADD COLUMN deleted_seconds REAL",
    "DROP INDEX message_of_chat",
    "CREATE INDEX message_of_chat ON message (chat_id, deleted_seconds)",
    "CREATE INDEX message_streaming ON message (writer) WHERE is_streaming",
    # A message had one text. Content is a list of parts now, so that there can be files.
    """
    CREATE TABLE part (
        number INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        media_type TEXT NOT NULL DEFAULT '',
        text TEXT NOT NULL,
        UNIQUE (message_id, position)
    )
    """,
    """
    INSERT INTO part (message_id, position, kind, text)
    SELECT id, 0, 'text', text FROM message WHERE text != '' ORDER BY number
    """,
    "DROP TABLE IF EXISTS message_index",
    "ALTER TABLE message DROP COLUMN text",
    "DELETE FROM fact WHERE name = 'index'",
    "DROP TABLE IF EXISTS chat_index",
)
STEPS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({2: _TO_2, 3: _TO_3})
"""What leads to each version from the one before it."""


def version(database: Database) -> int:
    """Tell the version of a database; 0 for an empty file. Raises StoreError, or Damaged."""
    return int(database.value("PRAGMA user_version"))


def create(database: Database) -> None:
    """Make the tables in an empty file, in one transaction. Raises StoreError."""
    with database.writing():
        # Another program may have been quicker.
        if version(database) == 0:
            for statement in schema.TABLES:
                database.run(statement)
            database.run(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            database.run(f"PRAGMA user_version = {schema.VERSION}")


def migrate(database: Database) -> None:
    """Take every step that is missing; keeps a copy of the file first.

    Leaves a newer version as it is. Raises StoreError.
    """
    found = version(database)
    if found >= schema.VERSION:
        return
    _copy(database, found)
    for goal in range(found + 1, schema.VERSION + 1):
        with database.writing():
            if version(database) == goal - 1:
                for statement in STEPS[goal]:
                    database.run(statement)
                database.run(f"PRAGMA user_version = {goal}")


def _copy(database: Database, version: int) -> None:
    # A second connection copies, as one that writes cannot; the first keeps other programs from
    # writing what the copy would lack.
    with database.writing():
        reader = Database(database.file, read_only=True)
        try:
            reader.copy_to(backup(database.file, version))
        finally:
            reader.close()


def backup(file: Path, version: int) -> Path:
    """Name the copy that is kept of a database of an earlier version."""
    return file.with_name(f"{file.name}.v{version}.bak")
