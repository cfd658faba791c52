"""Chats into a file: which format, which name, and never over a file that is there already."""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from localchat import errors, sanitize
from localchat.chat.exchange import document, html, markdown
from localchat.chat.exchange.values import WholeChat

Format = str

FORMATS: Final = ("md", "html", "json")
"""As the end of a file's name says it: Markdown, a page, and localchat's own JSON."""

_BY_SUFFIX: Final = MappingProxyType(
    {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".json": "json"}
)
_MOST_NAME_CHARACTERS = 60
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def format_of(file: Path) -> Format:
    """Tell the format by a file's name. Raises UsageError for another ending."""
    found = _BY_SUFFIX.get(file.suffix.lower())
    if found is None:
        raise errors.UsageError(
            f"{sanitize.line(file.name, 80)} says no format that chats are written in.",
            "End the name in .md, .html or .json.",
        )
    return found


def render(chats: Sequence[WholeChat], format: Format, *, with_thoughts: bool = False) -> str:
    """Write chats as one text; only JSON can hold several. Raises UsageError."""
    if format == "json":
        return document.write(chats)
    if len(chats) != 1:
        raise errors.UsageError(
            "Several chats go into one file only as JSON.", "Choose json, or one chat."
        )
    writers: dict[str, Callable[..., str]] = {"md": markdown.write, "html": html.write}
    return writers[format](chats[0], with_thoughts=with_thoughts)


def suggested_name(title: str, format: Format) -> str:
    """Make a file's name of a chat's title that every system takes.

    >>> suggested_name('Why "is" a/b: so?', "md"), suggested_name("...", "html")
    ('Why-is-a-b-so.md', 'chat.html')
    """
    words = re.findall(r"\w+", sanitize.line(title, 200))
    stem = "-".join(words)[:_MOST_NAME_CHARACTERS].strip("-_")
    if not stem or _RESERVED.fullmatch(stem):
        stem = f"chat-{stem}".rstrip("-")
    return f"{stem}.{format}"


def save(file: Path, text: str, *, replace: bool = False) -> Path:
    """Write a new file, private to the user; `replace` allows one that is there to go.

    Raises UsageError when there is one already, ChatsUnwritten when it cannot be written.
    """
    file = file.expanduser()
    part = file.with_name(f".{file.name[:200]}.{os.getpid()}.part")
    shown = sanitize.line(str(file), 200)
    if file.exists() and not replace:
        raise errors.UsageError(f"{shown} is there already.", "Choose another name.")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise errors.ChatsUnwritten(
            f"{shown} cannot be written: {error.strerror or error}.", "Choose another folder."
        ) from error
    return file
