"""An @ with a part of a file's name, where the cursor is. Pure text."""

import re
from dataclasses import dataclass

# Not within a word, so that mail addresses are left alone; quoted where there are blanks.
_MENTION = re.compile(r'(?:^|(?<=[\s(\[{,;:]))@(?:"(?P<quoted>[^"\n]*)"?|(?P<plain>[^\s"]*))')


@dataclass(frozen=True, slots=True)
class Mention:
    """What is written after an @, and where in its line."""

    begin: int
    end: int
    query: str


def at(line: str, column: int) -> Mention | None:
    """Find the mention that the cursor is in or right behind.

    >>> at("see @src/ma", 11)
    Mention(begin=4, end=11, query='src/ma')
    >>> at("me@example.org", 14) is None
    True
    """
    for match in _MENTION.finditer(line):
        if match.start() < column <= match.end():
            query = match["quoted"] if match["quoted"] is not None else match["plain"]
            return Mention(match.start(), match.end(), query)
    return None


def written(path: str) -> str:
    """Write a mention of a path that may still grow.

    >>> written("src/"), written("My Files/")
    ('@src/', '@"My Files/')
    """
    return f'@"{path}' if re.search(r"\s", path) else f"@{path}"
