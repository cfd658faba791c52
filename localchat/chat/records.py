"""A chat as lists and screens show it, and what a search finds.

Plain values; the messages themselves are in a tree of their own. Titles, drafts and snippets are
untrusted text.
"""

import time
from dataclasses import dataclass, field

from localchat.chat import messages
from localchat.chat.settings import ChatSettings
from localchat.engine import wire


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """Everything about a chat but its messages."""

    id: str
    title: str = ""
    has_own_title: bool = False
    """The user gave the title: it is never made anew."""
    is_pinned: bool = False
    created_seconds: float = 0.0
    """Unix time, as every other moment here."""
    updated_seconds: float = 0.0
    """When something was said last."""
    deleted_seconds: float | None = None
    """When it was deleted; it can be brought back for some weeks."""
    draft: str = ""
    """What was typed and not sent."""
    settings: ChatSettings = field(default_factory=ChatSettings)
    messages: int = 0
    """How many there are, counting every version."""
    model: str = ""
    """The name of the model that answered last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message or a title that a search found."""

    chat_id: str
    message_id: str | None
    """None when the title was found."""
    title: str
    role: wire.Role | None
    snippet: tuple[tuple[str, bool], ...]
    """The text around the first match, in pieces: each with whether it is what was looked for."""
    created_seconds: float


def new(settings: ChatSettings | None = None, title: str = "") -> ChatRecord:
    """Make the record of a chat that begins now, with an id of its own; keeps it nowhere."""
    now = time.time()
    return ChatRecord(
        id=messages.new_id(),
        title=title,
        has_own_title=bool(title),
        created_seconds=now,
        updated_seconds=now,
        settings=settings or ChatSettings(),
    )
