"""Personas: named ways to answer, as files that people can read, edit and share.

A persona says only what it wants otherwise; the rest is as the user has it everywhere. Knows
neither chats nor screens.
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import tomlkit

from localchat import errors, paths, sanitize, settings
from localchat.chat.settings import ChatSettings

MOST_NAME_CHARACTERS: Final = 60

_SAMPLING: Final = MappingProxyType(
    {
        "temp": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
        "repeat_penalty": "repeat_penalty",
        "frequency_penalty": "frequency_penalty",
        "presence_penalty": "presence_penalty",
        "seed": "seed",
    }
)
"""A key of the file to the sampler's name."""
_OTHERS: Final = MappingProxyType(
    {
        "system": "system",
        "predict": "max_tokens",
        "thinking": "thinking",
        "effort": "effort",
        "thinking_budget": "thinking_budget_tokens",
        "overflow": "overflow",
        "stop": "stop",
    }
)
_STOP: Final = "stop"
KEYS: Final = (*_OTHERS, *_SAMPLING)
"""What a persona may set, spelled as in config.toml."""

_MOST_FILE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Persona:
    """A named way to answer."""

    name: str
    about: str = ""
    """What it is for, in one sentence."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What it sets, by the keys in KEYS."""
    file: Path | None = None
    """Where it is written; None for one that ships with localchat."""


def read(folder: Path) -> tuple[tuple[Persona, ...], tuple[str, ...]]:
    """Read every persona, by name, and say in a sentence each what could not be read."""
    found = {each.name.lower(): each for each in _shipped()}
    problems = []
    for file in sorted(folder.glob("*.toml")):
        try:
            persona = _read_file(file)
        except errors.SettingsError as error:
            problems.append(error.message)
        else:
            found[persona.name.lower()] = persona
    return tuple(sorted(found.values(), key=lambda each: each.name.lower())), tuple(problems)


def find(name: str, personas: Sequence[Persona]) -> Persona:
    """Find a persona by its name. Raises UsageError naming those there are."""
    for each in personas:
        if each.name.lower() == name.strip().lower():
            return each
    listed = ", ".join(each.name for each in personas)
    raise errors.UsageError(
        f'There is no persona "{sanitize.line(name, 60)}".', f"There are: {sanitize.line(listed)}."
    )


def apply(persona: Persona, usual: ChatSettings) -> ChatSettings:
    """Give the settings of a chat with this persona, over the user's usual ones."""
    chosen = dataclasses.replace(usual, persona=persona.name)
    for key, value in persona.values.items():
        chosen = with_value(chosen, key, value)
    return chosen


def value_of(chosen: ChatSettings, key: str) -> Any:
    """Give one setting by its key in KEYS; None where a sampler is left to the model."""
    if key in _SAMPLING:
        return getattr(chosen.sampling, _SAMPLING[key])
    return getattr(chosen, _OTHERS[key])


def with_value(chosen: ChatSettings, key: str, value: Any) -> ChatSettings:
    """Give settings with another value of one key; of samplers, None leaves it to the model."""
    if key in _SAMPLING:
        kept = None if key == "seed" and value is not None and value < 0 else value
        sampling = dataclasses.replace(chosen.sampling, **{_SAMPLING[key]: kept})
        return dataclasses.replace(chosen, sampling=sampling)
    if key == "predict":
        value = max(0, value)
    changes: dict[str, Any] = {_OTHERS[key]: tuple(value) if key == _STOP else value}
    return dataclasses.replace(chosen, **changes)


def of_settings(name: str, chosen: ChatSettings, usual: ChatSettings, about: str = "") -> Persona:
    """Make a persona of what a chat has otherwise than usual."""
    found = {key: value_of(chosen, key) for key in KEYS}
    values = {
        key: value
        for key, value in found.items()
        if value is not None and value != value_of(usual, key)
    }
    return Persona(name, about, values)


