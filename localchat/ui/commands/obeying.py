"""Do what a command asks for: the action of the nearest widget that has it."""

from textual import actions
from textual.dom import DOMNode

from localchat.ui.commands.command import Command
from localchat.ui.commands.registry import COMMANDS


async def run(node: DOMNode, command: Command, argument: str = "") -> bool:
    """Run a command's action, of this widget or one around it; return whether it could be."""
    owner, name, parameters = _find(node, command)
    if owner is None:
        return False
    given = (argument,) if argument else ()
    return await node.app.run_action(("", name, (*parameters, *given)), owner)


def is_possible(node: DOMNode, command: Command) -> bool:
    """Say whether the command means something here and now."""
    owner, name, parameters = _find(node, command)
    return owner is not None and owner.check_action(name, parameters) is True


def _find(node: DOMNode, command: Command) -> tuple[DOMNode | None, str, tuple[object, ...]]:
    """Find the widget whose command it is, the action's name, and its parameters."""
    if not command.action or "{key}" in command.action:
        # Told only, or it needs the key that was pressed.
        return None, "", ()
    namespace, name, parameters = actions.parse(command.action)
    here = [node, *node.ancestors]
    # Not by the action's name alone: a list of Textual's has actions of the same names.
    owner = next((each for each in here if command.where in _places(each)), None)
    if namespace == "app" and (owner is not None or command.keys):
        # Where a key only leads to another screen, every screen may go there.
        owner = node.app
    return (owner if hasattr(owner, f"action_{name}") else None), name, parameters


def _places(node: DOMNode) -> frozenset[str]:
    """The places whose keys are this widget's."""
    bound = {binding.id for _, binding in node._bindings if binding.id}
    return frozenset(each.where for each in COMMANDS if each.id in bound)
