"""One table of a machine's profile, each value checked, each fault named by file and key.

Knows nothing of what the keys mean.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from localchat import errors, sanitize

_Choice = TypeVar("_Choice", bound=str)
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file; it remembers what was asked for, to find misspelt keys.

    Every method that reads a key raises ProfileError when its value cannot be.
    """

    file: str
    place: str
    """Where it stands, such as `gpus[0]`; empty for the file itself."""
    values: Mapping[str, Any]
    _seen: set[str] = field(default_factory=set, compare=False, repr=False)

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self._value(key, None)
        if not isinstance(value, str) or not value.strip():
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

    def whole(self, key: str, least: int, most: int, missing: int | None = None) -> int:
        """Return a whole number from `least` to `most`."""
        value = self._value(key, missing)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.fault(
                key, f"must be a whole number from {least} to {most}, not {_shown(value)}"
            )
        return value

    def size(self, key: str, least: int, most: int, missing: int | None = None) -> int:
        """Return a size in bytes from `least` to `most`."""
        value = self._value(key, missing)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.fault(key, f"must be in bytes, from {least} to {most}, not {_shown(value)}")
        return value

    def number(self, key: str, least: float, most: float) -> float | None:
        """Return a number from `least` to `most`, or None where the file has none."""
        self._seen.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if not right or not math.isfinite(value) or not least <= value <= most:
            raise self.fault(
                key, f"must be a number from {least:g} to {most:g}, not {_shown(value)}"
            )
        return float(value)

    def flag(self, key: str, missing: bool) -> bool:
        """Return true or false."""
        value = self._value(key, missing)
        if not isinstance(value, bool):
            raise self.fault(key, f"must be true or false, not {_shown(value)}")
        return value

    def tables(self, key: str) -> "tuple[Table, ...]":
        """Return a list of tables; an empty one where the file has none."""
        value = self._value(key, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
            raise self.fault(key, f"must be written as [[{key}]] tables")
        return tuple(self._listed(key, value))

    def done(self) -> None:
        """Check that nothing stands here that nobody asked for. Raises ProfileError."""
        for key in self.values:
            if key not in self._seen:
                raise self.fault(key, "is not a key that localchat knows")

    def fault(self, key: str, problem: str) -> errors.ProfileError:
        """Make the error that names the file and the key."""
        place = f"{self.place}.{key}".lstrip(".")
        return errors.ProfileError(
            sanitize.line(f"{self.file}: {place} {problem}."), "Correct that line and try again."
        )

    def _value(self, key: str, missing: Any) -> Any:
        self._seen.add(key)
        value = self.values.get(key, missing)
        if value is None:
            raise self.fault(key, "is missing")
        return value

    def _listed(self, key: str, values: Iterable[Mapping[str, Any]]) -> "Iterator[Table]":
        for number, each in enumerate(values):
            yield Table(self.file, f"{self.place}.{key}[{number}]".lstrip("."), each)


def _shown(value: object) -> str:
    return sanitize.line(repr(value), _SHOWN_CHARACTERS)
