"""A line of an explanation."""

from dataclasses import dataclass

from textual.content import Content


@dataclass(frozen=True, slots=True)
class Fact:
    """A line with its label; without one it takes the whole width."""

    label: str
    words: Content
