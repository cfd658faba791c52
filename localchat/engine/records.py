"""Dataclasses out of what JSON made of them, guided by the types of their fields."""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

Record = TypeVar("Record")


def build(kind: type[Record], fields: Mapping[str, Any]) -> Record:
    """Make a `kind` of a JSON object. Raises ValueError when the fields are not its own.

    Fields may be dataclasses, tuples of one type, or either of them and None.
    """
    try:
        hints = _hints(typing.cast(type, kind))
        return kind(**{name: _convert(hints[name], value) for name, value in fields.items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__}: {fields!r:.200}") from error


@functools.cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _convert(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is types.UnionType and isinstance(value, dict):
        hint = next(filter(dataclasses.is_dataclass, typing.get_args(hint)), hint)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value)
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, each) for each in value)
    return value
