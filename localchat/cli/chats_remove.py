"""`localchat chats rm` and `restore`: chats go, after a question, and come back."""

import argparse
import json
import sys

from localchat import errors
from localchat.chat.records import ChatRecord
from localchat.chat.store.store import Store
from localchat.cli import asking, chats
from localchat.cli.console import Console


def run(given: argparse.Namespace) -> int:
    """Delete a chat or bring it back, and return the exit code.

    Raises StoreError where there is none, UsageError where nobody can be asked.
    """
    with chats.opened() as store:
        if given.chats_command == "restore":
            record = chats.find(store, given.chat, deleted=True)
        else:
            record = _find_any(store, given.chat, forever=given.forever)
        if store is not None:
            return _change(store, record, given)
    return int(errors.ExitCode.OK)


def _find_any(store: Store | None, text: str, *, forever: bool) -> ChatRecord:
    try:
        return chats.find(store, text)
    except errors.StoreError:
        # What was deleted may still be removed for good.
        if forever:
            return chats.find(store, text, deleted=True)
        raise


def _change(store: Store, record: ChatRecord, given: argparse.Namespace) -> int:
    console = Console(sys.stdout, sys.stderr)
    if given.chats_command == "restore":
        store.restore_chat(record.id)
        done = f'"{chats.title(record)}" is back.'
    elif not given.yes and not _agreed(record, forever=given.forever):
        console.note("Nothing was deleted.")
        return int(errors.ExitCode.OK)
    elif given.forever:
        store.remove_chat(record.id)
        done = f'Removed "{chats.title(record)}" for good.'
    else:
        store.delete_chat(record.id)
        short = record.id[: chats.SHORT_ID_CHARACTERS]
        done = f'Deleted "{chats.title(record)}". To undo: localchat chats restore {short}'
    kept = not (given.chats_command == "rm" and given.forever)
    found = chats.as_json(store.chat(record.id) if kept else record)
    console.result(json.dumps({**found, "is_kept": kept}) if given.json else done)
    return int(errors.ExitCode.OK)


def _agreed(record: ChatRecord, *, forever: bool) -> bool:
    name = f'"{chats.title(record)}" with {_messages(record)}'
    if not asking.can_ask():
        short = record.id[: chats.SHORT_ID_CHARACTERS]
        option = " --forever" if forever else ""
        raise errors.UsageError(
            f"This would delete {name}, and nobody can be asked here.",
            f"Say --yes: localchat chats rm {short}{option} --yes",
        )
    if forever:
        return asking.yes(f"Remove {name} for good?", default=False)
    return asking.yes(f"Delete {name}? It can be brought back for 30 days.", default=False)


def _messages(record: ChatRecord) -> str:
    return "1 message" if record.messages == 1 else f"{record.messages:,} messages"
