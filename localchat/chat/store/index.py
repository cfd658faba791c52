"""The index that makes every chat searchable: FTS5 over titles and finished content.

Derived from the tables: it is made again where it is missing, or was made by another SQLite.
"""

from typing import Final

from localchat.chat.store.database import Damaged, Database

_FACT: Final = "index"
_INDEXED: Final = (("part", "text"), ("chat", "title"))
_SHORTEST_TRIGRAM_CHARACTERS: Final = 3


class Index:
    """The index of a database; what changes it belongs into a transaction."""

    def __init__(self, database: Database, tokenizer: str) -> None:
        self._database = database
        self.tokenizer = tokenizer
        """Empty where there is no index: then a search reads everything."""

    def add_parts(self, message_id: str) -> None:
        """Take the parts of a message into the index."""
        self._change("part", "text", "", "message_id", message_id)

    def remove_parts(self, message_id: str) -> None:
        """Take the parts of a message out, before they change or go."""
        self._change("part", "text", "delete", "message_id", message_id)

    def add_title(self, chat_id: str) -> None:
        """Take a chat's title into the index."""
        self._change("chat", "title", "", "id", chat_id)

    def remove_title(self, chat_id: str) -> None:
        """Take a chat's title out, before it changes or goes."""
        self._change("chat", "title", "delete", "id", chat_id)

    def merge(self) -> None:
        """Make the index one piece, so that nothing of what was removed is left in it."""
        if self.tokenizer:
            for table, _ in _INDEXED:
                self._database.run(f"INSERT INTO {table}_index ({table}_index) VALUES ('optimize')")

    def check(self) -> None:
        """Compare the index with the tables; in a transaction of its own.

        Raises Damaged where they differ.
        """
        for table, _ in _INDEXED if self.tokenizer else ():
            with self._database.writing(durable=False):
                self._database.run(
                    f"INSERT INTO {table}_index ({table}_index, rank) VALUES ('integrity-check', 1)"
                )

    def finds(self, word: str) -> bool:
        """Whether the index knows where a word is, rather than only a reading of everything."""
        if self.tokenizer == "trigram":
            return len(word) >= _SHORTEST_TRIGRAM_CHARACTERS
        # The other tokenizer knows words that blanks divide: not those of Chinese or Thai.
        return self.tokenizer != "" and word.isascii() and word.isalnum()

    def query(self, words: tuple[str, ...]) -> str:
        """Write what FTS5 is asked for: every word, each in quotation marks and so only text."""
        mark = "" if self.tokenizer == "trigram" else "*"
        quoted = ('"' + word.replace('"', '""') + '"' + mark for word in words)
        return " AND ".join(quoted)

    def _change(self, table: str, column: str, command: str, key: str, value: str) -> None:
        if not self.tokenizer:
            return
        # An index without content of its own has to be told what it forgets.
        into, first = ("", "") if not command else (f"{table}_index, ", f"'{command}', ")
        self._database.run(
            f"INSERT INTO {table}_index ({into}rowid, {column})"
            f" SELECT {first}number, {column} FROM {table} WHERE {key} = ?",
            (value,),
        )


def ensure(database: Database, tokenizer: str, *, is_suspect: bool = False) -> Index:
    """Find the index, or make it, with the best tokenizer there is.

    One that is suspect is compared with the tables, and made again if they differ. Raises
    StoreError.
    """
    made_with = database.value("SELECT value FROM fact WHERE name = ?", (_FACT,)) or ""
    found = Index(database, made_with if made_with == tokenizer else "")
    if database.is_read_only or (made_with == tokenizer and not (is_suspect and _differs(found))):
        return found
    is_there = database.value("SELECT 1 FROM sqlite_master WHERE name = 'part_index'")
    if not tokenizer or (tokenizer != "trigram" and is_there and made_with != tokenizer):
        # This SQLite cannot open the index that is there. Another one will make it anew.
        with database.writing():
            _remember(database, "")
        return Index(database, "")
    with database.writing():
        for table, column in _INDEXED:
            database.run(f"DROP TABLE IF EXISTS {table}_index")
            database.run(
                f"CREATE VIRTUAL TABLE {table}_index USING fts5({column}, content='{table}',"
                f" content_rowid='number', tokenize='{tokenizer}')"
            )
            database.run(f"INSERT INTO {table}_index ({table}_index) VALUES ('rebuild')")
        _remember(database, tokenizer)
    return Index(database, tokenizer)


def _differs(index: Index) -> bool:
    try:
        index.check()
    except Damaged:
        return True
    return False


def _remember(database: Database, tokenizer: str) -> None:
    database.run("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (_FACT, tokenizer))
