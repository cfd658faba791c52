"""Finds chats by their words: what is asked of the database, and the text around a match."""

import functools
import re
from typing import Final

from localchat.chat.records import Hit
from localchat.chat.store.database import Database
from localchat.chat.store.index import Index

_WORD: Final = re.compile(r'"([^"]+)"|(\S+)')
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]+")
_WILD: Final = re.compile(r"[%_\\]")
_ESCAPED: Final = r"\\\g<0>"
_MOST_WORDS: Final = 20
_BEFORE_CHARACTERS: Final = 40
_SNIPPET_CHARACTERS: Final = 160

_PARTS: Final = """
    SELECT message.id AS message_id, message.role, message.created_seconds, chat.id AS chat_id,
        chat.title, part.text
    FROM part JOIN message ON message.id = part.message_id JOIN chat ON chat.id = message.chat_id
    WHERE part.number IN (
        SELECT part.number FROM {source}
        JOIN message ON message.id = part.message_id JOIN chat ON chat.id = message.chat_id
        WHERE {condition} AND message.deleted_seconds IS NULL AND chat.deleted_seconds IS NULL
        ORDER BY message.created_seconds DESC LIMIT ?
    )
    ORDER BY message.created_seconds DESC, part.position
"""
_TITLES: Final = """
    SELECT NULL AS message_id, NULL AS role, chat.updated_seconds AS created_seconds,
        chat.id AS chat_id, chat.title, chat.title AS text
    FROM {source} WHERE {condition} AND chat.deleted_seconds IS NULL
    ORDER BY chat.updated_seconds DESC LIMIT ?
"""
_SOURCES: Final = {
    "part": "part_index JOIN part ON part.number = part_index.rowid",
    "chat": "chat_index JOIN chat ON chat.number = chat_index.rowid",
}


def search(database: Database, index: Index, text: str, limit: int) -> tuple[Hit, ...]:
    """Find titles, then content, with every word of a text; the newest first.

    The connection knows `holds`. Raises StoreError.
    """
    words = divide(text)
    if not words or limit < 1:
        return ()
    hits: dict[tuple[str, str | None], Hit] = {}
    for query, table, column in ((_TITLES, "chat", "title"), (_PARTS, "part", "text")):
        source, condition, values = _where(index, words, table, column)
        sql = query.format(source=source, condition=condition)
        for row in database.rows(sql, (*values, limit)):
            found = snippet(row["text"], words)
            hit = Hit(
                row["chat_id"], row["message_id"], row["title"], row["role"], found,
                row["created_seconds"],
            )  # fmt: skip
            hits.setdefault((hit.chat_id, hit.message_id), hit)
    return tuple(hits.values())[:limit]


def divide(text: str) -> tuple[str, ...]:
    """Divide what was typed into words; those in quotation marks belong together.

    >>> divide('tea "green leaf" tea')
    ('tea', 'green leaf')
    """
    safe = _CONTROL.sub(" ", text).encode("utf-8", errors="replace").decode("utf-8")
    words = (phrase or word for phrase, word in _WORD.findall(safe))
    return tuple(dict.fromkeys(word for word in words if word.strip()))[:_MOST_WORDS]


def holds(text: str, word: str) -> bool:
    """Whether a word is in a text, in small letters or large."""
    return _pattern((word,)).search(text) is not None


def snippet(text: str, words: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Cut the text around the first match into pieces, each with whether it is one.

    >>> snippet("We drank tea.", ("TEA",))
    (('We drank ', False), ('tea', True), ('.', False))
    """
    first = _pattern(words).search(text)
    start = max(first.start() - _BEFORE_CHARACTERS, 0) if first else 0
    end = start + _SNIPPET_CHARACTERS
    shown = " ".join(text[start:end].split())
    lead, trail = "…" * (start > 0), "…" * (end < len(text))
    pieces: list[tuple[str, bool]] = [(lead, False)]
    at = 0
    for match in _pattern(words).finditer(shown):
        pieces += [(shown[at : match.start()], False), (match.group(), True)]
        at = match.end()
    pieces += [(shown[at:], False), (trail, False)]
    return tuple(piece for piece in pieces if piece[0])


def _where(
    index: Index, words: tuple[str, ...], table: str, column: str
) -> tuple[str, str, tuple[str, ...]]:
    """Give what to read, on which condition, and the values in it."""
    indexed = tuple(word for word in words if index.finds(word))
    exact = index.tokenizer == "trigram"
    read = [word for word in words if word not in indexed or not exact]
    tests = [_test(f"{table}.{column}", word) for word in read]
    conditions = [condition for condition, _ in tests]
    values = [value for _, value in tests]
    if not indexed:
        return table, " AND ".join(conditions), (*values,)
    conditions.insert(0, f"{table}_index MATCH ?")
    return _SOURCES[table], " AND ".join(conditions), (index.query(indexed), *values)


def _test(column: str, word: str) -> tuple[str, str]:
    """Give the condition that a word is in a column, and the value in it."""
    if word.isascii():
        return f"{column} LIKE ? ESCAPE '\\'", f"%{_WILD.sub(_ESCAPED, word)}%"
    if word.lower() == word.upper():
        return f"instr({column}, ?)", word
    # SQLite alone knows two sizes of ASCII letters only.
    return f"holds({column}, ?)", word


@functools.lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
