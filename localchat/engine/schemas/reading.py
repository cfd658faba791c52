"""Reads a JSON schema: one flat object at a time, references followed, `allOf` put together.

What cannot be held is refused by name, in one sentence, so that an answer never only seems to meet
a schema. Knows nothing of grammars.
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from localchat import errors, sanitize

MOST_CHARACTERS: Final = 256 * 1024
_ANNOTATIONS = frozenset(
    "$schema $id $comment $defs $anchor definitions title description default examples example"
    " deprecated readOnly writeOnly discriminator".split()
)
OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "format", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
"""The keywords that say something of one type only."""
_HELD = frozenset(
    ("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", *sum(OF_TYPE.values(), ()))
)
_NUMBERS = (*OF_TYPE["number"], "minLength", "maxLength", "minItems", "maxItems")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys((*_NUMBERS, "minProperties", "maxProperties"), (int, Decimal)),
    **dict.fromkeys(("required", "enum", "prefixItems", "anyOf", "oneOf", "allOf"), list),
    **dict.fromkeys(("$ref", "format", "pattern"), str),
    "properties": dict,
}
"""What the value of a keyword has to be."""
_HARMLESS: Mapping[str, tuple[Any, ...]] = {"uniqueItems": (False,), "nullable": (False,)}
"""Keywords that are not held, and the values with which they say nothing."""
_MOST_REFERENCES = 32

Flat = dict[str, Any]
"""A schema without references, annotations and `allOf`."""


class Impossible(Exception):
    """No JSON can meet a part of the schema; says where it is."""


class Unsupported(Exception):
    """A part of the schema cannot be held; says what and where in one sentence."""


def parse(text: str) -> Any:
    """Read the text of a schema. Raises UsageError when it is none."""
    if len(text) > MOST_CHARACTERS:
        raise errors.UsageError("The JSON schema is too long.", "It may have 256 KiB.")
    try:
        schema = json.loads(text, parse_float=_decimal, parse_constant=_no_number)
    except RecursionError as error:
        raise errors.UsageError("The JSON schema is nested too deep.") from error
    except (ValueError, InvalidOperation) as error:
        why = sanitize.line(str(error), 120)
        raise errors.UsageError(f"The JSON schema is not JSON: {why}.") from error
    if not isinstance(schema, dict | bool):
        raise errors.UsageError("The JSON schema is not an object.", "{} allows any JSON.")
    return schema


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if not -300 < found.adjusted() < 300:
        raise ValueError("a number is out of every range")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


class Reader:
    """Looks things up in one schema."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def flat(self, schema: Any, place: str) -> Flat:
        """Return a schema as one object; an empty one allows anything.

        Raises Impossible or Unsupported.
        """
        return self._flat(schema, place, 0)

    def merged(self, base: Flat, other: Any, place: str) -> Flat:
        """Return what meets both a flat schema and another. Raises Impossible or Unsupported."""
        return self._merged(base, self._flat(other, place, 0), place)

    def _flat(self, schema: Any, place: str, references: int) -> Flat:
        if schema is True:
            return {}
        if schema is False:
            raise Impossible(place)
        if not isinstance(schema, dict):
            raise Unsupported(f"{_at(place)} is neither an object nor true or false")
        if references > _MOST_REFERENCES:
            raise Unsupported(f"{_at(place)} refers to itself without end")
        found = {key: value for key, value in schema.items() if self._is_said(key, value, place)}
        reference, parts = found.pop("$ref", None), found.pop("allOf", [])
        if reference is not None:
            target = self._target(reference, place)
            found = self._merged(found, self._flat(target, reference, references + 1), place)
        for number, part in enumerate(parts):
            flat = self._flat(part, f"{place}/allOf/{number}", references + 1)
            found = self._merged(found, flat, place)
        return found

    def _is_said(self, key: str, value: Any, place: str) -> bool:
        """Say whether a keyword counts. Raises Unsupported for one that cannot be held."""
        if key in _HELD:
            # True is an int for Python.
            if key in _KINDS and (isinstance(value, bool) or not isinstance(value, _KINDS[key])):
                raise Unsupported(f'the value of "{key}" in {_at(place)} is of the wrong kind')
            return True
        is_harmless = any(value is one for one in _HARMLESS.get(key, ()))
        if key in _ANNOTATIONS or key.startswith("x-") or is_harmless:
            return False
        raise Unsupported(f'"{sanitize.line(key, 40)}" in {_at(place)} is not supported')

    def _target(self, reference: str, place: str) -> Any:
        """Follow a reference within the schema."""
        found = self._root
        if reference != "#" and not reference.startswith("#/"):
            raise Unsupported(f"the reference in {_at(place)} leads out of the schema")
        for step in reference[2:].split("/") if reference != "#" else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise Unsupported(f'there is no "{sanitize.line(reference, 60)}" in it')
        return found

    def _merged(self, one: Flat, other: Flat, place: str) -> Flat:
        one, other = _closed(one, other), _closed(other, one)
        found = dict(one)
        if any("prefixItems" in a and "items" in b for a, b in ((one, other), (other, one))):
            raise Unsupported(f'"items" beside "prefixItems" in {_at(place)} is not supported')
        for key, value in other.items():
            if key not in found or same(found[key], value):
                found[key] = value
            else:
                found[key] = self._both(key, found[key], value, place)
        return found

    def _both(self, key: str, one: Any, other: Any, place: str) -> Any:
        """Join two values of one keyword so that both hold."""
        if key in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"):
            return max(one, other)
        if key in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"):
            return min(one, other)
        if key == "required":
            return list(dict.fromkeys([*one, *other]))
        if key == "properties":
            shared = [name for name in one if name in other and one[name] != other[name]]
            return {**one, **other, **{n: {"allOf": [one[n], other[n]]} for n in shared}}
        if key == "enum":
            return [value for value in one if any(same(value, each) for each in other)]
        if key == "type":
            return _shared_types(types(one, place), types(other, place), place)
        if key in ("items", "additionalProperties"):
            return {"allOf": [one, other]}
        raise Unsupported(f'two different "{key}" for {_at(place)} are not supported')


