"""The files that go with the message being written: read, named once each, and counted.

Knows nothing of widgets; whoever shows them is called when they change.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from localchat import errors
from localchat.chat import attachments
from localchat.chat.messages import Part

Counter = Callable[[Part], Awaitable[int]]
"""Counts what a file costs. Raises LocalchatError while no model can tell."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the message."""

    name: str
    part: Part | None = None
    """None while it is being read."""
    note: str = ""
    tokens: int | None = None
    """None while it is not known."""


class PromptFiles:
    """The attachments, in the order in which they came."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.every: tuple[Attachment, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every file that was read."""
        return tuple(each.part for each in self.every if each.part is not None)

    @property
    def reading(self) -> str:
        """The name of a file that is still being read; empty when there is none."""
        return next((each.name for each in self.every if each.part is None), "")

    def show(self, parts: tuple[Part, ...]) -> None:
        """Have these files and no others."""
        self._keep(tuple(Attachment(part.name, part) for part in parts))

    def remove(self, name: str) -> None:
        """Take a file away, also while it is being read."""
        self._keep(tuple(each for each in self.every if each.name != name))

    def paste(self, text: str) -> None:
        """Keep a pasted text beside the message."""
        part = attachments.pasted(text, self.parts)
        self._keep((*self.every, Attachment(part.name, part)))

    async def read(self, path: Path, folder: Path) -> None:
        """Read a file, in place of the one with its name. Raises AttachmentError."""
        name = attachments.name_of(path, folder)
        waiting = Attachment(name)
        kept = tuple(each for each in self.every if each.name != name)
        self._keep((*kept, waiting))
        try:
            read = await attachments.read(path, folder)
        except errors.AttachmentError:
            self._keep(tuple(each for each in self.every if each is not waiting))
            raise
        # Nothing comes of a file that was removed meanwhile.
        self._replace(waiting, Attachment(name, read.part, read.note))

    async def count(self, counter: Counter, *, again: bool) -> None:
        """Find out what each file costs; where nobody can tell, nothing is said.

        `again` counts those that are known too, as another model makes other tokens.
        """
        for each in self.every:
            if each.part is not None and (again or each.tokens is None):
                try:
                    tokens = await counter(each.part)
                except errors.LocalchatError:
                    return
                self._replace(each, dataclasses.replace(each, tokens=tokens))

    def _replace(self, old: Attachment, new: Attachment) -> None:
        self._keep(tuple(new if each is old else each for each in self.every))

    def _keep(self, every: tuple[Attachment, ...]) -> None:
        if every != self.every:
            self.every = every
            self._changed()
