"""`localchat chats export`: a chat, or all of them, as Markdown, a page or JSON."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from localchat import errors, sanitize
from localchat.chat.exchange import writing
from localchat.chat.exchange.values import WholeChat
from localchat.chat.store.store import Store
from localchat.cli import chats, console
from localchat.cli.console import Console


def run(given: argparse.Namespace) -> int:
    """Write the chats that were named, and return the exit code.

    Raises StoreError, UsageError or ChatsUnwritten.
    """
    _check(given)
    with chats.opened() as store:
        found = _chats(given, store)
    output = Path(given.output).expanduser() if given.output else None
    if output is None:
        format = given.format or ("json" if given.all or given.json else "md")
        text = writing.render(found, format, with_thoughts=given.thoughts)
        console.write(sys.stdout, text)
        return int(errors.ExitCode.OK)
    files = _write(given, found, output)
    if given.json:
        rows = [{"file": str(file)} for file in files]
        console.write(sys.stdout, json.dumps(rows, indent=2) + "\n")
    else:
        told = Console(sys.stdout, sys.stderr)
        for file in files:
            told.note(f"Written to {sanitize.line(str(file), 200)}")
    return int(errors.ExitCode.OK)


def _check(given: argparse.Namespace) -> None:
    if bool(given.chat) == given.all:
        raise errors.UsageError(
            "Name one chat, or say --all.", "See what there is: localchat chats list"
        )


def _chats(given: argparse.Namespace, store: Store | None) -> tuple[WholeChat, ...]:
    records = chats.records(store) if given.all else (chats.find(store, given.chat),)
    if store is None:
        return ()
    return tuple(WholeChat(each, store.tree(each.id)) for each in records)


def _write(given: argparse.Namespace, found: Sequence[WholeChat], output: Path) -> list[Path]:
    format = given.format
    if output.is_dir():
        format = format or "md"
        texts = [writing.render([each], format, with_thoughts=given.thoughts) for each in found]
        return [
            _save(output, writing.suggested_name(each.record.title, format), text, given.force)
            for each, text in zip(found, texts, strict=True)
        ]
    format = format or writing.format_of(output)
    text = writing.render(found, format, with_thoughts=given.thoughts)
    return [writing.save(output, text, replace=given.force)]


def _save(folder: Path, name: str, text: str, force: bool) -> Path:
    """Write into a folder; several chats may have one title."""
    file, number = folder / name, 1
    while file.exists() and not force:
        number += 1
        file = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return writing.save(file, text, replace=force)
