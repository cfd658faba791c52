"""A chat as a Markdown document for people: the branch that is shown, with its files.

Knows nothing of versions that are not shown; the JSON document keeps those.
"""

import re
import time

from localchat import sanitize
from localchat.chat import messages
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import FILE, Message, Part

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def write(chat: WholeChat, *, with_thoughts: bool = False) -> str:
    """Write a chat; every text in it is safe to show in a terminal."""
    record = chat.record
    lines = [f"# {_plain(record.title) or 'Chat'}", ""]
    lines += [f"*{day(record.created_seconds)}*", ""]
    if record.settings.system:
        lines += ["## System prompt", "", sanitize.text(record.settings.system), ""]
    for message in chat.tree.path():
        lines += [*_message(message, with_thoughts), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def speaker(message: Message) -> str:
    """Name who said a message, safe to show."""
    if message.role == "user":
        return "You"
    if message.role == "system":
        return "System"
    return sanitize.line(message.model.name, 80) if message.model else "Model"


def remark(message: Message) -> str:
    """Say how an answer came about, in one line; empty where there is nothing to say."""
    said = []
    stats = message.stats
    if stats is not None and stats.tokens:
        said.append(f"{stats.tokens:,} tokens")
        if stats.tokens_per_second:
            said.append(f"{stats.tokens_per_second:.1f} tokens/s")
    if message.ending in _ENDINGS:
        said.append(_ENDINGS[message.ending])
    return " · ".join(said)


def day(seconds: float) -> str:
    """Write a moment as people of any country read it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def fenced(part: Part) -> str:
    """Write a file's content in a fence that it cannot close."""
    return messages.fence(sanitize.text(part.text).rstrip("\n"))


_ENDINGS = {
    "length": "cut: the token limit was reached",
    "context": "cut: the context was full",
    "cancelled": "stopped",
    "interrupted": "interrupted",
    "error": "ended by an error",
}


def _message(message: Message, with_thoughts: bool) -> list[str]:
    lines = [f"## {_plain(speaker(message))}", ""]
    for part in message.files:
        lines += [f"**{_plain(part.name or part.kind)}**", ""]
        lines += [fenced(part), ""] if part.kind == FILE else []
    if with_thoughts and message.reasoning:
        thoughts = sanitize.text(message.reasoning).strip().splitlines()
        lines += ["> Thoughts", ">", *(f"> {each}".rstrip() for each in thoughts), ""]
    if text := sanitize.text(message.text).strip("\n"):
        lines += [text, ""]
    if said := remark(message):
        lines += [f"*{said}*"]
    return lines


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", sanitize.line(text, 200))
