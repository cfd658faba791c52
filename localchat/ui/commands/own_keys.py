"""The reader's own keys on the screens: told as they are, and heard before a text area's."""

from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

from localchat.ui.commands import keys
from localchat.ui.commands.command import Command
from localchat.ui.commands.registry import COMMANDS

if TYPE_CHECKING:
    from localchat.ui.app import LocalchatApp


def spoken(node: DOMNode, command_id: str) -> str:
    """Write the first key of a command, as the reader has it. Raises KeyError."""
    command = {each.id: each for each in _every(node)}[command_id]
    return keys.spoken(command.keys[0])


def make_room(node: DOMNode) -> None:
    """Let a text area forget those of its own keys that the reader gave to commands."""
    usual = {each.id: each.keys for each in COMMANDS}
    for command in _every(node):
        if command.where in keys.WRITING and command.keys != usual[command.id]:
            for key in command.keys:
                node._bindings.key_to_bindings.pop(key, None)


def _every(node: DOMNode) -> tuple[Command, ...]:
    app = cast("LocalchatApp", node.app)
    # A widget may be shown alone, as in a test.
    return getattr(app, "command_list", COMMANDS)
