"""Ends the answers that a program was streaming when it died.

What had come is put together and kept as "interrupted". Answers of programs that live are theirs.
"""

from localchat.chat.store import content, rows
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index
from localchat.chat.store.writers import Writer


def recover(database: Database, index: Index, me: Writer) -> int:
    """End what the dead left streaming, and count it; all in one step. Raises StoreError."""
    writers = database.rows("SELECT DISTINCT writer FROM message WHERE is_streaming")
    dead = [row["writer"] for row in writers if not me.is_alive(row["writer"])]
    if not dead:
        return 0
    with database.writing():
        marks = ", ".join("?" * len(dead))
        found = database.rows(
            f"SELECT id, reasoning FROM message WHERE is_streaming AND writer IN ({marks})", dead
        )
        for row in found:
            _end(database, index, row["id"], row["reasoning"])
    return len(found)


def _end(database: Database, index: Index, message_id: str, reasoning: str) -> None:
    fragments = database.rows(
        "SELECT kind, text FROM fragment WHERE message_id = ? ORDER BY sequence", (message_id,)
    )
    parts = content.read(database, message_id)
    complete = rows.joined(parts, rows.said(fragments, "answer"))
    if complete != parts:
        content.write(database, index, message_id, complete)
    database.run("DELETE FROM fragment WHERE message_id = ?", (message_id,))
    database.run(
        "UPDATE message SET is_streaming = 0, writer = '', ending = 'interrupted', reasoning = ?"
        " WHERE id = ?",
        (reasoning + rows.said(fragments, "reasoning"), message_id),
    )
