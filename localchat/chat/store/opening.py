"""Opens the file with the chats: made, checked, brought to this version, mended, and made its own.

One program at a time; those that use the chats already are not in the way.
"""

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import errors
from localchat.chat.store import (
    damage,
    database,
    index,
    migrations,
    purging,
    recovery,
    schema,
    search,
    writers,
)
from localchat.chat.store.database import Abilities, Damaged, Database
from localchat.chat.store.index import Index
from localchat.chat.store.writers import Writer

_CHECKED_BYTES: Final = 32 << 20
"""Larger files are read through only after a program died, or found them damaged."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open database, and what came up on the way."""

    database: Database
    index: Index
    writer: Writer | None
    """None when it is open for reading only."""
    notices: tuple[str, ...] = ()


def open_to_read(file: Path, abilities: Abilities) -> Opened:
    """Open the chats as they are, and change nothing. Raises StoreError."""
    if not file.exists():
        raise errors.StoreError("There are no chats yet.", "Start one: localchat")
    found = Database(file, read_only=True, file_system=abilities.file_system)
    try:
        found.prepare()
        _recognize(found)
        return _ready(Opened(found, index.ensure(found, abilities.tokenizer), None))
    except errors.StoreError:
        found.close()
        raise


def open_to_write(file: Path, abilities: Abilities) -> Opened:
    """Open the chats, after mending what a crash left; a newer version's for reading only.

    Raises StoreError.
    """
    with writers.alone(file):
        living, dead = writers.bury(file)
        try:
            return _open_own(file, abilities, is_suspect=dead > 0)
        except Damaged:
            if living:
                raise errors.StoreError(
                    "The file with the chats is damaged, and another localchat uses it.",
                    "Close every localchat, then start it again.",
                ) from None
        return _begin_anew(file, abilities)


def _open(file: Path, abilities: Abilities, *, is_suspect: bool) -> Database:
    try:
        database.create(file)
        # Some disks know no modes; theirs are for all files alike.
        with contextlib.suppress(OSError):
            file.chmod(0o600)
        size_bytes = file.stat().st_size
    except OSError as error:
        raise errors.StoreError(
            f"The chats cannot be kept: {error.strerror}.", f"They would be in {file}."
        ) from error
    found = Database(file, file_system=abilities.file_system)
    try:
        _recognize(found)
        found.prepare()
        if is_suspect or size_bytes <= _CHECKED_BYTES:
            damage.check(found)
        if migrations.version(found) == 0:
            migrations.create(found)
        migrations.migrate(found)
    except errors.StoreError:
        found.close()
        raise
    return found


def _recognize(found: Database) -> None:
    """Raise StoreError when the file is another program's database."""
    if found.value("PRAGMA application_id") == schema.APPLICATION_ID:
        return
    if found.value("SELECT count(*) FROM sqlite_master"):
        raise errors.StoreError(
            "The file with the chats belongs to another program.", f"Move {found.file} away."
        )


def _open_own(file: Path, abilities: Abilities, *, is_suspect: bool) -> Opened:
    found = _open(file, abilities, is_suspect=is_suspect)
    if migrations.version(found) > schema.VERSION:
        found.close()
        return _newer(file, abilities)
    writer: Writer | None = None
    try:
        made = index.ensure(found, abilities.tokenizer, is_suspect=is_suspect)
        writer = Writer(file)
        recovery.recover(found, made, writer)
        purging.purge(found, made, time.time() - purging.KEPT_SECONDS)
    except errors.StoreError:
        found.close()
        if writer is not None:
            writer.close(is_well=False)
        raise
    return _ready(Opened(found, made, writer))


def _ready(opened: Opened) -> Opened:
    opened.database.add_function("holds", search.holds, 2)
    return opened


def _newer(file: Path, abilities: Abilities) -> Opened:
    opened = open_to_read(file, abilities)
    sentence = "A newer localchat made these chats: here they can be read, and nothing is kept."
    return Opened(opened.database, opened.index, None, (sentence,))


def _begin_anew(file: Path, abilities: Abilities) -> Opened:
    aside = damage.set_aside(file)
    empty = _open(file, abilities, is_suspect=False)
    try:
        saved = damage.save(aside, empty)
    finally:
        empty.close()
    what = {0: "no chat", 1: "1 chat"}.get(saved, f"{saved} chats")
    notice = f"The file with the chats was damaged: {what} could be saved; it is {aside}."
    return dataclasses.replace(_open_own(file, abilities, is_suspect=False), notices=(notice,))
