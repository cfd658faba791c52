"""One table of a TOML file, each value checked, each fault named by file and key.

Knows nothing of what the keys mean, nor which error a fault in the file is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from localchat import errors, sanitize

_Choice = TypeVar("_Choice", bound=str)
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a table stands in."""

    name: str
    error: type[errors.LocalchatError]
    """What a fault in it is."""
    hint: str
    """What to do about a fault."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file; it remembers what was asked for, to find misspelt keys.

    Every method that reads a key raises the source's error when its value cannot be. A key is a
    must where `missing` is None.
    """

    source: Source
    place: str
    """Where it stands, such as `gpus[0]`; empty for the file itself."""
    values: Mapping[str, Any]
    _seen: set[str] = field(default_factory=set, compare=False, repr=False)

    def text(self, key: str, missing: str | None = None) -> str:
        """Return a text, which is not empty where the key is a must."""
        value = self._value(key, missing)
        if not isinstance(value, str) or (missing is None and not value.strip()):
            raise self.fault(key, f"must be a text, not {_shown(value)}")
        return value

    def choice(
        self, key: str, allowed: tuple[_Choice, ...], missing: _Choice | None = None
    ) -> _Choice:
        """Return one of the texts in `allowed`."""
        value = self._value(key, missing)
        for each in allowed:
            if value == each:
                return each
        words = [f'"{each}"' for each in allowed if each]
        listed = ", ".join(words[:-1]) + f" or {words[-1]}"
        raise self.fault(key, f"must be {listed}, not {_shown(value)}")

    def texts(self, key: str, missing: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._value(key, missing)
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise self.fault(key, "must be a list of texts")
        return tuple(value)

    def whole(
        self, key: str, least: int = 0, most: int | None = None, missing: int | None = None
    ) -> int:
        """Return a whole number from `least` to `most`."""
        return self._within(key, least, most, missing, "a whole number")

    def maybe_whole(self, key: str) -> int | None:
        """Return a whole number of at least 0, or None where the file has none."""
        return self.whole(key) if key in self.values else None

    def size(self, key: str, least: int, most: int, missing: int | None = None) -> int:
        """Return a size in bytes from `least` to `most`."""
        return self._within(key, least, most, missing, "in bytes,")

    def decimal(self, key: str) -> Decimal:
        """Return a number above 0 with the digits that it was read with."""
        value = self._value(key, None)
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        number = Decimal(value) if is_number else Decimal(0)
        if not number.is_finite() or number <= 0:
            raise self.fault(key, f"must be a number above 0, not {_shown(value)}")
        return number

    def number(self, key: str, least: float = 0.0, most: float = math.inf) -> float | None:
        """Return a number above 0 from `least` to `most`, or None where the file has none."""
        if key not in self.values:
            self._seen.add(key)
            return None
        number = float(self.decimal(key))
        if not least <= number <= most:
            raise self.fault(key, f"must be a number from {least:g} to {most:g}, not {number:g}")
        return number

    def flag(self, key: str, missing: bool = False) -> bool:
        """Return true or false."""
        value = self._value(key, missing)
        if not isinstance(value, bool):
            raise self.fault(key, f"must be true or false, not {_shown(value)}")
        return value

    def table(self, key: str) -> "Table | None":
        """Return the table under a key, or None where there is none."""
        self._seen.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.fault(key, "must be a table")
        return Table(self.source, f"{self.place}.{key}".lstrip("."), value)

    def tables(self, key: str, known_by: str = "") -> "tuple[Table, ...]":
        """Return a list of tables; an empty one where the file has none.

        A fault in one of them names it by its value of `known_by`, or else by its number.
        """
        value = self._value(key, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
            raise self.fault(key, f"must be written as [[{key}]] tables")
        place = f"{self.place}.{key}".lstrip(".")
        names = (
            f".{each[known_by]}" if known_by in each else f"[{number}]"
            for number, each in enumerate(value)
        )
        return tuple(
            Table(self.source, place + name, each) for name, each in zip(names, value, strict=True)
        )

    def done(self) -> None:
        """Check that nothing stands here that nobody asked for. Raises the source's error."""
        for key in self.values:
            if key not in self._seen:
                raise self.fault(key, "is not a key that localchat knows")

    def fault(self, key: str, problem: str) -> errors.LocalchatError:
        """Make the error that names the file and the key."""
        place = f"{self.place}.{key}".lstrip(".")
        message = sanitize.line(f"{self.source.name}: {place} {problem}.")
        return self.source.error(message, self.source.hint)

    def _value(self, key: str, missing: Any) -> Any:
        self._seen.add(key)
        value = self.values.get(key, missing)
        if value is None:
            raise self.fault(key, "is missing")
        return value

    def _within(
        self, key: str, least: int, most: int | None, missing: int | None, what: str
    ) -> int:
        value = self._value(key, missing)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or value < least or (most is not None and value > most):
            range_words = f", {least} or more" if most is None else f" from {least} to {most}"
            raise self.fault(key, f"must be {what}{range_words}, not {_shown(value)}")
        return int(value)


def _shown(value: object) -> str:
    try:
        return sanitize.line(repr(value), _SHOWN_CHARACTERS)
    except ValueError:
        # Python writes no whole number of more than some thousand digits.
        return "what it is"
