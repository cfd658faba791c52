"""Addresses at the Hub, made from names that were checked first.

A name with `..` in it would turn a request, token and all, to another repository.
"""

import re
from typing import Final
from urllib.parse import quote

from localchat import errors, sanitize

_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_-])?"
_REPO = re.compile(rf"^{_WORD}/[A-Za-z0-9._-]{{1,96}}$")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
_REVISION = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$")
_MOST_PATH_CHARACTERS: Final = 1000


def repo(text: str) -> str:
    """Give a repository's name back when it can be one. Raises UsageError.

    >>> repo("bartowski/Llama-3.2-3B-Instruct-GGUF")
    'bartowski/Llama-3.2-3B-Instruct-GGUF'
    """
    if not is_repo(text):
        raise errors.UsageError(
            f'"{sanitize.line(text, 120)}" is no name of a repository.',
            "It must be like user/name, as huggingface.co shows it.",
        )
    return text


def is_repo(text: str) -> bool:
    """Tell whether this can be a repository's name."""
    return bool(_REPO.match(text)) and ".." not in text and not text.endswith(("/.", "."))


def revision(text: str) -> str:
    """Give a branch's, tag's or commit's name back when it can be one. Raises UsageError."""
    if not _REVISION.match(text) or ".." in text or "//" in text:
        raise errors.UsageError(
            f'"{sanitize.line(text, 80)}" is no name of a branch, tag or commit.',
            "Leave it out for the newest.",
        )
    return text


def is_commit(text: object) -> bool:
    """Tell whether this is a whole commit id."""
    return isinstance(text, str) and bool(_COMMIT.match(text))


def is_path(text: object) -> bool:
    """Tell whether this can be a file's path in a repository."""
    if not isinstance(text, str) or not 0 < len(text) <= _MOST_PATH_CHARACTERS:
        return False
    parts = text.split("/")
    return text.isprintable() and "\\" not in text and not {"", ".", ".."} & set(parts)


def models(endpoint: str) -> str:
    """The list of models."""
    return f"{endpoint}/api/models"


def model(endpoint: str, repo_id: str, revision_name: str) -> str:
    """What there is to know of one repository at a revision."""
    return f"{endpoint}/api/models/{repo(repo_id)}/revision/{quote(revision(revision_name), '')}"


def file(endpoint: str, repo_id: str, commit: str, path: str) -> str:
    """One file at a commit. Raises UsageError for names that cannot be."""
    if not is_path(path):
        shown = sanitize.line(path, 120)
        raise errors.UsageError(f'"{shown}" is no name of a file in a repository.')
    return f"{endpoint}/{repo(repo_id)}/resolve/{quote(revision(commit), '')}/{quote(path)}"
