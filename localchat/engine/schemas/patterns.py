"""Grammars of JSON strings that match a regular expression.

The whole string is made to match, which also satisfies a pattern without anchors. Held are literal
characters, classes, groups, alternatives and repetition; what looks around or back is not.
"""

from collections.abc import Iterable

from localchat.engine.schemas import grammar, strings
from localchat.engine.schemas.grammar import Node, Ranges

_MOST_TIMES = 256
"""The most times of a repetition that sets no end."""
_MOST_CHARACTERS = 1000
_DIGITS: Ranges = ((0x30, 0x39),)
_WORDS: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Ranges = ((0x20, 0x20),)
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"n": "\\n", "r": "\\r", "t": "\\t"}
_LITERAL = "^$\\.*+?()[]{}|/-\"'#&~ @%=<>!:;,_`"
_TIMES = {"*": (0, _MOST_TIMES), "+": (1, _MOST_TIMES), "?": (0, 1)}


class NotHeld(Exception):
    """A part of the expression is not held; says which."""


def matching(pattern: str) -> Node:
    """Return the grammar of strings that match `pattern` as a whole. Raises NotHeld."""
    if len(pattern) > _MOST_CHARACTERS:
        raise NotHeld("it is too long")
    parser = _Parser(pattern)
    found = parser.alternatives()
    if not parser.at_end:
        raise NotHeld("a bracket is closed that was not opened")
    return grammar.sequence('"', found, '"')


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._open_groups = 0

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self._at == len(self._pattern)

    def alternatives(self) -> Node:
        """Read parts with bars between them, up to a closing bracket or the end."""
        ways = [self._sequence()]
        while self._take("|"):
            ways.append(self._sequence())
        return grammar.choice(*ways)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        # Anchors at the ends are kept by matching the whole.
        if not self._open_groups:
            self._take("^")
        while not self.at_end and self._next() not in "|)":
            if not self._open_groups and self._take("$"):
                break
            parts.append(self._repeated(self._one()))
        if not self.at_end and self._next() not in "|)":
            raise NotHeld('"$" in the middle')
        return grammar.sequence(*parts)

    def _repeated(self, part: Node) -> Node:
        times = self._times()
        if times is None:
            return part
        self._take("?")  # lazy or greedy, the same texts match
        least, most = times
        if most > 1 and not part.shortest:
            raise NotHeld("a repetition of what may be empty")
        if least * len(part.shortest) > strings.MOST_CHARACTERS:
            raise NotHeld("a repetition that is too long")
        return part if not part.shortest else grammar.repeat(part, least, most)

    def _times(self) -> tuple[int, int] | None:
        for mark, times in _TIMES.items():
            if self._take(mark):
                return times
        if not self._take("{"):
            return None
        inside, closed, _ = self._pattern[self._at :].partition("}")
        least, comma, most = inside.partition(",")
        if not closed or not least.isdecimal() or (most and not most.isdecimal()):
            raise NotHeld('"{" that counts nothing')
        self._at += len(inside) + 1
        fewest = int(least)
        limit = int(most) if most else max(fewest, _MOST_TIMES) if comma else fewest
        if not fewest <= limit <= strings.MOST_CHARACTERS:
            raise NotHeld("a repetition that is too long")
        return fewest, limit

    def _one(self) -> Node:
        """Read one character, class or group."""
        char = self._read()
        if char == "(":
            return self._group()
        if char == "[":
            return _class(self._class_ranges())
        if char == ".":
            return strings.PLAIN
        if char == "\\":
            return self._escaped()
        if char in "*+?{}]":
            raise NotHeld(f'"{char}" where nothing can be repeated')
        if char in "^$":
            raise NotHeld(f'"{char}" in the middle')
        return strings.written(char)

    def _group(self) -> Node:
        if self._take("?") and not self._take(":"):
            raise NotHeld("a group that looks around or has a name")
        self._open_groups += 1
        found = self.alternatives()
        self._open_groups -= 1
        if not self._take(")"):
            raise NotHeld("a bracket is not closed")
        return found

    def _escaped(self) -> Node:
        char = self._read()
        if char in _CONTROLS:
            return grammar.Text(_CONTROLS[char])
        if char in _LITERAL:
            return strings.written(char)
        ranges = self._named_class(char)
        return _class(ranges)

    def _named_class(self, char: str) -> Ranges:
        if char.lower() not in _CLASSES:
            raise NotHeld(f'"\\{char}"')
        ranges = _CLASSES[char.lower()]
        return ranges if char.islower() else _others(ranges)

    def _class_ranges(self) -> Ranges:
        """Read what stands between square brackets."""
        is_negated = self._take("^")
        if self._next() == "]":
            raise NotHeld("a class that begins with a bracket")
        found: list[tuple[int, int]] = []
        while not self._take("]"):
            first = self._member()
            if not isinstance(first, int):
                found += first
            elif self._next() == "-" and self._pattern[self._at + 1 : self._at + 2] != "]":
                self._read()
                last = self._member()
                if not isinstance(last, int) or last < first:
                    raise NotHeld("a range that has no end")
                found.append((first, last))
            else:
                found.append((first, first))
        return _others(found) if is_negated else _joined(found)

    def _member(self) -> int | Ranges:
        """Read one character of a class, or a class within it."""
        char = self._read()
        if char != "\\":
            return ord(char)
        char = self._read()
        return ord(char) if char in _LITERAL else self._named_class(char)

    def _next(self) -> str:
        if self.at_end:
            raise NotHeld("it ends too early")
        return self._pattern[self._at]

    def _read(self) -> str:
        char = self._next()
        self._at += 1
        return char

    def _take(self, char: str) -> bool:
        found = self._pattern.startswith(char, self._at)
        self._at += len(char) * found
        return found


def _others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the characters besides these, only ASCII: what else is a letter is not agreed on."""
    return grammar.all_but([*ranges, (0x7F, grammar.MOST_CODE_POINT)]).ranges


def _class(ranges: Ranges) -> Node:
    """Return the characters of a class; control characters, which none can see, are left out."""
    ways: list[Node] = [
        strings.written(char)
        for char in '"\\'
        if any(low <= ord(char) <= high for low, high in ranges)
    ]
    plain = [
        (max(low, first), min(high, last))
        for low, high in ranges
        for first, last in strings.PLAIN.ranges
        if max(low, first) <= min(high, last)
    ]
    if plain:
        ways.insert(0, grammar.chars(plain))
    if not ways:
        raise NotHeld("a class of control characters")
    return grammar.choice(*ways)


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    """Put ranges in order, without overlaps.

    >>> _joined([(5, 9), (1, 3), (2, 6)])
    ((1, 9),)
    """
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)
