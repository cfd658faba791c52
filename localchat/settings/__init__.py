"""What the user has set: config.toml, then the environment over it. Read once, then handed down.

Command-line flags come on top in `cli`, the model's own values below in the engine. Knows which
values are possible, not what they do.
"""

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from localchat import errors, sanitize
from localchat.settings.kinds import Kind, Number, Rate, Switch, Text, Whole
from localchat.settings.known import KEYS_TABLE, KINDS, KV_TYPES, TABLES, Settings

__all__ = [
    "ENVIRONMENT_PREFIX", "KEYS_TABLE", "KINDS", "KV_TYPES", "TABLES",
    "Kind", "Number", "Rate", "Settings", "Switch", "Text", "Whole",
    "from_environment", "from_file", "overlay", "parse", "read",
]  # fmt: skip

ENVIRONMENT_PREFIX: Final = "LOCALCHAT_"

_MOST_BYTES = 1 << 20


def read(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings file, which may be missing, and the environment over it.

    Raises SettingsError naming the file or variable, the key, and what is allowed.
    """
    variables = os.environ if environment is None else environment
    return Settings(**{**from_file(file), **from_environment(variables)})


def overlay(settings: Settings, flags: Mapping[str, Any]) -> Settings:
    """Put the flags that were given, those that are not None, over the settings."""
    given = {name: value for name, value in flags.items() if value is not None}
    return dataclasses.replace(settings, **given)


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the settings that variables hold. Raises SettingsError naming the variable."""
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


def from_file(file: Path) -> dict[str, Any]:
    """Read the settings that the file holds. Raises SettingsError naming the file and the key."""
    try:
        with file.open("rb") as handle:
            content = handle.read(_MOST_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise errors.SettingsError(f"{_shown(file)} cannot be read: {error.strerror}.") from error
    try:
        return parse(content.decode("utf-8"), file)
    except UnicodeDecodeError as error:
        raise _not_toml(file, error) from error


def parse(text: str, file: Path) -> dict[str, Any]:
    """Read the settings in the text of a file. Raises SettingsError naming the file and the key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(file, error) from error
    values: dict[str, Any] = {}
    for table, content in document.items():
        if table == KEYS_TABLE and isinstance(content, dict):
            values["keys"] = _keys(file, content)
            continue
        if table not in TABLES or not isinstance(content, dict):
            raise _unknown(file, table, tuple(f"[{name}]" for name in (*TABLES, KEYS_TABLE)))
        for key, value in content.items():
            values[key] = _checked(file, table, key, value)
    return values


def _keys(file: Path, content: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Read the keys of commands, whether `"chat.stop"` was written with quotes or without."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= _keys(file, value, f"{prefix}{name}.")
            continue
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
            raise errors.SettingsError(
                f"{_shown(file)}: keys.{sanitize.line(prefix + name, 60)} must be a key such as"
                f' "ctrl+x" or a list of keys, not {_quoted(value)}.'
            )
        found[prefix + name] = tuple(keys)
    return found


def _not_toml(file: Path, error: ValueError) -> errors.SettingsError:
    what = sanitize.line(str(error)).rstrip(".")
    return errors.SettingsError(f"{_shown(file)} is not valid TOML: {what}.")


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
