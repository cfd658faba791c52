"""Chats as localchat's own JSON: nothing is left out, and what was written can be read again.

The format is {"format": "localchat chats", "version": 1, "chats": [...]}. Knows no other program.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from localchat import errors, sanitize
from localchat.chat import settings
from localchat.chat.exchange.values import WholeChat
from localchat.chat.messages import Ending, Message
from localchat.chat.records import ChatRecord
from localchat.chat.tree import Summary, Tree
from localchat.engine import records, wire

FORMAT: Final = "localchat chats"
VERSION: Final = 1


def write(chats: Sequence[WholeChat]) -> str:
    """Write chats as a JSON document that any terminal can show."""
    document = {"format": FORMAT, "version": VERSION, "chats": [_chat(each) for each in chats]}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # JSON escapes the lower control characters by itself, but not all that a terminal obeys.
    return sanitize.UNSAFE.sub(lambda match: json.dumps(match.group())[1:-1], text) + "\n"


def is_one(document: object) -> bool:
    """Tell whether this is a document of ours."""
    return isinstance(document, Mapping) and document.get("format") == FORMAT


def read(document: Mapping[str, Any]) -> tuple[WholeChat, ...]:
    """Read a document of ours. Raises ChatsUnreadable."""
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise errors.ChatsUnreadable(
            "These chats were written by a newer localchat.",
            "Install the newest version to read them.",
        )
    try:
        return tuple(_read_chat(each) for each in document["chats"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.ChatsUnreadable(
            "This file of chats is damaged.", "Export the chats again where they came from."
        ) from error


def _chat(chat: WholeChat) -> dict[str, Any]:
    record = dataclasses.asdict(chat.record)
    record["settings"] = json.loads(settings.to_json(chat.record.settings))
    return {
        **record,
        "messages": [dataclasses.asdict(each) for each in chat.tree.messages.values()],
        "chosen": dict(chat.tree.chosen),
        "summaries": [dataclasses.asdict(each) for each in chat.tree.summaries],
    }


def _read_chat(fields: Mapping[str, Any]) -> WholeChat:
    known = {field.name for field in dataclasses.fields(ChatRecord)} - {"settings", "messages"}
    messages = [records.build(Message, each) for each in fields["messages"]]
    summaries = [records.build(Summary, each) for each in fields.get("summaries", ())]
    record = dataclasses.replace(
        records.build(ChatRecord, {key: fields[key] for key in known & fields.keys()}),
        settings=settings.from_json(json.dumps(fields.get("settings", {}))),
        messages=len(messages),
    )
    _check(record, messages)
    tree = Tree(
        {each.id: each for each in messages}, dict(fields.get("chosen", {})), tuple(summaries)
    )
    return WholeChat(record, tree)


def _check(record: ChatRecord, messages: Sequence[Message]) -> None:
    """Raise ValueError unless every message hangs, without a circle, in this chat."""
    texts = (record.id, record.title, record.draft, record.model)
    if not all(isinstance(each, str) for each in texts) or not record.id:
        raise ValueError("not a chat")
    seen: set[str] = set()
    for each in messages:
        if each.chat_id != record.id or each.id in seen:
            raise ValueError("a message of another chat")
        if each.parent_id is not None and each.parent_id not in seen:
            raise ValueError("a message before its parent")
        _check_message(each)
        seen.add(each.id)


def _check_message(message: Message) -> None:
    parts = (text for part in message.parts for text in (part.kind, part.text, part.name))
    if not all(isinstance(each, str) for each in (message.id, message.reasoning, *parts)):
        raise ValueError("a text that is none")
    if not isinstance(message.created_seconds, int | float):
        raise ValueError("a moment that is none")
    if message.role not in get_args(wire.Role) or message.ending not in get_args(Ending):
        raise ValueError("not a message")
