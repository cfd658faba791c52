"""Whether schemas can surely not be met by the same JSON, which `oneOf` asks for."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from localchat.engine.schemas.reading import Flat


def are_apart(schemas: Sequence[Flat]) -> bool:
    """Say whether no JSON meets two of these flat schemas, as far as can be told.

    >>> are_apart([{"type": "string"}, {"type": "null"}])
    True
    >>> are_apart([{"type": "integer"}, {"type": "number"}])
    False
    """
    return all(_two_are_apart(one, other) for one, other in combinations(schemas, 2))


def _two_are_apart(one: Flat, other: Flat) -> bool:
    if not _kinds(one) & _kinds(other):
        return True
    values, others = _values(one), _values(other)
    if values is not None and others is not None:
        return not any(value in others for value in values)
    if _kinds(one) & _kinds(other) != {"object"}:
        return False
    return any(_is_told_by(name, one, other) for name in one.get("properties", {}))


def _is_told_by(name: str, one: Flat, other: Flat) -> bool:
    """Say whether a member that both must have is always another."""
    if name not in one.get("required", ()) or name not in other.get("required", ()):
        return False
    mine, theirs = (schema.get("properties", {}).get(name) for schema in (one, other))
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return False
    return _two_are_apart(mine, theirs)


def _kinds(schema: Flat) -> set[str]:
    """Name the kinds of JSON that a schema may allow; integers count as numbers."""
    values = _values(schema)
    if values is not None:
        return {_kind(value) for value in values}
    names = schema.get("type", ["object", "array", "string", "number", "boolean", "null"])
    names = [names] if isinstance(names, str) else names
    return {"number" if name == "integer" else name for name in names}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    kinds: tuple[tuple[type, str], ...] = ((str, "string"), (list, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "number")


def _values(schema: Flat) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return found if isinstance(found, list) else None
