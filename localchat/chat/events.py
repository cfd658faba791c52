"""What a chat tells those who listen to it. Plain values; the texts in them are untrusted."""

from dataclasses import dataclass
from typing import Literal

from localchat import errors
from localchat.chat.drafts import Draft
from localchat.chat.messages import Message
from localchat.engine import wire


@dataclass(frozen=True, slots=True)
class Changed:
    """The chat's tree, record, settings, queue or the answer under way is another than before."""


@dataclass(frozen=True, slots=True)
class InLine:
    """Other chats are answered first."""

    ahead: int
    """How many answers come before this one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The engine is not answering yet: it loads the model again, or reads the prompt."""

    progress: wire.Progress


@dataclass(frozen=True, slots=True)
class Summarizing:
    """The model summarizes earlier messages, to make room; `tokens` have been written so far."""

    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """The prompt was built and fits."""

    prompt: wire.Prompt
    left_out: tuple[str, ...] = ()
    """The messages of the branch that were not sent; a summary may stand for them."""


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer, or of the thinking before it. Untrusted text."""

    kind: Literal["answer", "reasoning"]
    text: str
    stats: wire.Stats


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete, or as complete as it will be, and part of the tree."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong; an answer under way has Ended before, with what it had.

    `draft` is a message that could not be sent: it is not in the tree, and belongs back into the
    prompt. The error may be that of the disk, while the answer goes on.
    """

    error: errors.LocalchatError
    draft: Draft | None = None


ChatEvent = Changed | InLine | Waiting | Summarizing | Sent | Said | Ended | Failed