def reference_alone(schema: Any) -> str | None:
    """Return the reference that a schema consists of; None when it says more, or another thing."""
    if not isinstance(schema, dict) or schema.keys() - _ANNOTATIONS != {"$ref"}:
        return None
    return schema["$ref"] if isinstance(schema["$ref"], str) else None


def types(value: Any, place: str) -> list[str]:
    """Return the names of the types that a `type` allows. Raises Unsupported."""
    names = value if isinstance(value, list) else [value]
    known = ("object", "array", "string", "number", "integer", "boolean", "null")
    if not names or not all(name in known for name in names):
        raise Unsupported(f'"type" in {_at(place)} names no type of JSON')
    return names


def count(flat: Flat, key: str, default: int, place: str) -> int:
    """Return the count that a keyword gives. Raises Unsupported for a negative or broken one."""
    value = flat.get(key, default)
    if value != int(value) or value < 0:
        raise Unsupported(f'"{key}" in {_at(place)} is no count')
    return int(value)


def same(one: Any, other: Any) -> bool:
    """Say whether two values are the same JSON, where true is not 1.

    >>> same(1, Decimal("1.0")), same(1, True), same([0], [False])
    (True, False, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _closed(one: Flat, other: Flat) -> Flat:
    """Hold the properties of `one` to what `other` says of properties that it does not name."""
    if "properties" not in one or other.get("additionalProperties", True) is True:
        return one
    named = other.get("properties", {})
    rest = other["additionalProperties"]
    properties = {
        name: value if name in named else {"allOf": [value, rest]}
        for name, value in one["properties"].items()
    }
    return {**one, "properties": properties}


def _shared_types(one: list[str], other: list[str], place: str) -> list[str]:
    shared = [name for name in one if name in other or (name == "integer" and "number" in other)]
    shared += [name for name in other if name == "integer" and "number" in one]
    if not shared:
        raise Impossible(place)
    return list(dict.fromkeys(shared))


def _at(place: str) -> str:
    """Name a place in words.

    >>> _at("#"), _at("#/properties/a")
    ('the schema', '#/properties/a')
    """
    return "the schema" if place == "#" else sanitize.line(place, 80)
