"""`localchat chats`: runs its commands, and finds the chat that somebody means."""

import argparse
import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from localchat import errors, paths, sanitize
from localchat.chat.records import ChatRecord
from localchat.chat.store.store import Store
from localchat.cli.console import Console

SHORT_ID_CHARACTERS: Final = 8
LAST: Final = "last"
_MODULES = MappingProxyType(
    {
        "list": "chats_listing",
        "search": "chats_search",
        "show": "chats_show",
        "rm": "chats_remove",
        "restore": "chats_remove",
        "export": "chats_export",
        "import": "chats_import",
    }
)
"""Where each command is."""


def run(given: argparse.Namespace) -> int:
    """Run one of the commands, and return the exit code."""
    module = importlib.import_module(f"localchat.cli.{_MODULES[given.chats_command]}")
    return int(module.run(given))


@contextlib.contextmanager
def opened() -> Iterator[Store | None]:
    """Open the chats; None where there are none yet. Raises StoreError."""
    file = paths.paths().chats_file
    if not file.exists():
        yield None
        return
    store = Store.open(file)
    try:
        console = Console(sys.stdout, sys.stderr)
        for notice in store.notices:
            console.note(notice)
        yield store
    finally:
        store.close()


def records(store: Store | None) -> tuple[ChatRecord, ...]:
    """List the chats; none where nothing was kept yet. Raises StoreError."""
    return store.chats() if store is not None else ()


def find(store: Store | None, text: str, *, deleted: bool = False) -> ChatRecord:
    """Find the chat that is meant by the beginning of its id, its title, or `last`.

    Raises StoreError where there is none, UsageError where there are several.
    """
    records = store.chats(deleted) if store is not None else ()
    shown = sanitize.line(text, 60)
    found = _matches(records, text.strip())
    if len(found) > 1:
        names = ", ".join(each.id[:SHORT_ID_CHARACTERS] for each in found[:10])
        raise errors.UsageError(f'{len(found)} chats match "{shown}".', f"Name one: {names}")
    if not found:
        option = " --deleted" if deleted else ""
        raise errors.StoreError(
            f'There is no chat "{shown}".', f"See what there is: localchat chats list{option}"
        )
    return found[0]


def title(record: ChatRecord, limit_characters: int = 160) -> str:
    """Give a chat's title as it can be shown on a line."""
    return sanitize.line(record.title, limit_characters) or "(no title)"


def as_json(record: ChatRecord) -> dict[str, Any]:
    """Describe a chat as plain data."""
    return {
        "id": record.id,
        "title": record.title,
        "is_pinned": record.is_pinned,
        "messages": record.messages,
        "model": record.model,
        "created": iso(record.created_seconds),
        "updated": iso(record.updated_seconds),
        "deleted": None if record.deleted_seconds is None else iso(record.deleted_seconds),
    }


def iso(seconds: float) -> str:
    """Write a moment as JSON has it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _matches(records: Sequence[ChatRecord], text: str) -> list[ChatRecord]:
    """Give what fits best: the last one, an id, a whole title, or a part of one."""
    if text == LAST:
        return sorted(records, key=lambda each: each.updated_seconds)[-1:]
    wanted = text.casefold()
    by_id = [each for each in records if wanted and each.id.startswith(wanted)]
    by_title = [each for each in records if each.title.casefold() == wanted]
    by_part = [each for each in records if wanted and wanted in each.title.casefold()]
    return by_title or by_id or by_part
