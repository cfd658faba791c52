"""Change one setting in config.toml, and leave the rest of the file as its owner wrote it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.exceptions

from localchat import errors, paths, sanitize, settings


def put(file: Path, table: str, name: str, value: object) -> None:
    """Set a value, whatever stands around it; the file is made where there is none.

    Raises SettingsError for a value that cannot be, a file that is not valid, or one that cannot
    be written; nothing is written then.
    """
    _change(file, lambda document: _put(document, table, name, value))


def remove(file: Path, table: str, name: str) -> bool:
    """Take a setting out of the file, and say whether it was there. Raises SettingsError."""
    if not file.exists():
        return False
    return _change(file, lambda document: _remove(document, table, name))


def _change(file: Path, change: Callable[[tomlkit.TOMLDocument], bool]) -> bool:
    # A file that is wrong already is not written: its mistake is told, and nothing gets lost.
    settings.from_file(file)
    try:
        text = file.read_text("utf-8") if file.exists() else ""
        document = tomlkit.parse(text)
        changed = change(document)
        text = tomlkit.dumps(document)
        settings.parse(text, file)
        if changed:
            # A link, as those who keep their settings in a repository have, stays one.
            paths.write_atomically(file.resolve(), text)
    except OSError as error:
        shown = sanitize.line(str(file))
        why = error.strerror or str(error)
        raise errors.SettingsError(f"{shown} cannot be written: {why}.") from error
    except tomlkit.exceptions.TOMLKitError as error:
        shown, what = sanitize.line(str(file)), sanitize.line(str(error)).rstrip(".")
        raise errors.SettingsError(f"{shown} cannot be changed: {what}.") from error
    return changed


def _put(document: tomlkit.TOMLDocument, table: str, name: str, value: object) -> bool:
    section = document.get(table)
    if section is None:
        section = tomlkit.table()
        if document:
            document.add(tomlkit.nl())
        document.add(table, section)
    found = _find(section, name)
    if found is None:
        section[name] = _plain(value)
    else:
        found[0][found[1]] = _plain(value)
    return True


def _remove(document: tomlkit.TOMLDocument, table: str, name: str) -> bool:
    found = _find(document.get(table), name)
    if found is None:
        return False
    found[0].pop(found[1])
    return True


def _find(section: Any, name: str) -> tuple[Any, str] | None:
    """Find the table that holds a name, also one that was written as `chat.stop` without quotes."""
    if not isinstance(section, Mapping):
        return None
    if name in section and not isinstance(section[name], Mapping):
        return section, name
    first, _, rest = name.partition(".")
    return _find(section.get(first), rest) if rest else None


def _plain(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value) if len(value) != 1 else value[0]
    return value
