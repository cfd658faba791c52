"""`localchat chats import`: chats of localchat, ChatGPT and LM Studio into the store."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from localchat import errors, paths
from localchat.chat.exchange import reading
from localchat.chat.store.store import Store
from localchat.cli import chats, console
from localchat.cli.console import Console


def run(given: argparse.Namespace) -> int:
    """Read every file, then keep what is new, and return the exit code.

    Raises ChatsUnreadable, before anything is kept, or StoreError.
    """
    found = [chat for name in given.files for chat in reading.read(Path(name).expanduser())]
    rows: list[dict[str, Any]] = []
    store = Store.open(paths.paths().chats_file)
    try:
        here = {each.id for deleted in (False, True) for each in store.chats(deleted)}
        for chat in found:
            is_new = chat.record.id not in here
            if is_new:
                store.import_chat(chat.record, chat.tree)
                here.add(chat.record.id)
            rows.append({**chats.as_json(chat.record), "is_new": is_new})
    finally:
        store.close()
    if given.json:
        console.write(sys.stdout, json.dumps(rows, indent=2) + "\n")
    else:
        Console(sys.stdout, sys.stderr).note(_sentence(rows))
    return int(errors.ExitCode.OK)


def _sentence(rows: list[dict[str, Any]]) -> str:
    new = sum(row["is_new"] for row in rows)
    if not rows:
        return "There are no chats with messages in it."
    words = f"{new:,} chat{'' if new == 1 else 's'} imported"
    old = len(rows) - new
    return f"{words}; {old:,} {'was' if old == 1 else 'were'} here already." if old else f"{words}."
