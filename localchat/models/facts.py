"""Reads a TOML file of facts from `assets/`, each value checked, each fault named by file and key.

Knows nothing of what the facts mean.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli

from localchat import errors


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file; it remembers what was asked for, to find misspelt keys."""

    file: str
    place: str
    """Where it stands, such as `model.mistral-7b.shape`."""
    values: Mapping[str, Any]
    _seen: set[str] = field(default_factory=set, compare=False, repr=False)

    def text(self, key: str, missing: str | None = None) -> str:
        """Return a text; `missing` None makes the key a must. Raises CatalogueError."""
        value = self._value(key, missing)
        if not isinstance(value, str):
            raise self.fault(key, "must be a text")
        return value

    def whole(self, key: str, missing: int | None = None) -> int:
        """Return a whole number of at least 0. Raises CatalogueError."""
        value = self._value(key, missing)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, "must be a whole number, 0 or more")
        return value

    def maybe_whole(self, key: str) -> int | None:
        """Return a whole number, or None where the file has none. Raises CatalogueError."""
        return self.whole(key) if key in self.values else None

    def decimal(self, key: str) -> Decimal:
        """Return a number above 0 with the digits it was written with. Raises CatalogueError."""
        value = self._value(key, None)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.fault(key, "must be a number above 0")
        number = Decimal(value)
        if not number.is_finite() or number <= 0:
            raise self.fault(key, "must be a number above 0")
        return number

    def number(self, key: str) -> float | None:
        """Return a number above 0, or None where the file has none. Raises CatalogueError."""
        return float(self.decimal(key)) if key in self.values else None

    def flag(self, key: str) -> bool:
        """Return true or false, false where the file says nothing. Raises CatalogueError."""
        value = self._value(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def texts(self, key: str, missing: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts. Raises CatalogueError."""
        value = self._value(key, missing)
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise self.fault(key, "must be a list of texts")
        return tuple(value)

    def table(self, key: str) -> "Table | None":
        """Return the table under a key, or None where there is none. Raises CatalogueError."""
        self._seen.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.fault(key, "must be a table")
        return Table(self.file, f"{self.place}.{key}".lstrip("."), value)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """Return a list of tables, each known by its `id` or `name`. Raises CatalogueError."""
        value = self._value(key, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
            raise self.fault(key, "must be a list of tables")
        return tuple(self._listed(key, value))

    def done(self) -> None:
        """Check that nothing stands here that nobody asked for. Raises CatalogueError."""
        for key in self.values:
            if key not in self._seen:
                raise self.fault(key, "is not a key that localchat knows")

    def fault(self, key: str, problem: str) -> errors.CatalogueError:
        """Make the error that names the file and the key."""
        place = f"{self.place}.{key}".lstrip(".")
        return errors.CatalogueError(
            f"{self.file}: {place} {problem}.", "Install localchat again to mend the file."
        )

    def _value(self, key: str, missing: Any) -> Any:
        self._seen.add(key)
        value = self.values.get(key, missing)
        if value is None:
            raise self.fault(key, "is missing")
        return value

    def _listed(self, key: str, values: Iterable[Mapping[str, Any]]) -> "Iterator[Table]":
        for number, each in enumerate(values):
            name = each.get("id", each.get("name", number))
            yield Table(self.file, f"{self.place}.{key}.{name}".lstrip("."), each)


def read(file: Path) -> Table:
    """Read a file of facts. Raises CatalogueError when it is missing or no TOML."""
    try:
        values = tomli.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise errors.CatalogueError(
            f"{file.name} cannot be read: {error}.", "Install localchat again to mend the file."
        ) from error
    return Table(file.name, "", values)
