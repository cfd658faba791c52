"""Grammars of finite languages: every text they allow has an end, and they know the shortest one.

Nodes are shared, never cyclic. Knows nothing of JSON, and nothing of how grammars are written down.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
"""Code points, both ends included, in order."""

MOST_CODE_POINT = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_FILLER = "."


# Nodes are compared by identity: a shared part is one part.
@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Exactly this text."""

    text: str

    @property
    def shortest(self) -> str:
        """The shortest text that it allows."""
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class Chars:
    """One character out of these."""

    ranges: Ranges
    shortest: str


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One part after the other."""

    parts: tuple["Node", ...]
    shortest: str


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of the parts."""

    parts: tuple["Node", ...]
    shortest: str


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """A part that is never empty, at least and at most so many times."""

    part: "Node"
    least: int
    most: int
    shortest: str


Node = Text | Chars | Sequence | Choice | Repeat

NOTHING = Text("")


def chars(ranges: Iterable[tuple[int, int]]) -> Chars:
    """Make a class of characters out of ranges of code points in order."""
    kept = tuple(ranges)
    plain = any(low <= ord(_FILLER) <= high for low, high in kept)
    return Chars(kept, _FILLER if plain else chr(kept[0][0]))


def of(characters: str) -> Chars:
    """Make a class of these characters.

    >>> of("ba").ranges
    ((97, 97), (98, 98))
    """
    return chars((ord(char), ord(char)) for char in sorted(characters))


def between(first: str, last: str) -> Chars:
    """Make a class of the characters from `first` to `last`."""
    return chars([(ord(first), ord(last))])


def all_but(ranges: Iterable[tuple[int, int]]) -> Chars:
    """Make a class of all characters but those in `ranges`; surrogates are none.

    >>> all_but([(0, 31)]).ranges
    ((32, 55295), (57344, 1114111))
    """
    kept, start = [], 0
    for low, high in sorted((*ranges, _SURROGATES)):
        if start < low:
            kept.append((start, low - 1))
        start = max(start, high + 1)
    if start <= MOST_CODE_POINT:
        kept.append((start, MOST_CODE_POINT))
    return chars(kept)


def sequence(*parts: Node | str) -> Node:
    """Put parts one after the other; texts stand for themselves."""
    nodes = tuple(node for node in map(_node, parts) if node is not NOTHING)
    if len(nodes) == 1:
        return nodes[0]
    return Sequence(nodes, "".join(node.shortest for node in nodes)) if nodes else NOTHING


def choice(*parts: Node | str) -> Node:
    """Allow any of the parts, of which there is at least one."""
    nodes = tuple(dict.fromkeys(map(_node, parts)))
    if len(nodes) == 1:
        return nodes[0]
    return Choice(nodes, min((node.shortest for node in nodes), key=length))


def repeat(part: Node, least: int, most: int) -> Node:
    """Allow a part, which must not be empty, `least` to `most` times."""
    if most <= 0:
        return NOTHING
    return part if least == most == 1 else Repeat(part, least, most, part.shortest * least)


def optional(part: Node) -> Node:
    """Allow a part or nothing."""
    return repeat(part, 0, 1)


def length(text: str) -> int:
    """Count the bytes of a text, which is what it takes at most in tokens."""
    return len(text.encode())


def _node(part: Node | str) -> Node:
    if isinstance(part, str):
        return Text(part) if part else NOTHING
    return part
