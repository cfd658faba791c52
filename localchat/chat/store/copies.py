"""Gives a copy of a chat's messages ids of their own, and no end that is still to come."""

import dataclasses

from localchat.chat import messages
from localchat.chat.messages import Message
from localchat.chat.tree import ROOT, Tree


def renamed(tree: Tree, chat_id: str) -> Tree:
    """Copy a tree for another chat, with new ids throughout."""
    ids = {old: messages.new_id() for old in tree.messages}
    copies = {
        ids[old]: dataclasses.replace(
            message, id=ids[old], parent_id=ids.get(message.parent_id or ROOT)
        )
        for old, message in tree.messages.items()
    }
    chosen = {
        ids.get(parent, ROOT): ids[child] for parent, child in tree.chosen.items() if child in ids
    }
    summaries = tuple(
        dataclasses.replace(each, id=messages.new_id(), through_id=ids[each.through_id])
        for each in tree.summaries
        if each.through_id in ids
    )
    return belonging(Tree(copies, chosen, summaries), chat_id)


def belonging(tree: Tree, chat_id: str) -> Tree:
    """Make a tree one of a chat: all of it names the chat, and no answer is still coming."""
    copies = {each.id: _ended(each, chat_id) for each in tree.messages.values()}
    summaries = tuple(dataclasses.replace(each, chat_id=chat_id) for each in tree.summaries)
    return Tree(copies, tree.chosen, summaries)


def _ended(message: Message, chat_id: str) -> Message:
    if not message.is_streaming:
        return dataclasses.replace(message, chat_id=chat_id)
    return dataclasses.replace(message, chat_id=chat_id, is_streaming=False, ending="interrupted")
