"""A chat that travels: its record and its messages. Knows no format."""

import uuid
from dataclasses import dataclass
from typing import Final

from localchat.chat.records import ChatRecord
from localchat.chat.tree import Tree

_NAMES: Final = uuid.UUID("a0a3bd4e-6f1c-4d2f-9d53-6c3f8a0f4b1e")


@dataclass(frozen=True, slots=True)
class WholeChat:
    """A chat as it is read from a file or written into one."""

    record: ChatRecord
    tree: Tree


def derived_id(*names: str) -> str:
    """Make an id of what a chat or message is called elsewhere.

    It is the same each time, so that a file which is read twice brings nothing twice.
    """
    return uuid.uuid5(_NAMES, "\x00".join(names)).hex
