"""What `/copy` means: the last answer, a block of code in it, or the chat. Knows no widgets."""

from localchat import errors
from localchat.chat.chat import Chat
from localchat.chat.exchange import markdown
from localchat.chat.exchange.values import WholeChat
from localchat.ui import code_blocks

_MOST_DIGITS = 6


def wanted(chat: Chat, which: str = "") -> tuple[str, str]:
    """Give the text that is meant, and its name. Raises UsageError where there is none."""
    if which.lower() == "all":
        if not chat.path:
            raise errors.UsageError("There is nothing to copy yet.")
        return markdown.write(WholeChat(chat.record, chat.tree)), "The chat"
    answers = [each for each in chat.path if each.role == "assistant" and each.text]
    if not answers:
        raise errors.UsageError("There is no answer to copy yet.")
    if not which:
        return answers[-1].text, "The last answer"
    return block(answers[-1].text, which), f"Code block {which}"


def block(text: str, which: str) -> str:
    """Give the block of code of a number, as it is written. Raises UsageError."""
    if not which.isdecimal() or len(which) > _MOST_DIGITS:
        hint = "/copy 1 copies the first block of code in the last answer."
        raise errors.UsageError("/copy takes a number, all, or nothing.", hint)
    found, number = code_blocks.code(text), int(which)
    if not 0 < number <= len(found):
        has = f"{len(found)} blocks" if len(found) > 1 else "1 block" if found else "no block"
        raise errors.UsageError(f"There is no block {number}: the answer has {has} of code.")
    return found[number - 1]
