"""Databases as earlier versions of localchat left them, made of SQL that is never changed."""

import contextlib
import sqlite3
from pathlib import Path

SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = (1, 2)
SHOWN = ("What is green tea?", "Leaves that were not fermented.", "绿茶呢?", "It is green")
"""What the chat `tea` says; the end of it was streaming when the program died."""


def make(file: Path, version: int, *, more_messages: int = 0) -> Path:
    """Write a database of an earlier version, with some more messages in its deleted chat."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((SCHEMAS / f"v{version}.sql").read_text(encoding="utf-8"))
        for number in range(more_messages):
            text = f"Message {number} " + "of many that fill this database. " * 8
            connection.execute(
                "INSERT INTO message (id, chat_id, parent_id, role, text, created_seconds)"
                " VALUES (?, 'gone', 'q3', 'user', ?, ?)",
                (f"more-{number}", text, 2000.0 + number),
            )
        connection.execute("INSERT INTO message_index (message_index) VALUES ('rebuild')")
        connection.commit()
    return file
