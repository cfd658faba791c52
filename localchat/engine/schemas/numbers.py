"""Grammars of JSON numbers, also within bounds.

Numbers have at most fifteen digits before the point, so that every reader takes them for the same
value. Bounds are kept digit by digit. Pure arithmetic on decimal digits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from localchat.engine.schemas import grammar
from localchat.engine.schemas.grammar import Node

_MOST_DIGITS = 15
_LARGEST = 10**_MOST_DIGITS - 1
_FRACTION_DIGITS = 6
_DIGIT = grammar.between("0", "9")
_NOT_ZERO = grammar.between("1", "9")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a number has to lie; None is no bound."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None
    """It must be more than this."""
    below: Decimal | None = None

    @property
    def are_none(self) -> bool:
        """Whether every number will do."""
        return (self.least, self.most, self.above, self.below) == (None, None, None, None)


def integer(bounds: Bounds) -> Node | None:
    """Return the grammar of integers within bounds; None when there is none."""
    lows = [-_LARGEST]
    highs = [_LARGEST]
    if bounds.least is not None:
        lows.append(math.ceil(bounds.least))
    if bounds.above is not None:
        lows.append(math.floor(bounds.above) + 1)
    if bounds.most is not None:
        highs.append(math.floor(bounds.most))
    if bounds.below is not None:
        highs.append(math.ceil(bounds.below) - 1)
    low, high = max(lows), min(highs)
    if low > high:
        return None
    ways: list[Node] = []
    if high >= 0:
        ways.append(_whole(max(low, 0), high))
    if low < 0:
        ways.append(grammar.sequence("-", _whole(max(-high, 1), -low)))
    return grammar.choice(*ways)


def number(bounds: Bounds) -> Node | None:
    """Return the grammar of numbers within bounds; None when there is none."""
    if bounds.are_none:
        return _any_number()
    low, low_is_out = _edge(bounds.least, bounds.above, max)
    high, high_is_out = _edge(bounds.most, bounds.below, min)
    low = Decimal(-_LARGEST) if low is None else max(low, Decimal(-_LARGEST))
    high = Decimal(_LARGEST) if high is None else min(high, Decimal(_LARGEST))
    zero = Decimal(0)
    ways: list[Node] = []
    if high >= 0:
        is_out = low_is_out and low >= 0
        ways += _sizes(max(low, zero), high, is_out, high_is_out)
    if low < 0:
        is_out = high_is_out and high <= 0
        ways += (
            grammar.sequence("-", way) for way in _sizes(max(-high, zero), -low, is_out, low_is_out)
        )
    return grammar.choice(*ways) if ways else None


def _edge(
    reached: Decimal | None,
    not_reached: Decimal | None,
    stricter: Callable[[Decimal, Decimal], Decimal],
) -> tuple[Decimal | None, bool]:
    if reached is None or not_reached is None:
        return (not_reached, True) if reached is None else (reached, False)
    edge = stricter(reached, not_reached)
    return edge, edge == not_reached


def _any_number() -> Node:
    whole = grammar.choice(
        "0", grammar.sequence(_NOT_ZERO, grammar.repeat(_DIGIT, 0, _MOST_DIGITS - 1))
    )
    sign = grammar.optional(grammar.of("+-"))
    exponent = grammar.sequence(grammar.of("eE"), sign, grammar.repeat(_DIGIT, 1, 2))
    minus = grammar.optional(grammar.Text("-"))
    return grammar.sequence(
        minus, whole, grammar.optional(_fraction(_MOST_DIGITS)), grammar.optional(exponent)
    )


def _fraction(most_digits: int) -> Node:
    return grammar.sequence(".", grammar.repeat(_DIGIT, 1, most_digits))


def _sizes(low: Decimal, high: Decimal, low_is_out: bool, high_is_out: bool) -> list[Node]:
    """List the ways to write what lies between two numbers that are not negative."""
    if low > high or (low == high and (low_is_out or high_is_out)):
        return []
    first, last = math.floor(low), math.floor(high)
    shortest = max(1, _fraction_digits(low), _fraction_digits(high))
    longest = max(shortest, min(_FRACTION_DIGITS, _MOST_DIGITS - len(str(last))))
    ways: list[Node] = []
    if first + 1 <= last - 1:
        inner = _whole(first + 1, last - 1)
        ways.append(grammar.sequence(inner, grammar.optional(_fraction(longest))))
    for whole in dict.fromkeys((first, last)):
        from_zero, to_next = whole > low, whole + 1 <= high
        plain = (from_zero or (whole == low and not low_is_out)) and (
            whole < high or not high_is_out
        )
        if plain and to_next:
            ways.append(grammar.sequence(str(whole), grammar.optional(_fraction(longest))))
            continue
        if plain:
            ways.append(grammar.Text(str(whole)))
        for digits in range(shortest, longest + 1):
            start = 0 if from_zero else _scaled(low - whole, digits) + low_is_out
            end = 10**digits - 1 if to_next else _scaled(high - whole, digits) - high_is_out
            if start <= end:
                wide = _digits(f"{start:0{digits}d}", f"{end:0{digits}d}")
                ways.append(grammar.sequence(f"{whole}.", wide))
    return ways


def _fraction_digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _scaled(fraction: Decimal, digits: int) -> int:
    return int(fraction.scaleb(digits))


def _whole(low: int, high: int) -> Node:
    """Return the grammar of the integers from `low`, which is not negative, to `high`."""
    ways = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        start = max(low, 10 ** (digits - 1) if digits > 1 else 0)
        end = min(high, 10**digits - 1)
        ways.append(_digits(str(start), str(end)))
    return grammar.choice(*ways)


def _digits(low: str, high: str) -> Node:
    """Return the grammar of digits between two texts of the same length."""
    if not low:
        return grammar.NOTHING
    rest = len(low) - 1
    if low[0] == high[0]:
        return grammar.sequence(low[0], _digits(low[1:], high[1:]))
    first, last = int(low[0]), int(high[0])
    ways: list[Node] = []
    if low[1:] != "0" * rest:
        ways.append(grammar.sequence(low[0], _digits(low[1:], "9" * rest)))
        first += 1
    tail: list[Node] = []
    if high[1:] != "9" * rest:
        tail.append(grammar.sequence(high[0], _digits("0" * rest, high[1:])))
        last -= 1
    if first <= last:
        middle = grammar.between(str(first), str(last))
        ways.append(grammar.sequence(middle, grammar.repeat(_DIGIT, rest, rest)))
    return grammar.choice(*ways, *tail)