def save(folder: Path, persona: Persona) -> Persona:
    """Write a persona into its file, or into a new one; another one of that name is replaced.

    Raises SettingsError when the name or a value cannot be, or the file cannot be written.
    """
    name = sanitize.line(persona.name, MOST_NAME_CHARACTERS)
    if not name:
        raise errors.SettingsError("A persona needs a name.", "Give it one, such as Reviewer.")
    checked = {key: _checked(name, key, value) for key, value in persona.values.items()}
    document = tomlkit.document()
    document.add("name", tomlkit.item(name))
    if persona.about:
        document.add("about", tomlkit.item(sanitize.line(persona.about)))
    for key, value in checked.items():
        document.add(key, tomlkit.item(list(value) if key == _STOP else value))
    file = _file_of(folder, name)
    try:
        paths.write_atomically(file, tomlkit.dumps(document))
    except OSError as error:
        raise errors.SettingsError(
            f"The persona could not be written to {sanitize.line(str(file))}: {error.strerror}.",
            "Check the folder and try again.",
        ) from error
    return Persona(name, persona.about, checked, file)


def remove(persona: Persona) -> None:
    """Delete a persona's file; one that ships with localchat stays. Raises SettingsError."""
    if persona.file is None:
        raise errors.SettingsError(
            f"{sanitize.line(persona.name)} ships with localchat and cannot be deleted.",
            "Save one of your own under its name to replace it.",
        )
    try:
        persona.file.unlink(missing_ok=True)
    except OSError as error:
        shown = sanitize.line(str(persona.file))
        raise errors.SettingsError(f"{shown} cannot be deleted: {error.strerror}.") from error


def _shipped() -> tuple[Persona, ...]:
    document = tomllib.loads(paths.asset("personas.toml").read_text("utf-8"))
    return tuple(_read_table("personas.toml", each, "") for each in document["persona"])


def _read_file(file: Path) -> Persona:
    shown = sanitize.line(str(file))
    try:
        with file.open("rb") as handle:
            table = tomllib.loads(handle.read(_MOST_FILE_BYTES).decode("utf-8"))
    except OSError as error:
        raise errors.SettingsError(f"{shown} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        what = sanitize.line(str(error)).rstrip(".")
        raise errors.SettingsError(f"{shown} is not valid TOML: {what}.") from error
    return dataclasses.replace(_read_table(shown, table, file.stem), file=file)


def _read_table(shown: str, table: Mapping[str, Any], missing: str) -> Persona:
    name, about = table.get("name", missing), table.get("about", "")
    if not isinstance(name, str) or not isinstance(about, str) or not name.strip():
        raise errors.SettingsError(f"{shown}: name and about must be texts.")
    values = {key: value for key, value in table.items() if key not in ("name", "about")}
    return Persona(
        sanitize.line(name, MOST_NAME_CHARACTERS),
        sanitize.line(about),
        {key: _checked(shown, key, value) for key, value in values.items()},
    )


def _checked(shown: str, key: str, value: object) -> Any:
    if key == _STOP:
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise errors.SettingsError(f"{shown}: stop must be a list of texts.")
    if key not in KEYS:
        raise errors.SettingsError(
            f'{shown}: there is no setting "{sanitize.line(key, 60)}".',
            f"There are {', '.join(KEYS)}.",
        )
    try:
        return settings.KINDS[key].check(value)
    except ValueError as error:
        was = sanitize.line(str(value), 60)
        raise errors.SettingsError(f'{shown}: {key} must be {error}, not "{was}".') from None


def _file_of(folder: Path, name: str) -> Path:
    """Choose the file for a name: the one that it has, or a new one."""
    own, _ = read(folder)
    for each in own:
        if each.name.lower() == name.lower() and each.file is not None:
            return each.file
    stem = re.sub(r"[^\w-]+", "-", name.lower()).strip("-") or "persona"
    taken = {file.name for file in folder.glob("*.toml")}
    names = (f"{stem}{'' if number < 2 else f'-{number}'}.toml" for number in range(1, 10_000))
    return folder / next(each for each in names if each not in taken)
