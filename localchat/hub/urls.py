"""Addresses at the Hub, made from names that were checked first.

A name with `..` in it would turn a request, token and all, to another repository.
"""

from urllib.parse import quote

from localchat import errors, sanitize
from localchat.library import names


def repo(text: str) -> str:
    """Give a repository's name back when it can be one. Raises UsageError.

    >>> repo("bartowski/Llama-3.2-3B-Instruct-GGUF")
    'bartowski/Llama-3.2-3B-Instruct-GGUF'
    """
    if not names.is_repo(text):
        raise errors.UsageError(
            f'"{sanitize.line(text, 120)}" is no name of a repository.',
            "It must be like user/name, as huggingface.co shows it.",
        )
    return text


def revision(text: str) -> str:
    """Give a branch's, tag's or commit's name back when it can be one. Raises UsageError."""
    if not names.is_path(text):
        raise errors.UsageError(
            f'"{sanitize.line(text, 80)}" is no name of a branch, tag or commit.',
            "Leave it out for the newest.",
        )
    return text


def models(endpoint: str) -> str:
    """The list of models."""
    return f"{endpoint}/api/models"


def model(endpoint: str, repo_id: str, revision_name: str) -> str:
    """What there is to know of one repository at a revision."""
    return f"{endpoint}/api/models/{repo(repo_id)}/revision/{quote(revision(revision_name), '')}"


def file(endpoint: str, repo_id: str, commit: str, path: str) -> str:
    """One file at a commit. Raises UsageError for names that cannot be."""
    if not names.is_path(path):
        shown = sanitize.line(path, 120)
        raise errors.UsageError(f'"{shown}" is no name of a file in a repository.')
    return f"{endpoint}/{repo(repo_id)}/resolve/{quote(revision(commit), '')}/{quote(path)}"
