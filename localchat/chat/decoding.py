"""Bytes of a file as text: which encoding they are in, and whether they are text at all.

Knows nothing of files or models. Text is decoded whole or not at all: nothing is replaced.
"""

import codecs
import re
from typing import Final

LATIN_1_NOTE: Final = "read as Latin-1"
"""Said where the encoding is a guess, since accents may come out wrong."""

_SNIFF_BYTES: Final = 8192
# The four-byte marks first: that of UTF-16 begins that of UTF-32.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Text has tabs, line breaks, form feeds and, in terminal logs, escapes and backspaces.
_UNUSUAL: Final = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_UNUSUAL_SHARE: Final = 0.02
_LINE_BREAKS: Final = re.compile("\r\n?")
# Where Latin-1 has control codes Windows has quotes, dashes and the euro, and texts mean those.
_OF_WINDOWS: Final = {
    code: letter
    for code in range(0x80, 0xA0)
    if (letter := bytes([code]).decode("cp1252", errors="ignore"))
}


def looks_binary(beginning: bytes) -> bool:
    """Judge by the first bytes of a file whether it is anything else than text.

    >>> looks_binary(b"caf\\xe9"), looks_binary(b"\\x7fELF\\x02\\x00"), looks_binary(b"")
    (False, True, False)
    """
    sample = beginning[:_SNIFF_BYTES]
    if any(sample.startswith(mark) for mark, _ in _MARKS):
        return False
    if b"\x00" in sample:
        return True
    return len(_UNUSUAL.findall(sample)) > _UNUSUAL_SHARE * len(sample)


def decode(content: bytes) -> tuple[str, str]:
    """Decode a text with line breaks as \\n; the second value is a note for the reader, or "".

    UTF-8, UTF-16 and UTF-32 with a byte order mark, otherwise Latin-1. Raises ValueError for what
    is no text.
    """
    if looks_binary(content):
        raise ValueError("not a text")
    text, note = _decoded(content)
    # The engine takes no zero bytes, and in decoded text there is no place for them.
    if "\x00" in text:
        raise ValueError("not a text")
    return _LINE_BREAKS.sub("\n", text), note


def _decoded(content: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding), ""
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return content.decode("latin-1").translate(_OF_WINDOWS), LATIN_1_NOTE
