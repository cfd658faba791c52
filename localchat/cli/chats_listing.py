"""`localchat chats list`: the chats that were kept."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence

from localchat import errors, units
from localchat.chat.records import ChatRecord
from localchat.cli import chats, console
from localchat.cli.tables import Cell, Column, Pen

_COLUMNS = (
    Column("id", 8, right=False),
    Column("title", 32, right=False),
    Column("messages", 8),
    Column("last used", 12, right=False),
    Column("model", 15, right=False),
)


def run(given: argparse.Namespace) -> int:
    """Print every chat, or those that were deleted, and return the exit code."""
    with chats.opened() as store:
        found = store.chats(given.deleted) if store is not None else ()
    if given.json:
        text = json.dumps([chats.as_json(each) for each in found], indent=2)
    else:
        text = "\n".join(_lines(found, Pen(sys.stdout), is_of_deleted=given.deleted))
    console.write(sys.stdout, text + "\n")
    return int(errors.ExitCode.OK)


def _lines(found: Sequence[ChatRecord], pen: Pen, *, is_of_deleted: bool) -> Iterator[str]:
    if found:
        yield from pen.table(_COLUMNS, [_row(each) for each in found])
        if is_of_deleted:
            yield ""
            yield "Bring one back: localchat chats restore ID"
    elif is_of_deleted:
        yield "Nothing was deleted in the last 30 days."
    else:
        yield "There are no chats yet. Start one: localchat"


def _row(record: ChatRecord) -> tuple[Cell | str, ...]:
    ago = units.human_age(time.time() - (record.deleted_seconds or record.updated_seconds))
    return (
        record.id[: chats.SHORT_ID_CHARACTERS],
        Cell(f"{'* ' if record.is_pinned else ''}{chats.title(record)}", "strong"),
        str(record.messages),
        ago,
        record.model,
    )
