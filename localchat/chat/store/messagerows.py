"""The messages of every chat: written before and while an answer comes, and read as a tree.

Knows SQL; knows nothing of threads or the engine.
"""

from localchat.chat.messages import Message
from localchat.chat.reasoning import Kind
from localchat.chat.records import ChatRecord
from localchat.chat.tree import Summary, Tree


class MessageRows:
    """The messages of a database."""

    def tree(self, chat_id: str) -> Tree:
        """Read every message of a chat, without the deleted ones. Raises StoreError."""
        raise NotImplementedError

    def begin(self, *messages: Message, chat: ChatRecord | None = None) -> None:
        """Keep messages, each chosen under its parent, before the model is asked.

        One durable step, for the user's message and the empty streaming answer to it; with the
        chat itself when it is given and not kept yet.
        """
        raise NotImplementedError

    def resume(self, message_id: str) -> None:
        """Mark a finished answer as streaming again; fragments go on after its text."""
        raise NotImplementedError

    def append(self, message_id: str, kind: Kind, text: str) -> None:
        """Keep a piece of an answer that is coming."""
        raise NotImplementedError

    def finish(self, message: Message) -> None:
        """Keep a message as it ended, in place of its fragments; durable."""
        raise NotImplementedError

    def add(self, message: Message) -> None:
        """Keep a finished message, chosen under its parent; durable."""
        raise NotImplementedError

    def choose(self, chat_id: str, message_id: str) -> None:
        """Show a message in its chat: it and everything before it is chosen."""
        raise NotImplementedError

    def delete_message(self, message_id: str) -> None:
        """Take one message out; what follows it moves to its parent."""
        raise NotImplementedError

    def restore_message(self, message_id: str) -> None:
        """Put a deleted message back where it was."""
        raise NotImplementedError

    def add_summary(self, summary: Summary) -> None:
        """Keep a summary."""
        raise NotImplementedError
