"""Messages and chats to rows of the database, and back.

What a row holds and this version does not know, or cannot use, is left out and never an error.
"""

import dataclasses
import functools
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

from localchat.chat import settings
from localchat.chat.messages import Ending, Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.tree import Summary
from localchat.engine import wire

Record = TypeVar("Record")

_ROLES: tuple[wire.Role, ...] = get_args(wire.Role)
_ENDINGS: tuple[Ending, ...] = get_args(Ending)


def text(value: str) -> str:
    """Make a text one that the database takes: halves of characters are replaced."""
    return value.encode("utf-8", errors="replace").decode("utf-8")


def of_message(message: Message, writer_id: str) -> dict[str, Any]:
    """Give the columns of a message."""
    return {
        "id": message.id,
        "chat_id": message.chat_id,
        "parent_id": message.parent_id,
        "role": message.role,
        "reasoning": text(message.reasoning),
        "is_streaming": message.is_streaming,
        "ending": message.ending,
        "error": text(message.error),
        "created_seconds": message.created_seconds,
        "model": _as_json(message.model),
        "settings": json.dumps(dict(message.settings), default=str),
        "seed": message.seed,
        "stats": _as_json(message.stats),
        "is_edited": message.is_edited,
        "writer": writer_id if message.is_streaming else "",
    }


def message(
    row: sqlite3.Row, parts: tuple[Part, ...], fragments: Sequence[sqlite3.Row] = ()
) -> Message:
    """Make a message of its row, its parts, and what is coming in."""
    return Message(
        id=row["id"],
        chat_id=row["chat_id"],
        parent_id=row["parent_id"],
        role=row["role"] if row["role"] in _ROLES else "user",
        parts=joined(parts, said(fragments, "answer")),
        reasoning=row["reasoning"] + said(fragments, "reasoning"),
        is_streaming=bool(row["is_streaming"]),
        ending=row["ending"] if row["ending"] in _ENDINGS else "stop",
        error=row["error"],
        created_seconds=row["created_seconds"],
        model=_from_json(ModelMark, row["model"]),
        settings=_object(row["settings"]),
        seed=row["seed"],
        stats=_from_json(wire.Stats, row["stats"]),
        is_edited=bool(row["is_edited"]),
    )


def said(fragments: Sequence[sqlite3.Row], kind: str) -> str:
    """Join the fragments of one kind."""
    return "".join(each["text"] for each in fragments if each["kind"] == kind)


def joined(parts: tuple[Part, ...], more: str) -> tuple[Part, ...]:
    """Put text after what a message says."""
    if not more:
        return parts
    if parts and parts[-1].kind == "text":
        last = parts[-1]
        return (*parts[:-1], dataclasses.replace(last, text=last.text + more))
    return (*parts, Part("text", more))


def part(row: sqlite3.Row) -> Part:
    """Make a part of its row."""
    return Part(row["kind"], row["text"], row["name"], row["media_type"])


def of_chat(record: ChatRecord) -> dict[str, Any]:
    """Give the columns of a chat."""
    return {
        "id": record.id,
        "title": text(record.title),
        "has_own_title": record.has_own_title,
        "is_pinned": record.is_pinned,
        "created_seconds": record.created_seconds,
        "updated_seconds": record.updated_seconds,
        "deleted_seconds": record.deleted_seconds,
        "draft": text(record.draft),
        "settings": settings.to_json(record.settings),
        "model": text(record.model),
    }


def chat(row: sqlite3.Row) -> ChatRecord:
    """Make a chat of its row and the number of its messages."""
    return ChatRecord(
        id=row["id"],
        title=row["title"],
        has_own_title=bool(row["has_own_title"]),
        is_pinned=bool(row["is_pinned"]),
        created_seconds=row["created_seconds"],
        updated_seconds=row["updated_seconds"],
        deleted_seconds=row["deleted_seconds"],
        draft=row["draft"],
        settings=settings.from_json(row["settings"]),
        messages=row["messages"],
        model=row["model"],
    )


def of_summary(summary: Summary) -> dict[str, Any]:
    """Give the columns of a summary."""
    return {**dataclasses.asdict(summary), "text": text(summary.text), "model": text(summary.model)}


def summary(row: sqlite3.Row) -> Summary:
    """Make a summary of its row."""
    return Summary(**{field.name: row[field.name] for field in dataclasses.fields(Summary)})


def insert(table: str, columns: Mapping[str, Any]) -> str:
    """Write an INSERT for a row; what is there under its key stays."""
    names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"


def _as_json(value: ModelMark | wire.Stats | None) -> str | None:
    return None if value is None else json.dumps(dataclasses.asdict(value))


def _from_json(kind: type[Record], value: str | None) -> Record | None:
    """Make a record of plain fields; None where the fields are not its own."""
    if value is None:
        return None
    usual = _usual(cast(Any, kind))
    fields = {
        name: each
        for name, each in _object(value).items()
        if name in usual and isinstance(each, usual[name])
    }
    try:
        return kind(**fields)
    except TypeError:
        return None


@functools.cache
def _usual(kind: type) -> Mapping[str, tuple[type, ...]]:
    """Give the types that each field of a record may have."""
    numbers = (int, float)
    return {
        field.name: numbers if isinstance(field.default, numbers) else (str,)
        for field in dataclasses.fields(kind)
    }


def _object(value: str) -> dict[str, Any]:
    if value == "{}":
        return {}
    try:
        found = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
