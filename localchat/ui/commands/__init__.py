"""What can be done, told once: the footer, the help page, the palette and slash words read it here.

Knows the names of actions, not what they do; nothing of Textual until bindings are asked for.
"""

import difflib
import re
from typing import TYPE_CHECKING

from localchat import errors
from localchat.ui.commands.command import Command
from localchat.ui.commands.registry import COMMANDS, GROUPS

if TYPE_CHECKING:
    from textual.binding import BindingType

__all__ = ["COMMANDS", "GROUPS", "Command", "bindings", "by_id", "slash", "without_escape"]

_SLASH = re.compile(r"/([a-z?][a-z-]*)(?:\s+(\S.*))?\s*", re.DOTALL | re.IGNORECASE)


def bindings(place: str, *, in_footer: bool = True) -> "list[BindingType]":
    """Make the BINDINGS of a screen or widget; the footer shows none without `in_footer`."""
    # Linear mode reads this list where there may be no terminal for Textual.
    from textual.binding import Binding

    def binding(command: Command, keys: str, action: str) -> Binding:
        return Binding(
            keys,
            action,
            command.title,
            show=command.in_footer and in_footer,
            key_display=command.key_display or None,
            priority=command.is_priority,
            id=command.id,
        )

    found: list[BindingType] = []
    for command in COMMANDS:
        if command.where != place or not command.action or not command.keys:
            continue
        if "{key}" in command.action:
            found += [binding(command, key, command.action.format(key=key)) for key in command.keys]
        else:
            found.append(binding(command, ",".join(command.keys), command.action))
    return found


def by_id(command_id: str) -> Command:
    """Give the command of this id. Raises KeyError."""
    return {command.id: command for command in COMMANDS}[command_id]


def slash(text: str) -> tuple[Command, str] | None:
    """Read `/word argument`, or return None for a text that is a message.

    Raises UsageError for a word that no command has, and for one whose argument is missing.
    """
    match = _SLASH.fullmatch(text)
    if match is None:
        return None
    word, argument = match[1].lower(), (match[2] or "").strip()
    known = {each: command for command in COMMANDS for each in command.words}
    command = known.get(word)
    if command is None:
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"Did you mean /{near[0]}?" if near else "/help tells all of them."
        raise errors.UsageError(f"There is no command /{word}.", hint)
    if command.must_have_argument and not argument:
        usage = f"/{command.words[0]} {command.argument}"
        raise errors.UsageError(f"/{word} alone says too little.", f"Type {usage}.")
    if argument and not command.argument:
        raise errors.UsageError(f"/{word} takes nothing after it.")
    return command, argument


def without_escape(text: str) -> str:
    """Take the first of two slashes away where one alone would make a command of the text."""
    if not text.startswith("//"):
        return text
    try:
        is_command = slash(text[1:]) is not None
    except errors.UsageError:
        is_command = True
    return text[1:] if is_command else text
