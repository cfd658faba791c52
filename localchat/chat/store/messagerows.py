"""The messages of every chat: written before and while an answer comes, and read as a tree.

Knows SQL; knows nothing of threads or the engine.
"""

import time
from typing import Any

from localchat import errors
from localchat.chat.messages import Message
from localchat.chat.reasoning import Kind
from localchat.chat.records import ChatRecord
from localchat.chat.store import content, recovery, rows, treerows
from localchat.chat.store.chatrows import ChatRows
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index
from localchat.chat.store.writers import Writer
from localchat.chat.tree import ROOT, Summary, Tree

_TRUNK = """
    WITH RECURSIVE way (id, parent_id) AS (
        SELECT id, parent_id FROM message WHERE id = ?
        UNION
        SELECT message.id, message.parent_id FROM message JOIN way ON message.id = way.parent_id
    )
    SELECT id, ifnull(parent_id, '') AS parent_id FROM way
"""


class MessageRows(ChatRows):
    """The messages of a database, and its chats."""

    def __init__(self, database: Database, index: Index, writer: Writer | None) -> None:
        super().__init__(database, index)
        self._writer = writer
        """This program; None when it only reads."""

    def tree(self, chat_id: str) -> Tree:
        """Read every message of a chat, without the deleted ones. Raises StoreError."""
        if self._writer is not None:
            # Another localchat may have died since this one began.
            recovery.recover(self._database, self._index, self._writer)
        with self._database.reading():
            return treerows.read(self._database, chat_id)

    def begin(self, *messages: Message, chat: ChatRecord | None = None) -> None:
        """Keep messages, each chosen under its parent, before the model is asked.

        One durable step, for the user's message and the empty streaming answer to it. A chat that
        is given is kept with them, or only its draft where it is kept already: what was sent must
        not come back as a draft.
        """
        with self._database.writing():
            if chat is not None and not self._insert_chat(chat):
                self._update(chat.id, draft=rows.text(chat.draft))
            for message in messages:
                self._insert(message)
                self._show(message.chat_id, message.parent_id or ROOT, message.id)

    def resume(self, message_id: str) -> None:
        """Mark a finished answer as streaming again; fragments go on after its text."""
        with self._database.writing():
            self._database.run("DELETE FROM fragment WHERE message_id = ?", (message_id,))
            self._change(message_id, is_streaming=True, ending="", error="", writer=self._me)

    def append(self, message_id: str, kind: Kind, text: str) -> None:
        """Keep a piece of an answer that is coming."""
        with self._database.writing(durable=False):
            # What comes after the end belongs nowhere.
            self._database.run(
                "INSERT INTO fragment (message_id, sequence, kind, text) SELECT id, ("
                "   SELECT ifnull(max(sequence), 0) + 1 FROM fragment WHERE message_id = message.id"
                ") , ?, ? FROM message WHERE id = ? AND is_streaming",
                (kind, rows.text(text), message_id),
            )

    def finish(self, message: Message) -> None:
        """Keep a message as it ended, in place of its fragments; durable."""
        columns = rows.of_message(message, self._me)
        for fixed in ("id", "chat_id", "parent_id"):
            del columns[fixed]
        with self._database.writing():
            self._change(message.id, **columns)
            self._database.run("DELETE FROM fragment WHERE message_id = ?", (message.id,))
            content.write(self._database, self._index, message.id, message.parts)
            _touch(self._database, message)

    def add(self, message: Message) -> None:
        """Keep a finished message, chosen under its parent; durable."""
        self.begin(message)

    def choose(self, chat_id: str, message_id: str) -> None:
        """Show a message in its chat: it and everything before it is chosen."""
        with self._database.writing():
            for step in self._database.rows(_TRUNK, (message_id,)):
                self._show(chat_id, step["parent_id"], step["id"])

    def delete_message(self, message_id: str) -> None:
        """Take one message out; what follows it moves to its parent."""
        with self._database.writing():
            self._change(message_id, deleted_seconds=time.time())

    def restore_message(self, message_id: str) -> None:
        """Put a deleted message back where it was."""
        with self._database.writing():
            self._change(message_id, deleted_seconds=None)

    def add_summary(self, summary: Summary) -> None:
        """Keep a summary."""
        columns = rows.of_summary(summary)
        with self._database.writing():
            self._database.run(rows.insert("summary", columns), columns)

    @property
    def _me(self) -> str:
        return "" if self._writer is None else self._writer.id

    def _insert(self, message: Message) -> None:
        columns = rows.of_message(message, self._me)
        if self._database.run(rows.insert("message", columns), columns).rowcount > 0:
            content.write(self._database, self._index, message.id, message.parts)
            _touch(self._database, message)

    def _show(self, chat_id: str, parent_id: str, message_id: str) -> None:
        self._database.run(
            "INSERT OR REPLACE INTO choice (chat_id, parent_id, message_id) VALUES (?, ?, ?)",
            (chat_id, parent_id, message_id),
        )

    def _change(self, message_id: str, **columns: Any) -> None:
        assigned = ", ".join(f"{name} = :{name}" for name in columns)
        sql = f"UPDATE message SET {assigned} WHERE id = :id"
        if self._database.run(sql, {**columns, "id": message_id}).rowcount == 0:
            raise no_message()


def no_message() -> errors.StoreError:
    """Make the error for a message that is not there."""
    return errors.StoreError("There is no such message any more.")


def _touch(database: Database, message: Message) -> None:
    """Note in a chat that something was said in it."""
    name = "" if message.model is None else rows.text(message.model.name)
    database.run(
        "UPDATE chat SET updated_seconds = max(updated_seconds, ?),"
        " model = ifnull(nullif(?, ''), model) WHERE id = ?",
        (message.created_seconds, name, message.chat_id),
    )
