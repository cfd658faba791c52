"""`localchat config`: shows the settings and where each comes from, and changes config.toml."""

import argparse
import difflib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from localchat import errors, paths, sanitize, settings
from localchat.cli import config_report, console
from localchat.settings import writing
from localchat.ui import commands
from localchat.ui.commands import keys

_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "list": (), "keys": (), "get": ("KEY",), "set": ("KEY", "VALUE"), "unset": ("KEY",),
        "edit": (), "path": (),
    }
)  # fmt: skip
"""What follows each command."""

_FIRST = """\
# Settings of localchat. `localchat config list` names them all, and what each may be.
"""


def run(given: argparse.Namespace) -> int:
    """Show or change settings, and return the exit code.

    Raises UsageError for a setting that is not there, SettingsError for a value that cannot be.
    """
    file = paths.paths().config_file
    _check_words(given)
    if given.verb == "set":
        return _set(file, given.key, given.value)
    if given.verb == "unset":
        return _unset(file, given.key)
    if given.verb == "edit":
        return _edit(file)
    if given.verb == "path":
        shown = json.dumps({"config_file": str(file)}) if given.json else str(file)
        console.write(sys.stdout, shown + "\n")
        return 0
    if given.verb == "keys":
        own = settings.read(file).keys
        every = keys.apply(commands.COMMANDS, own)
        config_report.show_keys(every, own, as_json=given.json)
        return 0
    rows = config_report.rows(settings.from_file(file), settings.from_environment(os.environ))
    if given.verb == "list":
        config_report.show(rows, file, as_json=given.json)
        return 0
    return _get(rows, given.key, as_json=given.json)


def _check_words(given: argparse.Namespace) -> None:
    if given.verb not in _WORDS:
        near = difflib.get_close_matches(given.verb, _WORDS, n=1)
        raise errors.UsageError(
            f'There is no command "config {sanitize.line(given.verb, 60)}".',
            f"Did you mean {near[0]}?" if near else f"There are {', '.join(_WORDS)}.",
        )
    wanted = _WORDS[given.verb]
    if bool(given.key) + (given.value is not None) != len(wanted):
        takes = " and ".join(f"a {word}" for word in wanted) or "nothing more"
        raise errors.UsageError(
            f"`localchat config {given.verb}` takes {takes}.",
            f"Type: {' '.join(('localchat config', given.verb, *wanted))}",
        )


def _get(rows: tuple[config_report.Row, ...], text: str, *, as_json: bool) -> int:
    table, name = _setting(text)
    key = f"{table}.{name}"
    found = next((row for row in rows if row.key == key), config_report.Row(key))
    if as_json:
        console.write(sys.stdout, json.dumps(found.as_json) + "\n")
    elif found.source:
        console.write(sys.stdout, found.written + "\n")
    else:
        raise errors.LocalchatError(f"{key} is not set.")
    return 0


def _set(file: Path, text: str, value: str) -> int:
    table, name = _setting(text)
    if table == settings.KEYS_TABLE:
        wanted = tuple(part.strip() for part in value.split(","))
        keys.apply(commands.COMMANDS, {**settings.from_file(file).get("keys", {}), name: wanted})
        writing.put(file, table, name, wanted)
    else:
        writing.put(file, table, name, _value(table, name, value))
        variable = settings.ENVIRONMENT_PREFIX + name.upper()
        if os.environ.get(variable):
            sys.stderr.write(f"Note: {variable} is set in the environment, and wins.\n")
    return 0


def _value(table: str, name: str, text: str) -> object:
    kind = settings.KINDS[name]
    try:
        value = kind.parse(text)
    except ValueError as error:
        shown = sanitize.line(text, 60)
        raise errors.SettingsError(f'{table}.{name} must be {error}, not "{shown}".') from None
    if name == "theme":
        _check_theme(text)
    # What people write stays as they wrote it where it is a word or has a unit.
    is_word = text in getattr(kind, "words", ()) or isinstance(kind, settings.Rate)
    return text if is_word else value


def _check_theme(name: str) -> None:
    # Loaded only here: it stands on the interface.
    from localchat.ui import themes

    known = themes.names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
        raise errors.SettingsError(f'There is no theme "{sanitize.line(name, 60)}".', hint)


def _unset(file: Path, text: str) -> int:
    table, name = _setting(text)
    if not writing.remove(file, table, name):
        sys.stderr.write(f"{table}.{name} was not set in {sanitize.line(str(file))}.\n")
    return 0


def _edit(file: Path) -> int:
    # Loaded only here: it stands on the interface.
    from localchat.ui import editor

    program = editor.command(os.environ)
    if not file.exists():
        try:
            paths.write_atomically(file, _FIRST)
        except OSError as error:
            shown = sanitize.line(str(file))
            raise errors.SettingsError(f"{shown} cannot be written: {error.strerror}.") from error
    try:
        code = subprocess.run([*program, str(file)], check=False).returncode
    except OSError as error:
        shown = sanitize.line(program[0], 60)
        raise errors.UsageError(f"{shown} could not be started: {error.strerror}.") from error
    keys.apply(commands.COMMANDS, settings.read(file).keys)
    return int(errors.ExitCode.ERROR) if code else 0


def _setting(text: str) -> tuple[str, str]:
    """Read the name of a setting, with its table or without. Raises UsageError."""
    table, _, name = text.partition(".")
    if table == settings.KEYS_TABLE and name:
        return table, name
    if name in settings.TABLES.get(table, ()):
        return table, name
    known: Mapping[str, Any] = {
        name: (table, name) for table, names in settings.TABLES.items() for name in names
    }
    if text in known:
        found: tuple[str, str] = known[text]
        return found
    near = difflib.get_close_matches(text.rpartition(".")[2], known, n=1)
    hint = f"Did you mean {'.'.join(known[near[0]])}?" if near else "`localchat config` lists them."
    raise errors.UsageError(f'There is no setting "{sanitize.line(text, 60)}".', hint)
