"""The tables of the database, as a new file gets them.

What a search needs is derived from these tables and made by `index`. Times are Unix seconds;
columns named `model`, `settings` and `stats` hold JSON.
"""

from typing import Final

VERSION: Final = 3
"""Kept in `user_version`; `migrations` leads here from every version before."""

APPLICATION_ID: Final = 0x6C6F_6361
"""Tells this database from any other; "loca" in ASCII."""

TABLES: Final = (
    """
    CREATE TABLE chat (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL DEFAULT '',
        has_own_title INTEGER NOT NULL DEFAULT 0,
        created_seconds REAL NOT NULL,
        updated_seconds REAL NOT NULL,
        deleted_seconds REAL,
        draft TEXT NOT NULL DEFAULT '',
        settings TEXT NOT NULL DEFAULT '{}',
        model TEXT NOT NULL DEFAULT '',
        is_pinned INTEGER NOT NULL DEFAULT 0
    )
    """,
    # `number` gives the order of creation. A deleted message stays where it is, and whoever reads
    # the tree steps over it: so it can be put back. `writer` is the program that streams into it.
    """
    CREATE TABLE message (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
        parent_id TEXT,
        role TEXT NOT NULL,
        reasoning TEXT NOT NULL DEFAULT '',
        is_streaming INTEGER NOT NULL DEFAULT 0,
        ending TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        created_seconds REAL NOT NULL,
        model TEXT,
        settings TEXT NOT NULL DEFAULT '{}',
        seed INTEGER,
        stats TEXT,
        is_edited INTEGER NOT NULL DEFAULT 0,
        writer TEXT NOT NULL DEFAULT '',
        deleted_seconds REAL
    )
    """,
    "CREATE INDEX message_of_chat ON message (chat_id, deleted_seconds)",
    "CREATE INDEX message_streaming ON message (writer) WHERE is_streaming",
    # Content that is complete. Other kinds than text and files have room here.
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
    # Content that is coming, in the order in which it came.
    """
    CREATE TABLE fragment (
        message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (message_id, sequence)
    ) WITHOUT ROWID
    """,
    # Which child of a message is shown; '' stands for the parent of those without one.
    """
    CREATE TABLE choice (
        chat_id TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
        parent_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        PRIMARY KEY (chat_id, parent_id)
    ) WITHOUT ROWID
    """,
    # What is true of the whole file, such as how its index was made.
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
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
