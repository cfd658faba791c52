"""Every command can be done: where its keys are, there is its action."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import actions
from textual.dom import DOMNode

import localchat.ui.screens
import localchat.ui.widgets
from localchat.ui.app import LocalchatApp
from localchat.ui.commands import COMMANDS
from localchat.ui.commands.command import Command


def _widgets() -> Iterator[type[DOMNode]]:
    yield LocalchatApp
    for package in (localchat.ui.screens, localchat.ui.widgets):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = __import__(found.name, fromlist=["*"])
            for _, each in inspect.getmembers(module, inspect.isclass):
                if issubclass(each, DOMNode) and each.__module__ == found.name:
                    yield each


def _owners(command: Command) -> list[type[DOMNode]]:
    namespace, _, _ = actions.parse(command.action.replace("{key}", "1"))
    if namespace == "app" or command.where == "app":
        return [LocalchatApp]
    ids = {each: {getattr(key, "id", "") for key in each.BINDINGS} for each in _widgets()}
    return [each for each, bound in ids.items() if command.id in bound]


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if each.action], ids=lambda command: command.id
)
def test_a_command_has_its_action(command: Command) -> None:
    """The screen or widget that has the key knows what to do."""
    namespace, name, parameters = actions.parse(command.action.replace("{key}", "1"))
    owners = _owners(command)
    assert owners, "no screen or widget has its keys"
    for owner in owners if namespace != "screen" else ():
        action = getattr(owner, f"action_{name}")
        given = (*parameters, "text") if command.argument else parameters
        # Raises TypeError where the action cannot be called as the command calls it.
        inspect.signature(action).bind(None, *given)


def test_keys_that_are_told_are_of_commands_there_are() -> None:
    """Where a widget tells the key of a command by its id, there is one with keys."""
    sources = Path(localchat.ui.widgets.__file__).parents[1].rglob("*.py")
    told = {
        found[1]
        for source in sources
        for found in re.finditer(r'spoken\(self, "([^"]+)"\)', source.read_text("utf-8"))
    }
    assert told
    assert told - {each.id for each in COMMANDS if each.keys} == set()
