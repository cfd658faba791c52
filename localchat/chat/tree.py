"""The messages of a chat as a tree of versions, and the one branch of it that is shown.

Pure values: every change gives a new tree. Knows neither the engine nor where chats are kept.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from localchat.chat.messages import Message

ROOT: Final = ""
"""Stands for the parent of the messages that have none."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Stands for every message of its branch up to and with `through_id`."""

    id: str
    chat_id: str
    through_id: str
    text: str
    model: str = ""
    """The name of the model that wrote it."""
    created_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Tree:
    """Messages in the order of their creation, and which child is shown of each parent."""

    messages: Mapping[str, Message] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)
    """A parent's id, or ROOT, to the id of the child that is shown; the newest where none is."""
    summaries: tuple[Summary, ...] = ()
    _children: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        children: dict[str, list[str]] = {}
        for message in self.messages.values():
            children.setdefault(self._parent(message), []).append(message.id)
        frozen = {parent: tuple(ids) for parent, ids in children.items()}
        object.__setattr__(self, "_children", frozen)

    def path(self) -> tuple[Message, ...]:
        """Give the branch that is shown, its first message first."""
        shown: list[Message] = []
        child = self._shown_child(ROOT)
        while child is not None:
            shown.append(self.messages[child])
            child = self._shown_child(child)
        return tuple(shown)

    def branch(self, message_id: str) -> tuple[Message, ...]:
        """Give the way from the first message to this one, and with it. Raises KeyError."""
        way = {message_id: self.messages[message_id]}
        parent = self._parent(way[message_id])
        # Parents in a circle, which only a damaged file has, must not keep this going.
        while parent != ROOT and parent not in way:
            way[parent] = self.messages[parent]
            parent = self._parent(way[parent])
        return tuple(reversed(way.values()))

    def versions(self, message_id: str) -> tuple[str, ...]:
        """Give the ids of a message and of those in its place, oldest first. Raises KeyError."""
        return self._children[self._parent(self.messages[message_id])]

    def children(self, message_id: str) -> tuple[str, ...]:
        """Give the ids of what follows a message, or begins the chat for ROOT, oldest first."""
        return self._children.get(message_id, ())

    def plus(self, message: Message) -> "Tree":
        """Add a message, or replace the one with its id, and show it under its parent."""
        messages = {**self.messages, message.id: message}
        chosen = {**self.chosen, self._parent(message): message.id}
        return dataclasses.replace(self, messages=messages, chosen=chosen)

    def replacing(self, message: Message) -> "Tree":
        """Put a newer state of a message in its place, and show what was shown. Raises KeyError."""
        if message.id not in self.messages:
            raise KeyError(message.id)
        return dataclasses.replace(self, messages={**self.messages, message.id: message})

    def choosing(self, message_id: str) -> "Tree":
        """Show a message: it and everything before it is chosen. Raises KeyError."""
        way = self.branch(message_id)
        chosen = {self._parent(message): message.id for message in way}
        return dataclasses.replace(self, chosen={**self.chosen, **chosen})

    def without(self, message_id: str) -> "Tree":
        """Take one message out; what follows it moves to its parent. Raises KeyError."""
        gone = self.messages[message_id]
        parent = self._parent(gone)
        messages = dict(self.messages)
        for child in self.children(message_id):
            messages[child] = dataclasses.replace(messages[child], parent_id=parent or None)
        del messages[message_id]
        chosen = {key: child for key, child in self.chosen.items() if key != message_id}
        heir = self._shown_child(parent)
        if heir == message_id:
            heir = self._shown_child(message_id) or self._neighbor(message_id)
        if heir is not None:
            chosen[parent] = heir
        else:
            chosen.pop(parent, None)
        return Tree(messages, chosen, self._summaries_without(gone))

    def _summaries_without(self, gone: Message) -> tuple[Summary, ...]:
        # What is taken out must not live on in a summary.
        return tuple(
            each
            for each in self.summaries
            if each.through_id in self.messages and gone not in self.branch(each.through_id)
        )

    def _parent(self, message: Message) -> str:
        # A parent that is not here, as after damage, must not hide what follows it.
        parent = message.parent_id
        return parent if parent is not None and parent in self.messages else ROOT

    def _shown_child(self, parent: str) -> str | None:
        children = self._children.get(parent, ())
        chosen = self.chosen.get(parent)
        if chosen in children:
            return chosen
        return children[-1] if children else None

    def _neighbor(self, message_id: str) -> str | None:
        """The version before a message, or else the one after it."""
        versions = self.versions(message_id)
        at = versions.index(message_id)
        others = (*reversed(versions[:at]), *versions[at + 1 :])
        return others[0] if others else None
