"""`localchat chats show`: the branch of a chat that is shown, as text or as JSON."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Any

from localchat import errors, sanitize
from localchat.chat import settings
from localchat.chat.messages import Message
from localchat.chat.records import ChatRecord
from localchat.chat.tree import Tree
from localchat.cli import chats, console
from localchat.cli.tables import Pen

_ENDINGS = {
    "length": "cut at the most tokens that were allowed",
    "context": "cut where the context was full",
    "cancelled": "stopped",
    "error": "failed",
    "interrupted": "cut off when localchat ended",
}


def run(given: argparse.Namespace) -> int:
    """Print one chat, and return the exit code. Raises StoreError or UsageError."""
    with chats.opened() as store:
        record = chats.find(store, given.chat)
        tree = store.tree(record.id) if store is not None else Tree()
    if given.json:
        text = json.dumps(as_json(record, tree), indent=2)
    else:
        text = "\n".join(_lines(record, tree, Pen(sys.stdout)))
    console.write(sys.stdout, text + "\n")
    return int(errors.ExitCode.OK)


def as_json(record: ChatRecord, tree: Tree) -> dict[str, Any]:
    """Describe a chat and the messages that are shown as plain data."""
    return {
        **chats.as_json(record),
        "settings": json.loads(settings.to_json(record.settings)),
        "branch": [_message(each, tree) for each in tree.path()],
    }


def _message(message: Message, tree: Tree) -> dict[str, Any]:
    return {
        "id": message.id,
        "parent_id": message.parent_id,
        "versions": list(tree.versions(message.id)),
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "files": [{"name": part.name, "text": part.text} for part in message.files],
        "is_streaming": message.is_streaming,
        "ending": message.ending,
        "error": message.error,
        "created": chats.iso(message.created_seconds),
        "model": None if message.model is None else dataclasses.asdict(message.model),
        "settings": dict(message.settings),
        "seed": message.seed,
        "stats": None if message.stats is None else dataclasses.asdict(message.stats),
    }


def _lines(record: ChatRecord, tree: Tree, pen: Pen) -> Iterator[str]:
    # What is piped on stays as it was said; a terminal would obey it.
    clean = sanitize.text if sys.stdout.isatty() else str
    yield pen.mark(chats.title(record), "strong")
    for message in tree.path():
        yield ""
        yield pen.mark(_heading(message, tree), "good")
        for part in message.files:
            yield pen.mark(f"[{sanitize.line(part.name or part.kind, 100)}]", "faint")
        if message.text:
            yield clean(message.text)
        if note := _note(message):
            yield pen.mark(f"({note})", "faint")


def _heading(message: Message, tree: Tree) -> str:
    name = sanitize.line(message.model.name, 60) if message.model is not None else ""
    who = "You" if message.role == "user" else name or "Model"
    versions = tree.versions(message.id)
    if len(versions) == 1:
        return f"{who}:"
    return f"{who} ({versions.index(message.id) + 1}/{len(versions)}):"


def _note(message: Message) -> str:
    if message.is_streaming:
        return "still coming"
    if message.error:
        return sanitize.line(f"failed: {message.error}", 300)
    return _ENDINGS.get(message.ending, "")
