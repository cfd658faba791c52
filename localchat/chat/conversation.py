"""A conversation as plain values. Knows neither the engine nor where it is kept."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from localchat.engine import wire

Ending = Literal["", "stop", "length", "context", "cancelled", "error"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, and for an answer how it came about."""

    role: wire.Role
    text: str
    reasoning: str = ""
    """What the model thought before it answered; never sent back to it."""
    stats: wire.Stats | None = None
    ending: Ending = ""
    """Why an answer ended; empty for the user's turns."""
    error: str = ""
    """What went wrong, when `ending` is "error"."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A system prompt and the turns so far, oldest first."""

    system: str = ""
    turns: tuple[Turn, ...] = ()

    def plus(self, turn: Turn) -> "Conversation":
        """Return the conversation with one more turn."""
        return dataclasses.replace(self, turns=(*self.turns, turn))

    def messages(self, draft: str = "") -> tuple[wire.Message, ...]:
        """Return what the model is sent: answers without reasoning, empty answers left out."""
        system = (wire.Message("system", self.system),) if self.system else ()
        said = tuple(wire.Message(turn.role, turn.text) for turn in self.turns if turn.text)
        unsent = (wire.Message("user", draft),) if draft else ()
        return (*system, *said, *unsent)

    @property
    def last_answer(self) -> Turn | None:
        """The newest answer that has text."""
        answers = (turn for turn in reversed(self.turns) if turn.role == "assistant" and turn.text)
        return next(answers, None)
