"""Files and pasted texts that go beside a message: read, checked, and named.

Knows which files are text and what a PDF says; nothing of widgets. Nothing is cut: what is too
large is refused.
"""

import asyncio
import mimetypes
import os
import re
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import errors, sanitize, units
from localchat.chat import decoding, messages, pdf
from localchat.chat.messages import Part
from localchat.engine import wire

MOST_TEXT_BYTES: Final = 4 * units.MIB
"""About a million tokens, the longest context there is."""
MOST_PDF_BYTES: Final = 64 * units.MIB
LARGE_CHARACTERS: Final = 2000
LARGE_LINES: Final = 30
PASTED: Final = "pasted text"
"""The name of a text that was pasted; later ones have a number after it."""

_PDF_MARK = b"%PDF-"
_SNIFF_BYTES = 8192
_PAGE = re.compile(r"^\[page \d+ of (\d+)\]$", re.MULTILINE)

Count = Callable[[Sequence[wire.Message]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that was read."""

    part: Part
    note: str = ""
    """What the reader should know of how it was read."""


def is_large(text: str) -> bool:
    """Tell whether a pasted text is so long that it would drown the message."""
    return len(text) > LARGE_CHARACTERS or text.count("\n") >= LARGE_LINES


def pasted(text: str, others: tuple[Part, ...] = ()) -> Part:
    """Make a part of a pasted text, with a name that none of the `others` has."""
    names = {part.name for part in others}
    number = 1
    while (name := PASTED if number == 1 else f"{PASTED} {number}") in names:
        number += 1
    return Part("file", text, name, "text/plain")


def is_pasted(part: Part) -> bool:
    """Tell whether a part was pasted, and so can be put back into the text."""
    return part.kind == "file" and re.fullmatch(PASTED + r"( \d+)?", part.name) is not None


def pages(part: Part) -> int:
    """Count the pages of a part that was a PDF; 0 for every other."""
    found = _PAGE.search(part.text) if part.media_type == "application/pdf" else None
    return int(found[1]) if found else 0


def name_of(path: Path, folder: Path | None) -> str:
    """Name a file as seen from `folder`, where it lies in it."""
    # Without "..", but not through links: the name is what the user knows it by.
    whole = Path(os.path.abspath(path))
    if folder is not None and whole.is_relative_to(os.path.abspath(folder)):
        return sanitize.line(whole.relative_to(os.path.abspath(folder)).as_posix(), 200)
    return sanitize.line(path.name, 200)


async def cost(count: Count, part: Part) -> int:
    """Count the tokens that a part adds to a message. Raises what `count` raises.

    `count` counts a conversation as the model gets it, such as the engine's own.
    """
    texts = (messages.new("", None, "user", ".", files=files).sent_text for files in ((part,), ()))
    with_it, without_it = [await count((wire.Message("user", text),)) for text in texts]
    return with_it - without_it


async def read(path: Path, folder: Path | None = None) -> Attached:
    """Read a file: text in any usual encoding, code, or PDF.

    Raises AttachmentError, saying in one sentence what is wrong with it.
    """
    content = await asyncio.to_thread(_content, path)
    name = name_of(path, folder)
    if content.startswith(_PDF_MARK):
        return await _read_pdf(path, name)
    try:
        text, note = decoding.decode(content)
    except ValueError:
        raise _binary(sanitize.line(path.name, 60)) from None
    if not text.strip():
        raise errors.AttachmentError(f"{sanitize.line(path.name, 60)} is empty.")
    media_type = mimetypes.guess_type(path.name)[0] or "text/plain"
    return Attached(Part("file", text, name, media_type), note)


async def _read_pdf(path: Path, name: str) -> Attached:
    texts = await pdf.read(path)
    count = len(texts)
    empty = sum(not text for text in texts)
    if empty == count:
        what = f"{count:,} page{'s' * (count != 1)}"
        raise errors.AttachmentError(
            f"{sanitize.line(path.name, 60)} has {what} but no text.",
            "It may be a scan: only text can be read.",
        )
    whole = "\n\n".join(
        f"[page {number} of {count}]\n{text}" for number, text in enumerate(texts, 1) if text
    )
    note = f"{empty:,} of {count:,} pages have no text" if empty else ""
    return Attached(Part("file", whole, name, "application/pdf"), note)


def _content(path: Path) -> bytes:
    name = sanitize.line(path.name or str(path), 60)
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise errors.AttachmentError(f"{name} is a folder.", "Attach the files in it.")
        if not stat.S_ISREG(facts.st_mode):
            # A pipe or a device would be waited for without end.
            raise errors.AttachmentError(f"{name} is not a file that can be read.")
        with path.open("rb") as handle:
            beginning = handle.read(_SNIFF_BYTES)
            is_pdf = beginning.startswith(_PDF_MARK)
            if not is_pdf and decoding.looks_binary(beginning):
                raise _binary(name)
            most = MOST_PDF_BYTES if is_pdf else MOST_TEXT_BYTES
            _refuse_large(name, facts.st_size, most)
            # Some files tell no size, and some grow.
            content = beginning + handle.read(most + 1 - len(beginning))
    except FileNotFoundError:
        raise errors.AttachmentError(
            f"There is no file {sanitize.line(str(path), 200)}.", "Type @ to look for it."
        ) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise errors.AttachmentError(f"{name} cannot be read: {why}.") from None
    _refuse_large(name, len(content), most)
    return content


def _binary(name: str) -> errors.AttachmentError:
    return errors.AttachmentError(
        f"{name} is a binary file.", "Only text, code and PDF can be attached."
    )


def _refuse_large(name: str, size_bytes: int, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        raise errors.AttachmentError(
            f"{name} has {units.human_bytes(size_bytes)}, and at most "
            f"{units.human_bytes(most_bytes)} can be attached.",
            "Attach a part of it.",
        )
