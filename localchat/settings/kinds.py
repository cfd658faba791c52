"""The kinds of values a setting may have: how each is checked, written and read from a text."""

import re
from dataclasses import dataclass

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?i?b?)(?:/s)?", re.IGNORECASE)
_FACTORS = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9,
    "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_MOST_BYTES_PER_SECOND = 10**12


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, or one of `choices`."""

    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What may be set, in words."""
        if not self.choices:
            return "a text"
        return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"

    def check(self, value: object) -> str:
        """Return the value. Raises ValueError for another kind or choice."""
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            raise ValueError(self.allowed)
        return value

    def parse(self, text: str) -> str:
        """Read the value from a command line or the environment. Raises ValueError."""
        return self.check(text)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number; `words` stand for the lowest."""

    low: int
    high: int
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What may be set, in words."""
        words = "".join(f", or {word}" for word in self.words)
        return f"a whole number from {self.low:,} to {self.high:,}{words}"

    def check(self, value: object) -> int:
        """Return the value. Raises ValueError for another kind or beyond the range."""
        if value in self.words:
            return self.low
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(self.allowed)
        if not self.low <= value <= self.high:
            raise ValueError(self.allowed)
        return value

    def parse(self, text: str) -> int:
        """Read the value from a command line or the environment. Raises ValueError."""
        if text in self.words:
            return self.low
        try:
            return self.check(int(text))
        except ValueError:
            raise ValueError(self.allowed) from None


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    low: float
    high: float

    @property
    def allowed(self) -> str:
        """What may be set, in words."""
        return f"a number from {self.low:g} to {self.high:g}"

    def check(self, value: object) -> float:
        """Return the value. Raises ValueError for another kind or beyond the range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(self.allowed)
        # Written so that "not a number" is refused as well.
        if not self.low <= value <= self.high:
            raise ValueError(self.allowed)
        return float(value)

    def parse(self, text: str) -> float:
        """Read the value from a command line or the environment. Raises ValueError."""
        try:
            return self.check(float(text))
        except ValueError:
            raise ValueError(self.allowed) from None


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    allowed: str = "true or false"

    def check(self, value: object) -> bool:
        """Return the value. Raises ValueError for another kind."""
        if not isinstance(value, bool):
            raise ValueError(self.allowed)
        return value

    def parse(self, text: str) -> bool:
        """Read the value from a command line or the environment. Raises ValueError."""
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError(self.allowed)
        return text.lower() in _TRUE


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes a second, written with a unit; 0 is no limit."""

    allowed: str = "a rate such as 10 MB/s, or 0 for no limit"

    def check(self, value: object) -> int:
        """Return bytes a second. Raises ValueError for another kind or beyond the range."""
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError(self.allowed)
        match = _RATE.fullmatch(str(value).strip())
        factor = _FACTORS.get(match[2].lower()) if match else None
        if match is None or factor is None:
            raise ValueError(self.allowed)
        n_bytes = int(float(match[1]) * factor)
        if n_bytes > _MOST_BYTES_PER_SECOND:
            raise ValueError(self.allowed)
        return n_bytes

    def parse(self, text: str) -> int:
        """Read the value from a command line or the environment. Raises ValueError."""
        return self.check(text)


Kind = Text | Whole | Number | Switch | Rate
