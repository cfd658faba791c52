"""Do what a slash word asks for: the action of the nearest widget that has it."""

from textual import actions
from textual.dom import DOMNode

from localchat import errors, sanitize
from localchat.ui import commands
from localchat.ui.commands.command import Command

_TOAST_CHARACTERS = 200


async def obey(node: DOMNode, text: str) -> bool:
    """Do what `/word argument` asks; return False for a text that is a message."""
    try:
        found = commands.slash(text)
        if found is None:
            return False
        if not await run(node, *found):
            word = found[0].words[0]
            raise errors.UsageError(f"/{word} is not possible now.")
    except errors.UsageError as error:
        words = sanitize.line(f"{error.message} {error.hint}".strip(), _TOAST_CHARACTERS)
        node.app.notify(words, severity="warning", markup=False)
    return True


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
    """Find the nearest widget that has the action, the action's name, and its parameters."""
    if not command.action:
        return None, "", ()
    namespace, name, parameters = actions.parse(command.action)
    around = [node.app] if namespace == "app" else node.ancestors_with_self
    owners = (each for each in around if hasattr(each, f"action_{name}"))
    return next(owners, None), name, parameters
