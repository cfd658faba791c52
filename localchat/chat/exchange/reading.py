"""Chats out of a file, whichever known program wrote it: told by content, not by the file's name.

Reads JSON, and ChatGPT's export as the archive that it comes in. Knows not where chats are kept.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from localchat import errors, sanitize, units
from localchat.chat.exchange import chatgpt, document, lmstudio
from localchat.chat.exchange.values import WholeChat

MOST_BYTES: Final = 2 * units.GIB
KNOWN: Final = "localchat's own JSON, ChatGPT's export and LM Studio's conversations"
_HINT: Final = f"localchat reads {KNOWN}."


def read(file: Path) -> tuple[WholeChat, ...]:
    """Read every chat of a file that has messages, or of all files in a folder.

    Raises ChatsUnreadable.
    """
    if file.is_dir():
        # LM Studio keeps its chats in folders that the user may nest.
        files = sorted(file.rglob("*.conversation.json"))
        if not files:
            raise errors.ChatsUnreadable(f"{_shown(file)} holds no conversations.", _HINT)
        return tuple(chat for each in files for chat in read(each))
    try:
        texts = list(_texts(file))
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no whole archive"
        raise errors.ChatsUnreadable(
            f"{_shown(file)} cannot be read: {reason}.", "Check the name and try again."
        ) from error
    found = tuple(chat for text in texts for chat in _chats(file, text))
    return tuple(chat for chat in found if chat.tree.messages)


def _texts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as handle:
        if handle.read(4) != b"PK\x03\x04":
            _check_size(file, file.stat().st_size)
            yield file.read_bytes()
            return
    with zipfile.ZipFile(file) as archive:
        names = [
            name
            for name in archive.namelist()
            if Path(name).name.startswith("conversations") and name.endswith(".json")
        ]
        _check_size(file, sum(archive.getinfo(name).file_size for name in names))
        for name in sorted(names):
            yield archive.read(name)


def _check_size(file: Path, size_bytes: int) -> None:
    if size_bytes > MOST_BYTES:
        size = units.human_bytes(size_bytes)
        raise errors.ChatsUnreadable(
            f"{_shown(file)} is too large to be read at once: {size}.",
            "Export fewer chats at a time.",
        )


def _chats(file: Path, text: bytes) -> Iterator[WholeChat]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.ChatsUnreadable(f"{_shown(file)} is no JSON.", _HINT) from error
    if document.is_one(found):
        yield from document.read(found)
        return
    conversations = found if isinstance(found, list) else [found]
    known = [each for each in conversations if chatgpt.is_one(each) or lmstudio.is_one(each)]
    if conversations and not known:
        raise errors.ChatsUnreadable(f"{_shown(file)} holds no chats that localchat knows.", _HINT)
    for each in known:
        yield chatgpt.read(each) if chatgpt.is_one(each) else lmstudio.read(each)


def _shown(file: Path) -> str:
    return sanitize.line(str(file), 200)
