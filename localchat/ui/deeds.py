"""What the reader can have done with a message: each deed by its name in the list of commands.

Knows the chat's core; knows no widgets.
"""

from collections.abc import Awaitable, Callable, Mapping

from localchat.chat.chat import Chat

UNDO_KEY = "<undo>"
"""Stands in what is told for the key that the reader has for it."""

Deed = Callable[[Chat, str, int], Awaitable[str]]
"""Does it to a message of a chat, with a number where it needs one; returns what to tell, or ""."""


async def _regenerate(chat: Chat, message_id: str, _: int) -> str:
    await chat.regenerate(message_id)
    return ""


async def _go_on(chat: Chat, message_id: str, _: int) -> str:
    await chat.continue_answer(message_id)
    return ""


async def _delete(chat: Chat, message_id: str, _: int) -> str:
    await chat.delete(message_id)
    return f"Deleted. Press {UNDO_KEY} to bring it back."


async def _undo(chat: Chat, _: str, __: int) -> str:
    return "" if await chat.undo_delete() else "There is nothing to bring back."


async def _version(chat: Chat, message_id: str, step: int) -> str:
    versions = chat.tree.versions(message_id)
    # Of the version that is shown: keys may come faster than another one is chosen.
    shown = next((each.id for each in chat.path if each.id in versions), message_id)
    at = versions.index(shown) + step
    if len(versions) > 1 and 0 <= at < len(versions):
        await chat.choose(versions[at])
    return ""


DEEDS: Mapping[str, Deed] = {
    "regenerate": _regenerate,
    "continue": _go_on,
    "delete": _delete,
    "undo": _undo,
    "version": _version,
}
ANSWERED = frozenset({"regenerate", "continue"})
"""After these there is something to follow."""
