"""Reads a chat's messages as a tree.

Deleted messages stay in the database where they were; taking them out of the tree in the order in
which they were deleted gives what the user saw then.
"""

import sqlite3
from collections import defaultdict

from localchat.chat.messages import Message, Part
from localchat.chat.store import rows
from localchat.chat.store.database import Database
from localchat.chat.tree import Summary, Tree

_OF_CHAT = "message_id IN (SELECT id FROM message WHERE chat_id = ?)"


def read(database: Database, chat_id: str) -> Tree:
    """Read every message of a chat that is not deleted; one state of it. Raises StoreError."""
    whole, gone = read_whole(database, chat_id)
    tree = whole
    for message_id in gone:
        tree = tree.without(message_id)
    return Tree(tree.messages, tree.chosen, summaries(database, chat_id, whole, gone))


def read_whole(database: Database, chat_id: str) -> tuple[Tree, dict[str, float]]:
    """Read every message of a chat, and when each deleted one was deleted, in that order.

    Summaries are left out. Raises StoreError.
    """
    found = database.rows("SELECT * FROM message WHERE chat_id = ? ORDER BY number", (chat_id,))
    messages = _messages(database, chat_id, found)
    chosen = {
        row["parent_id"]: row["message_id"]
        for row in database.rows("SELECT * FROM choice WHERE chat_id = ?", (chat_id,))
    }
    gone = database.rows(
        "SELECT id, deleted_seconds FROM message"
        " WHERE chat_id = ? AND deleted_seconds IS NOT NULL ORDER BY deleted_seconds, number",
        (chat_id,),
    )
    return Tree(messages, chosen), {row["id"]: row["deleted_seconds"] for row in gone}


def _messages(database: Database, chat_id: str, found: list[sqlite3.Row]) -> dict[str, Message]:
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    for row in database.rows(f"SELECT * FROM part WHERE {_OF_CHAT} ORDER BY position", (chat_id,)):
        parts[row["message_id"]].append(rows.part(row))
    fragments: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in database.rows(
        f"SELECT * FROM fragment WHERE {_OF_CHAT} ORDER BY message_id, sequence", (chat_id,)
    ):
        fragments[row["message_id"]].append(row)
    return {
        row["id"]: rows.message(row, tuple(parts[row["id"]]), fragments[row["id"]]) for row in found
    }


def summaries(
    database: Database, chat_id: str, whole: Tree, gone: dict[str, float]
) -> tuple[Summary, ...]:
    """Read the summaries that tell of nothing that was deleted since. Raises StoreError."""
    found = database.rows(
        "SELECT * FROM summary WHERE chat_id = ? ORDER BY created_seconds", (chat_id,)
    )
    every = (rows.summary(row) for row in found)
    return tuple(each for each in every if _still_holds(each, whole, gone))


def _still_holds(summary: Summary, whole: Tree, gone: dict[str, float]) -> bool:
    """Whether nothing that a summary tells of was deleted since it was written."""
    if summary.through_id not in whole.messages or summary.through_id in gone:
        return False
    return not any(
        gone.get(message.id, 0.0) > summary.created_seconds
        for message in whole.branch(summary.through_id)
    )
