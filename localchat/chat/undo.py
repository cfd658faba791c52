"""What it takes to put a deleted message back where it was. Pure."""

import dataclasses
from dataclasses import dataclass

from localchat.chat.messages import Message
from localchat.chat.tree import ROOT, Summary, Tree


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that was taken out of a tree, and how it hung there."""

    message: Message
    children: tuple[str, ...]
    shown_child: str | None
    was_shown: bool
    summaries: tuple[Summary, ...]
    """Those that tell of it: they go with it."""

    @classmethod
    def of(cls, tree: Tree, message_id: str) -> "Deleted":
        """Note how a message hangs in a tree. Raises KeyError."""
        message = tree.messages[message_id]
        path = tree.path()
        places = {each.id: place for place, each in enumerate(path)}
        place = places.get(message_id, len(path))
        return cls(
            message=message,
            children=tree.children(message_id),
            shown_child=path[place + 1].id if place + 1 < len(path) else None,
            was_shown=place < len(path),
            summaries=tuple(each for each in tree.summaries if _tells_of(each, message, tree)),
        )

    def taken_out(self, tree: Tree) -> Tree:
        """Take the message out, with the summaries that tell of it."""
        left = tree.without(self.message.id)
        kept = tuple(each for each in left.summaries if each not in self.summaries)
        return dataclasses.replace(left, summaries=kept)

    def put_back(self, tree: Tree) -> Tree:
        """Put the message back into a tree that may have changed since."""
        mine, parent = self.message, self.message.parent_id
        if parent is not None and parent not in tree.messages:
            mine = dataclasses.replace(mine, parent_id=None)
        found: dict[str, Message] = {}
        for message in tree.messages.values():
            if mine.id not in found and message.created_seconds > mine.created_seconds:
                found[mine.id] = mine
            is_child = message.id in self.children
            found[message.id] = (
                dataclasses.replace(message, parent_id=mine.id) if is_child else message
            )
        found.setdefault(mine.id, mine)
        chosen = dict(tree.chosen)
        if self.shown_child in tree.messages:
            chosen[mine.id] = str(self.shown_child)
        if self.was_shown:
            chosen[mine.parent_id or ROOT] = mine.id
        return Tree(found, chosen, (*tree.summaries, *self.summaries))


def _tells_of(summary: Summary, message: Message, tree: Tree) -> bool:
    through = summary.through_id
    return through in tree.messages and message in tree.branch(through)
