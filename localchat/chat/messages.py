"""One message of a chat as a plain value: who said it, its parts, and how it came about.

Knows neither the tree that it hangs in nor where it is kept. Every text here is untrusted.
"""

import dataclasses
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from localchat.engine import wire

Ending = Literal["", "stop", "length", "context", "cancelled", "error", "interrupted"]
"""Why an answer ended: as the engine says it; `error`: it went wrong; `interrupted`: the program
died while it came. Empty for the user's messages, and while an answer comes."""

TEXT: Final = "text"
FILE: Final = "file"
_BACKTICKS: Final = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message's content: text, a file with its content, or something else.

    A kind that this version does not know is kept as it is and shown by its name.
    """

    kind: str
    text: str
    name: str = ""
    """A file's name."""
    media_type: str = ""
    """Such as "text/plain"; empty when it is not known."""


@dataclass(frozen=True, slots=True)
class ModelMark:
    """Which model answered."""

    name: str
    quant: str = ""
    sha256: str = ""
    """Empty when it is not known."""
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, and for an answer how it came about."""

    id: str
    chat_id: str
    parent_id: str | None
    """The message before it; None where a chat begins."""
    role: wire.Role
    parts: tuple[Part, ...] = ()
    reasoning: str = ""
    """What the model thought before it answered; never sent back to it."""
    is_streaming: bool = False
    """The answer is still coming, in this program or in another one."""
    ending: Ending = ""
    error: str = ""
    """What went wrong, when `ending` is "error"."""
    created_seconds: float = 0.0
    """Unix time."""
    model: ModelMark | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The samplers and template variables that were used."""
    seed: int | None = None
    stats: wire.Stats | None = None
    is_edited: bool = False

    @property
    def text(self) -> str:
        """What was said, without files."""
        return "".join(part.text for part in self.parts if part.kind == TEXT)

    @property
    def files(self) -> tuple[Part, ...]:
        """Every part that is not text."""
        return tuple(part for part in self.parts if part.kind != TEXT)

    @property
    def sent_text(self) -> str:
        """What the model is sent: each file with its name and in a fence, then the text."""
        fenced = [_fenced(part) for part in self.parts if part.kind == FILE]
        return "\n\n".join([*fenced, self.text] if self.text else fenced)


def new(
    chat_id: str,
    parent_id: str | None,
    role: wire.Role,
    text: str = "",
    *,
    files: tuple[Part, ...] = (),
    is_streaming: bool = False,
) -> Message:
    """Make a message that was written just now, with an id of its own."""
    parts = (*files, Part(TEXT, text)) if text else files
    return Message(
        id=new_id(),
        chat_id=chat_id,
        parent_id=parent_id,
        role=role,
        parts=parts,
        is_streaming=is_streaming,
        created_seconds=time.time(),
    )


def coming(chat_id: str, parent_id: str, model: ModelMark | None) -> Message:
    """Make the answer that a model is about to give; a crash may leave no more of it."""
    made = new(chat_id, parent_id, "assistant", is_streaming=True)
    return dataclasses.replace(made, model=model)


def new_id() -> str:
    """Make an id that no other message, chat or summary has."""
    return uuid.uuid4().hex


def fence(content: str) -> str:
    """Put a text into a fence of Markdown that it cannot close by itself."""
    longest = max((len(run) for run in _BACKTICKS.findall(content)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}\n{content}\n{marks}"


def _fenced(file: Part) -> str:
    return f"{file.name}\n{fence(file.text.removesuffix(chr(10)))}"
