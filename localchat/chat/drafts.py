"""What the user has written and not sent yet. Plain values."""

from dataclasses import dataclass

from localchat.chat.messages import Part


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send: its text, and the files that go with it."""

    text: str
    files: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the message that this becomes."""
        text = (Part("text", self.text),) if self.text else ()
        return (*self.files, *text)

    def __bool__(self) -> bool:
        return bool(self.text.strip() or self.files)

    def plus(self, other: "Draft") -> "Draft":
        """Return both as one message."""
        text = "\n\n".join(part for part in (self.text, other.text) if part)
        return Draft(text, (*self.files, *other.files))
