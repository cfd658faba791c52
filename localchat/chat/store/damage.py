"""Finds out whether a database is sound, and saves what can be read of one that is not.

The damaged file is only renamed, never changed, so that nothing more is lost.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from localchat import errors
from localchat.chat.store.database import Damaged, Database

_ORDERS: Final = {
    "chat": "number {0}",
    "message": "number {0}",
    "part": "number {0}",
    "fragment": "message_id {0}, sequence {0}",
    "choice": "chat_id {0}, parent_id {0}",
    "summary": "rowid {0}",
}
"""How each table lies in the file, so that reading it in order needs no other page."""
_SIDE_FILES: Final = ("-wal", "-shm", "-journal")


def check(database: Database) -> None:
    """Read the whole database and compare what belongs together. Raises Damaged or StoreError."""
    found = database.value("PRAGMA quick_check(1)")
    if found != "ok":
        raise Damaged("The file with the chats is damaged.")


def set_aside(file: Path) -> Path:
    """Rename a damaged database, with what belongs to it, and give its new name.

    Raises StoreError.
    """
    name = f"{file.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}"
    target, count = file.with_name(name), 1
    while target.exists():
        count += 1
        target = file.with_name(f"{name}-{count}")
    try:
        file.rename(target)
        for suffix in _SIDE_FILES:
            with contextlib.suppress(FileNotFoundError):
                file.with_name(file.name + suffix).rename(target.with_name(target.name + suffix))
    except OSError as error:
        raise errors.StoreError(
            f"The chats are damaged and cannot be set aside: {error.strerror}.",
            f"Rename {file} yourself.",
        ) from error
    return target


def save(damaged: Path, target: Database) -> int:
    """Copy every row that can be read into an empty database, and count the chats.

    Raises StoreError when the target cannot be written.
    """
    address = f"{damaged.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as source, target.writing():
        source.text_factory = _decode
        target.run("PRAGMA defer_foreign_keys = ON")
        for table in _ORDERS:
            _copy(source, target, table)
        _mend(target)
    return int(target.value("SELECT count(*) FROM chat"))


def _copy(source: sqlite3.Connection, target: Database, table: str) -> None:
    known = {row["name"] for row in target.rows(f"PRAGMA table_info({table})")}
    for fields in _readable(source, table):
        kept = {name: value for name, value in fields.items() if name in known}
        names, marks = ", ".join(kept), ", ".join(f":{name}" for name in kept)
        # A row that breaks a rule of its table is part of the damage.
        target.run(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", kept)


def _readable(source: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Give every row up to where the table is torn, then those from its end up to there."""
    for direction in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error):
            order = _ORDERS[table].format(direction)
            cursor = source.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}")
            names = [each[0] for each in cursor.description]
            for row in cursor:
                yield dict(zip(names, row, strict=True))
            return


def _mend(target: Database) -> None:
    """Give messages without a chat one, and drop what belongs to messages that are lost."""
    now = time.time()
    target.run(
        "INSERT INTO chat (id, title, created_seconds, updated_seconds)"
        " SELECT chat_id, 'Recovered chat', ifnull(min(created_seconds), ?),"
        " ifnull(max(created_seconds), ?) FROM message"
        " WHERE chat_id NOT IN (SELECT id FROM chat) GROUP BY chat_id",
        (now, now),
    )
    for table in ("part", "fragment"):
        target.run(f"DELETE FROM {table} WHERE message_id NOT IN (SELECT id FROM message)")
    for table in ("choice", "summary"):
        target.run(f"DELETE FROM {table} WHERE chat_id NOT IN (SELECT id FROM chat)")


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
