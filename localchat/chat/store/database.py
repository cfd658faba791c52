"""One connection to the database: transactions, how safely they reach the disk, and its errors.

The only room that turns SQLite's errors into ours. Knows no table.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localchat import errors, paths

BUSY_SECONDS: Final = 20.0
"""How long a transaction waits for that of another program."""
DURABLE_SECONDS: Final = 5.0
"""A power cut takes what was written in this time; a crash of the program takes nothing."""

_PRIMARY: Final = 0xFF
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What this Python's SQLite can do here."""

    tokenizer: str = "trigram"
    """How FTS5 cuts text: "trigram", or "unicode61" before SQLite 3.34; empty without FTS5."""
    file_system: str = ""
    """SQLite's name of the way to files and locks; empty for the usual one."""


def probe() -> Abilities:
    """Find out what SQLite can do."""
    connection = sqlite3.connect(":memory:")
    for tokenizer in ("trigram", "unicode61"):
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"CREATE VIRTUAL TABLE t USING fts5(x, tokenize='{tokenizer}')")
            connection.close()
            return Abilities(tokenizer)
    connection.close()
    return Abilities("")


class Database:
    """An open file; for one thread."""

    def __init__(self, file: Path, *, read_only: bool = False, file_system: str = "") -> None:
        """Connect to a file that is there. Raises StoreError, or Damaged."""
        self.file = file
        self.is_read_only = read_only
        self.is_damaged = False
        """Something that was read is not as it should be."""
        self._is_wal = False
        self._is_durable: bool | None = None
        self._durable_at = -DURABLE_SECONDS
        query = f"?mode={'ro' if read_only else 'rw'}" + (f"&vfs={file_system}" * bool(file_system))
        with self.translated():
            self._connection = sqlite3.connect(
                file.absolute().as_uri() + query,
                uri=True,
                isolation_level=None,
                timeout=BUSY_SECONDS,
            )
        self._connection.row_factory = sqlite3.Row

    def prepare(self) -> None:
        """Set how this connection works. Raises StoreError, or Damaged."""
        self.run("PRAGMA foreign_keys = ON")
        if self.is_read_only:
            return
        # What is removed must not be left in free pages; on macOS only this reaches the disk.
        for pragma in ("secure_delete", "fullfsync", "checkpoint_fullfsync"):
            self.run(f"PRAGMA {pragma} = ON")
        self._is_wal = self._try_wal()

    def add_function(self, name: str, function: Any, arguments: int) -> None:
        """Give SQL a function."""
        self._connection.create_function(name, arguments, function, deterministic=True)

    def run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement. Raises StoreError, or Damaged."""
        with self.translated():
            return self._connection.execute(sql, values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Give every row that a query finds. Raises StoreError, or Damaged."""
        with self.translated():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Give the first row that a query finds. Raises StoreError, or Damaged."""
        with self.translated():
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Give the first column of the first row, None where there is none."""
        row = self.row(sql, values)
        return None if row is None else row[0]

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[None]:
        """Hold one transaction: all of it is kept, or nothing; durable ones survive a power cut.

        Raises StoreError, or Damaged.
        """
        if self.is_read_only:
            raise errors.StoreError("The chats are open for reading only; nothing was changed.")
        self._set_durable(durable)
        # With IMMEDIATE it waits here for other programs, and never fails half-way.
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one state of the database over several queries. Raises StoreError, or Damaged."""
        self.run("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")

    def copy_to(self, target: Path) -> None:
        """Write a copy of the whole database, which is there whole or not at all.

        Not from a connection that holds a transaction. Raises StoreError, or Damaged.
        """
        part = target.with_name(f"{target.name}.part")
        with self.translated():
            part.unlink(missing_ok=True)
            create(part)
            with contextlib.closing(sqlite3.connect(part)) as copy:
                self._connection.backup(copy)
            with part.open("rb+") as handle:
                os.fsync(handle.fileno())
            part.replace(target)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn SQLite's errors and those of the disk into ours."""
        try:
            yield
        except sqlite3.Error as error:
            ours = _ours(error, self.file)
            self.is_damaged = self.is_damaged or isinstance(ours, Damaged)
            raise ours from error
        except OSError as error:
            raise errors.StoreError(
                f"The chats cannot be kept: {error.strerror or error}.", f"They are in {self.file}."
            ) from error

    def _try_wal(self) -> bool:
        """Let readers and a writer work at once; where a file system cannot, nothing is lost."""
        try:
            return bool(self.value("PRAGMA journal_mode = WAL") == "wal")
        except Damaged:
            raise
        except errors.StoreError:
            # Some network file systems fail rather than decline. The old journal stays.
            return False

    def _set_durable(self, durable: bool) -> None:
        now = time.monotonic()
        durable = durable or not self._is_wal or now - self._durable_at > DURABLE_SECONDS
        if durable:
            self._durable_at = now
        if durable != self._is_durable:
            self.run(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._is_durable = durable


class Damaged(errors.StoreError):
    """The file is not a sound database."""


def create(file: Path) -> None:
    """Make an empty file for this user alone, unless there is one. Raises OSError."""
    paths.private_folder(file.parent)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _ours(error: sqlite3.Error, file: Path) -> errors.StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _DAMAGE:
        return Damaged(
            "The file with the chats is damaged.",
            "Start localchat again: it saves what can be read.",
        )
    if code == sqlite3.SQLITE_FULL:
        return errors.StoreError(
            "The disk is full, so the chats cannot be kept.", f"Make room where {file} is."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return errors.StoreError(
            "Another program keeps the chats locked.", f"Close what else uses {file}."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return errors.StoreError(
            "The chats cannot be opened or written.", f"Check who may write {file}."
        )
    return errors.StoreError(f"The chats cannot be used: {error}.", f"They are in {file}.")
