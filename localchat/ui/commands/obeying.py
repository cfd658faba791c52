"""Do what a slash word asks for: the action of the nearest widget that has it."""

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
    namespace, _, call = command.action.rpartition(".")
    name = call.partition("(")[0]
    owner = node.app if namespace == "app" else _owner(node, name)
    if not name or owner is None:
        return False
    action = ("", name, (argument,)) if argument else call
    return await node.app.run_action(action, owner)


def _owner(node: DOMNode, action: str) -> DOMNode | None:
    """Find the nearest widget that has an action of this name."""
    every = (each for each in node.ancestors_with_self if hasattr(each, f"action_{action}"))
    return next(every, None)
