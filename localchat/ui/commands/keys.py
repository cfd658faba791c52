"""The reader's own keys: what `[keys]` of config.toml says, checked; and how keys are written.

Knows what a terminal can send, nothing of Textual but the names of its keys.
"""

import dataclasses
import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from localchat import errors, sanitize
from localchat.ui.commands.command import Command

PARENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "prompt": "chat", "attachments": "chat", "transcript": "chat",
        "chatlist": "chats", "chatrows": "chatlist",
        "downloadlist": "downloads",
        "picker": "models", "upkeep": "models", "list": "picker", "pane": "models", "grid": "pane",
    }
)  # fmt: skip
"""What each place lies in; the others lie in the app. Keys of both are heard together."""

WRITING: Final = ("app", "chat", "prompt")
"""Places where letters are written, so that a letter alone cannot be a command."""

_NAMED: Final = MappingProxyType(
    {
        "escape": "Esc", "enter": "Enter", "tab": "Tab", "space": "Space", "up": "Up",
        "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
        "pageup": "PageUp", "pagedown": "PageDown", "insert": "Insert", "delete": "Delete",
        "backspace": "Backspace", **{f"f{number}": f"F{number}" for number in range(1, 25)},
    }
)  # fmt: skip
_SIGNS: Final = MappingProxyType(
    {
        "/": "slash", "?": "question_mark", "\\": "backslash", "-": "minus", "+": "plus",
        "_": "underscore", "@": "at", ",": "comma", ".": "full_stop", ":": "colon",
        ";": "semicolon", "!": "exclamation_mark", "#": "number_sign", "$": "dollar_sign",
        "%": "percent_sign", "&": "ampersand", "*": "asterisk", "=": "equals_sign",
        "<": "less_than_sign", ">": "greater_than_sign", "(": "left_parenthesis",
        ")": "right_parenthesis", "[": "left_square_bracket", "]": "right_square_bracket",
        "{": "left_curly_bracket", "}": "right_curly_bracket", "|": "vertical_line",
        "~": "tilde", "^": "circumflex_accent", "`": "grave_accent", "'": "apostrophe",
        '"': "quotation_mark",
    }
)  # fmt: skip
_SIGN_OF: Final = MappingProxyType({name: sign for sign, name in _SIGNS.items()})
_MODIFIERS: Final = ("ctrl", "alt", "shift")
_TAKEN: Final = MappingProxyType(
    {
        "ctrl+c": "it copies what is selected",
        "ctrl+p": "it opens the list of commands",
        "ctrl+z": "it suspends the program",
        "ctrl+i": "terminals send Tab for it",
        "ctrl+m": "terminals send Enter for it",
        "ctrl+h": "terminals send Backspace for it",
        "ctrl+left_square_bracket": "terminals send Esc for it",
        "ctrl+j": "it begins a new line",
    }
)
_NEEDED_TO_WRITE: Final = ("enter", "tab", "space", "backspace", "delete", "left", "right")


def apply(every: tuple[Command, ...], wanted: Mapping[str, tuple[str, ...]]) -> tuple[Command, ...]:
    """Give every command the keys that the reader wants.

    Raises SettingsError for an unknown command, a key that cannot be, and a key of two commands.
    """
    known = {command.id: command for command in every}
    for command_id in wanted:
        if command_id not in known:
            raise _unknown(command_id, known)
        if known[command_id].is_fixed or not known[command_id].keys:
            raise errors.SettingsError(
                f"[keys]: the keys of {command_id} cannot be changed.",
                "Take its line out; `localchat config path` names the file.",
            )
    found = tuple(
        dataclasses.replace(
            each, keys=tuple(_key(each, key) for key in wanted[each.id]), key_display=""
        )
        if each.id in wanted
        else each
        for each in every
    )
    _refuse_clashes(found, known)
    return found


def keymap(every: Iterable[Command], wanted: Iterable[str]) -> dict[str, str]:
    """Write the keys of these commands as Textual's keymaps have them."""
    return {command.id: ",".join(command.keys) for command in every if command.id in wanted}


def spoken(key: str) -> str:
    """Write a key for people.

    >>> spoken("ctrl+x"), spoken("escape"), spoken("slash"), spoken("shift+f3"), spoken("e")
    ('Ctrl+X', 'Esc', '/', 'Shift+F3', 'e')
    """
    *modifiers, name = key.split("+")
    shown = _NAMED.get(name) or _SIGN_OF.get(name) or (name.upper() if modifiers else name)
    return "+".join([*(each.capitalize() for each in modifiers), shown])


def _key(command: Command, text: str) -> str:
    *before, name = text.strip().split("+") if text.strip() != "+" else ["+"]
    modifiers = [each.strip().lower() for each in before]
    name = name.strip() if len(name.strip()) == 1 and not modifiers else name.strip().lower()
    name = _SIGNS.get(name, name)
    key = "+".join([*sorted(modifiers, key=_order), name])
    is_letter = len(name) == 1 or name in _SIGN_OF
    if (
        len(set(modifiers)) < len(modifiers)
        or not set(modifiers) <= set(_MODIFIERS)
        or not (name in _NAMED or name in _SIGN_OF or (len(name) == 1 and name.isprintable()))
    ):
        raise _bad(command, text, 'a key is written as "ctrl+x", "f5", "escape" or "alt+up"')
    if key in _TAKEN:
        raise _bad(command, text, _TAKEN[key])
    if command.where in WRITING and (
        (is_letter and not {"ctrl", "alt"} & set(modifiers))
        or (not modifiers and name in _NEEDED_TO_WRITE)
    ):
        raise _bad(command, text, "it is needed to write")
    return key


def _order(modifier: str) -> int:
    return _MODIFIERS.index(modifier) if modifier in _MODIFIERS else 0


def _refuse_clashes(found: tuple[Command, ...], known: Mapping[str, Command]) -> None:
    for one, other in itertools.combinations(found, 2):
        shared = set(one.keys) & set(other.keys)
        if not shared or not _heard_together(one.where, other.where):
            continue
        # What shares a key from the start is never possible at the same time.
        new = shared - (set(known[one.id].keys) & set(known[other.id].keys))
        if new:
            raise errors.SettingsError(
                f"[keys]: {spoken(min(new))} is the key of both {one.id} and {other.id}.",
                "Give one of them another key.",
            )


def _heard_together(place: str, other: str) -> bool:
    return place in _around(other) or other in _around(place)


def _around(place: str) -> Iterator[str]:
    while place != "app":
        yield place
        place = PARENTS.get(place, "app")
    yield place


def _unknown(command_id: str, known: Mapping[str, Command]) -> errors.SettingsError:
    near = difflib.get_close_matches(command_id, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else "`localchat config keys` lists the commands."
    return errors.SettingsError(
        f'[keys]: there is no command "{sanitize.line(command_id, 60)}".', hint
    )


def _bad(command: Command, text: str, why: str) -> errors.SettingsError:
    shown = sanitize.line(text, 30)
    return errors.SettingsError(f'[keys]: {command.id} cannot have the key "{shown}": {why}.')
