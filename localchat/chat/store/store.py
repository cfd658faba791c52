"""The chats of this user, in one SQLite file.

For one thread; `keeper.Keeper` gives it one. Several processes may use the file at once.
"""

import dataclasses
from pathlib import Path
from typing import Self

from localchat.chat import messages, records
from localchat.chat.records import ChatRecord, Hit
from localchat.chat.store import copies, damage, database, opening, purging, rows, search
from localchat.chat.store.database import Abilities
from localchat.chat.store.messagerows import MessageRows, no_message
from localchat.chat.store.opening import Opened
from localchat.chat.tree import Tree


class Store(MessageRows):
    """An open database of chats: its chats, its messages, and what concerns all of them."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened.database, opened.index, opened.writer)
        self.notices = opened.notices
        """What the user should know about how it was opened, each one sentence."""

    @classmethod
    def open(
        cls, file: Path, *, read_only: bool = False, abilities: Abilities | None = None
    ) -> Self:
        """Open the chats, after mending what a crash left; makes the file where there is none.

        `abilities` tells what SQLite can do here, where that is not to be found out. What was
        deleted long ago is gone afterwards. Raises StoreError.
        """
        able = abilities or database.probe()
        if read_only:
            return cls(opening.open_to_read(file, able))
        return cls(opening.open_to_write(file, able))

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be kept."""
        return self._database.is_read_only

    def search(self, text: str, limit: int = 50) -> tuple[Hit, ...]:
        """Find titles, then messages with every word of a text; the newest first.

        Words in quotation marks belong together. Raises StoreError.
        """
        with self._database.reading():
            return search.search(self._database, self._index, text, limit)

    def fork(self, chat_id: str, message_id: str) -> ChatRecord:
        """Copy a chat's branch up to a message into a new chat. Raises StoreError."""
        original, tree = self.chat(chat_id), self.tree(chat_id)
        if message_id not in tree.messages:
            raise no_message()
        branch = {message.id: message for message in tree.branch(message_id)}
        fresh = records.new(original.settings)
        record = dataclasses.replace(
            fresh, title=original.title, has_own_title=original.has_own_title, model=original.model
        )
        return self._keep(record, copies.renamed(Tree(branch, {}, tree.summaries), record.id))

    def import_chat(self, record: ChatRecord, tree: Tree) -> ChatRecord:
        """Keep a chat from elsewhere, with new ids where its own are taken; give it as it is kept.

        Raises StoreError.
        """
        taken = [self._database.value("SELECT 1 FROM chat WHERE id = ?", (record.id,))]
        for message_id in tree.messages:
            taken.append(self._database.value("SELECT 1 FROM message WHERE id = ?", (message_id,)))
        if any(taken):
            record = dataclasses.replace(record, id=messages.new_id())
            return self._keep(record, copies.renamed(tree, record.id))
        return self._keep(record, copies.belonging(tree, record.id))

    def remove_chat(self, chat_id: str) -> None:
        """Remove a chat for good, now. Raises StoreError."""
        purging.remove_chat(self._database, self._index, chat_id)

    def purge(self, before_seconds: float) -> int:
        """Remove for good what was deleted before a moment (Unix time); count the chats."""
        return purging.purge(self._database, self._index, before_seconds)

    def check(self) -> None:
        """Compare the whole file with itself, and the index with it. Raises StoreError."""
        damage.check(self._database)
        self._index.check()

    def close(self) -> None:
        """Close the file; what is said afterwards is lost."""
        self._database.close()
        if self._writer is not None:
            self._writer.close(is_well=not self._database.is_damaged)

    def _keep(self, record: ChatRecord, tree: Tree) -> ChatRecord:
        with self._database.writing():
            self._insert_chat(record)
            for message in tree.messages.values():
                self._insert(message)
            for parent, child in tree.chosen.items():
                self._show(record.id, parent, child)
            for summary in tree.summaries:
                columns = rows.of_summary(summary)
                self._database.run(rows.insert("summary", columns), columns)
        return self.chat(record.id)
