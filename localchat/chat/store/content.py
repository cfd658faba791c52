"""The parts of one message, and their place in the index."""

from localchat.chat.messages import Part
from localchat.chat.store import rows
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index


def read(database: Database, message_id: str) -> tuple[Part, ...]:
    """Read the parts of a message. Raises StoreError."""
    found = database.rows(
        "SELECT * FROM part WHERE message_id = ? ORDER BY position", (message_id,)
    )
    return tuple(rows.part(row) for row in found)


def write(database: Database, index: Index, message_id: str, parts: tuple[Part, ...]) -> None:
    """Replace the parts of a message; within a transaction. Raises StoreError."""
    index.remove_parts(message_id)
    database.run("DELETE FROM part WHERE message_id = ?", (message_id,))
    for position, part in enumerate(parts):
        texts = (part.kind, part.name, part.media_type, part.text)
        database.run(
            "INSERT INTO part (message_id, position, kind, name, media_type, text)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (message_id, position, *map(rows.text, texts)),
        )
    index.add_parts(message_id)
