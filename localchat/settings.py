"""What the user has set: config.toml, then the environment over it. Read once, then handed down.

Command-line flags come on top in `cli`, the model's own values below in the engine. Knows which
values are possible, not what they do.
"""

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from localchat import errors, sanitize

ENVIRONMENT_PREFIX: Final = "LOCALCHAT_"
KV_TYPES: Final = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")

_MOST_BYTES = 1 << 20
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; None where the user has set nothing."""

    model: str | None = None
    ctx_size: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    flash_attn: str | None = None
    cache_type_k: str | None = None
    cache_type_v: str | None = None
    mlock: bool | None = None
    mmap: bool | None = None
    system: str | None = None
    temp: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    predict: int | None = None
    theme: str | None = None


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


Kind = Text | Whole | Number | Switch

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "model": Text(),
        "ctx_size": Whole(0, 1 << 24),
        "threads": Whole(0, 1024),
        "gpu_layers": Whole(-1, 10_000, ("auto", "all")),
        "flash_attn": Text(("auto", "on", "off")),
        "cache_type_k": Text(KV_TYPES),
        "cache_type_v": Text(KV_TYPES),
        "mlock": Switch(),
        "mmap": Switch(),
        "system": Text(),
        "temp": Number(0, 10),
        "top_k": Whole(0, 1_000_000),
        "top_p": Number(0, 1),
        "min_p": Number(0, 1),
        "repeat_penalty": Number(0.1, 10),
        "frequency_penalty": Number(-2, 2),
        "presence_penalty": Number(-2, 2),
        "seed": Whole(-1, 2**32 - 1),
        "predict": Whole(-1, 1 << 24),
        "theme": Text(),
    }
)
"""What each setting may be; the environment variable is LOCALCHAT_ and the name in capitals."""

TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "engine": (
            "ctx_size", "threads", "gpu_layers", "flash_attn", "cache_type_k", "cache_type_v",
            "mlock", "mmap",
        ),
        "chat": (
            "model", "system", "temp", "top_k", "top_p", "min_p", "repeat_penalty",
            "frequency_penalty", "presence_penalty", "seed", "predict",
        ),
        "ui": ("theme",),
    }
)  # fmt: skip
"""Where each setting stands in config.toml."""


def read(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings file, which may be missing, and the environment over it.

    Raises SettingsError naming the file or variable, the key, and what is allowed.
    """
    variables = os.environ if environment is None else environment
    return Settings(**{**_from_file(file), **_from_environment(variables)})


def overlay(settings: Settings, flags: Mapping[str, Any]) -> Settings:
    """Put the flags that were given, those that are not None, over the settings."""
    given = {name: value for name, value in flags.items() if value is not None}
    return dataclasses.replace(settings, **given)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, kind in KINDS.items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if text := environment.get(variable, ""):
            try:
                values[name] = kind.parse(text)
            except ValueError as error:
                raise errors.SettingsError(
                    f"{variable} must be {error}, not {_quoted(text)}."
                ) from None
    return values


def _from_file(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as handle:
            document = tomllib.loads(handle.read(_MOST_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise errors.SettingsError(f"{_shown(file)} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        what = sanitize.line(str(error)).rstrip(".")
        raise errors.SettingsError(f"{_shown(file)} is not valid TOML: {what}.") from error
    values: dict[str, Any] = {}
    for table, content in document.items():
        if table not in TABLES or not isinstance(content, dict):
            raise _unknown(file, table, tuple(f"[{name}]" for name in TABLES))
        for key, value in content.items():
            values[key] = _checked(file, table, key, value)
    return values


def _checked(file: Path, table: str, key: str, value: object) -> Any:
    if key not in TABLES[table]:
        raise _unknown(file, f"{table}.{key}", TABLES[table])
    try:
        return KINDS[key].check(value)
    except ValueError as error:
        raise errors.SettingsError(
            f"{_shown(file)}: {table}.{key} must be {error}, not {_quoted(value)}."
        ) from None


def _unknown(file: Path, key: str, known: tuple[str, ...]) -> errors.SettingsError:
    bare = {name.strip("[]"): name for name in known}
    near = difflib.get_close_matches(key.rpartition(".")[2], bare, n=1)
    there = "Did you mean " + bare[near[0]] + "?" if near else f"There are {', '.join(known)}."
    return errors.SettingsError(f"{_shown(file)}: there is no setting {_quoted(key)}.", there)


def _quoted(value: object) -> str:
    return f'"{sanitize.line(str(value), 60)}"'


def _shown(file: Path) -> str:
    return sanitize.line(str(file))
