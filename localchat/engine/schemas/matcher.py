"""Follows a text through a grammar, and knows at every point how it would end soonest.

Values: following a text gives a new matcher. Knows nothing of tokens or JSON.
"""

from collections.abc import Iterable
from typing import Any

from localchat.engine.schemas import grammar
from localchat.engine.schemas.grammar import Chars, Choice, Node, Sequence, Text

# What is still to come, as (node, how much of it is done, what comes after it); None at the end.
# mypy knows no recursive tuples of this kind that stay readable.
_Way = Any


class Matcher:
    """A place in a grammar that some text leads to."""

    __slots__ = ("_ways",)

    def __init__(self, root: Node) -> None:
        self._ways = _settled([(root, 0, None)])

    def after(self, text: str) -> "Matcher | None":
        """Return the place after more text; None when the grammar does not allow it."""
        ways = self._ways
        for char in text:
            ways = _settled(_stepped(ways, char))
            if not ways:
                return None
        found = Matcher.__new__(Matcher)
        found._ways = ways
        return found

    @property
    def may_end(self) -> bool:
        """Whether the text is complete as it is."""
        return None in self._ways

    @property
    def must_end(self) -> bool:
        """Whether the text is complete and nothing may follow."""
        return self._ways == {None}

    def shortest_end(self) -> str:
        """Return the shortest text that makes what was followed so far complete."""
        return min(map(_ending, self._ways), key=grammar.length)


def _stepped(ways: Iterable[_Way], char: str) -> Iterable[_Way]:
    point = ord(char)
    for way in ways:
        if way is None:
            continue
        node, done, after = way
        if isinstance(node, Text):
            if node.text[done] == char:
                yield (node, done + 1, after)
        elif any(low <= point <= high for low, high in node.ranges):
            yield after


def _settled(ways: Iterable[_Way]) -> set[_Way]:
    """Go on from each way to where a character is wanted, or to the end."""
    found: set[_Way] = set()
    waiting = list(ways)
    while waiting:
        way = waiting.pop()
        if way is None:
            found.add(None)
            continue
        node, done, after = way
        if isinstance(node, Text):
            if done == len(node.text):
                waiting.append(after)
            else:
                found.add(way)
        elif isinstance(node, Chars):
            found.add(way)
        else:
            waiting += _entered(node, done, after)
    return found


def _entered(node: Any, done: int, after: _Way) -> list[_Way]:
    """Go one step into a compound node."""
    if isinstance(node, Choice):
        return [(part, 0, after) for part in node.parts]
    if isinstance(node, Sequence):
        # A finished node leaves no trace, so that equal places are equal values.
        is_last = done + 1 == len(node.parts)
        return [(node.parts[done], 0, after if is_last else (node, done + 1, after))]
    ways = [after] if done >= node.least else []
    if done < node.most:
        ways.append((node.part, 0, (node, done + 1, after)))
    return ways


def _ending(way: _Way) -> str:
    parts: list[str] = []
    while way is not None:
        node, done, way = way
        if isinstance(node, Text):
            parts.append(node.text[done:])
        elif isinstance(node, Sequence):
            parts += (part.shortest for part in node.parts[done:])
        elif isinstance(node, Chars | Choice):
            parts.append(node.shortest)
        else:
            parts.append(node.part.shortest * max(0, node.least - done))
    return "".join(parts)
