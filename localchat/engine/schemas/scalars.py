"""From what a schema says of strings, numbers and single values to their grammars.

Every function raises Unsupported for what cannot be held, and Impossible for what nothing can meet.
"""

from decimal import Decimal
from typing import Any

from localchat.engine.schemas import grammar, numbers, patterns, reading, strings
from localchat.engine.schemas.grammar import Node
from localchat.engine.schemas.reading import OF_TYPE, Flat, Impossible, Unsupported


def values(flat: Flat, place: str) -> Node:
    """Convert `enum` and `const`."""
    others = flat.keys() - {"enum", "const", "type"}
    if others:
        raise Unsupported(f'"{min(others)}" beside "enum" or "const" in {place} is not supported')
    allowed = flat["enum"] if "enum" in flat else [flat["const"]]
    if "const" in flat:
        allowed = [value for value in allowed if reading.same(value, flat["const"])]
    if "type" in flat:
        names = reading.types(flat["type"], place)
        allowed = [value for value in allowed if any(_is(value, name) for name in names)]
    if not allowed:
        raise Impossible(place)
    return grammar.choice(*map(strings.literal, allowed))


def _is(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return is_number and (name == "number" or value == int(value))
    kinds: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
    return isinstance(value, kinds[name]) if name in kinds else value is None


def string(flat: Flat, place: str) -> Node:
    """Convert what a schema says of strings."""
    least = reading.count(flat, "minLength", 0, place)
    most = reading.count(flat, "maxLength", strings.MOST_CHARACTERS, place)
    for key, made in (("format", _formatted), ("pattern", _matching)):
        if key not in flat:
            continue
        others = flat.keys() & (set(OF_TYPE["string"]) - {key})
        if others:
            raise Unsupported(f'"{min(others)}" beside "{key}" in {place} is not supported')
        return made(flat[key], place)
    if least > strings.MOST_CHARACTERS:
        raise Unsupported(f'"minLength" in {place} is above {strings.MOST_CHARACTERS:,}')
    if least > most:
        raise Impossible(place)
    return strings.string(least, most if "maxLength" in flat else None)


def _formatted(name: str, place: str) -> Node:
    if name not in strings.FORMATS:
        known = ", ".join(strings.FORMATS)
        raise Unsupported(f'the "format" in {place} is not supported ({known} are)')
    return strings.formatted(name)


def _matching(pattern: str, place: str) -> Node:
    try:
        return patterns.matching(pattern)
    except patterns.NotHeld as why:
        raise Unsupported(f'the "pattern" in {place} is not supported: {why}') from why


def number(name: str, flat: Flat, place: str) -> Node:
    """Convert what a schema says of numbers; `name` is that of the type."""
    given = (flat.get(key) for key in OF_TYPE["number"])
    least, most, above, below = (None if bound is None else Decimal(bound) for bound in given)
    bounds = numbers.Bounds(least, most, above, below)
    found = numbers.integer(bounds) if name == "integer" else numbers.number(bounds)
    if found is None:
        raise Impossible(place)
    return found
