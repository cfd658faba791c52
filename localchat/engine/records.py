"""Dataclasses out of what JSON made of them, guided by the types of their fields."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Record = TypeVar("Record")
_Convert = Callable[[Any], Any]


def build(kind: type[Record], fields: Mapping[str, Any]) -> Record:
    """Make a `kind` of a JSON object. Raises ValueError when the fields are not its own.

    Fields may be dataclasses, tuples of one type, or either of them and None.
    """
    try:
        made = dict(fields)
        for name, convert in _converters(typing.cast(type, kind)).items():
            if name in made:
                made[name] = convert(made[name])
        return kind(**made)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a {kind.__name__}: {fields!r:.200}") from error


# Every token is a record; to ask its types anew cost a tenth of the interface's time.
@functools.cache
def _converters(kind: type) -> Mapping[str, _Convert]:
    """Say how the fields are converted, of those that are."""
    found = {name: _converter(hint) for name, hint in typing.get_type_hints(kind).items()}
    return {name: convert for name, convert in found.items() if convert is not None}


def _converter(hint: Any) -> _Convert | None:
    if typing.get_origin(hint) is types.UnionType:
        kinds = filter(None, map(_converter, typing.get_args(hint)))
        convert = next(kinds, None)
        return functools.partial(_unless_none, convert) if convert else None
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return functools.partial(build, hint)
    if typing.get_origin(hint) is tuple:
        item = _converter(typing.get_args(hint)[0])
        return functools.partial(_tuple_of, item) if item else tuple
    return None


def _unless_none(convert: _Convert, value: Any) -> Any:
    return None if value is None else convert(value)


def _tuple_of(item: _Convert, values: Any) -> tuple[Any, ...]:
    return tuple(map(item, values))
