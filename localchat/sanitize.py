"""One sanitizer between untrusted text and the terminal.

Whatever a model, a file name, a log or the network wrote passes through here before a terminal
sees it: terminals obey control bytes (clipboard, title, cursor) and Textual forwards them.
Knows nothing about widgets. Every function is idempotent, and works piece by piece: joining
cleaned pieces gives the cleaned whole.
"""

import re
from typing import Final

# U+2028 and U+2029 end a line for some terminals and for str.splitlines; bidi controls can make
# text read as something else (Unicode TR 36); U+FEFF and U+2060-2064 are invisible.
UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u2028\u2029\u2060-\u2065\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""Every character that `text` does not leave as it is."""
_LINE_BREAKS = re.compile(r"[\n\t]+")


def _stand_in(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character == "\r":
        return ""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code <= 0x9F or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code in (0x2028, 0x2029):
        return "\n"
    return ""


def text(untrusted: str) -> str:
    """Make text of several lines safe to show: control bytes become visible, bidi controls go.

    >>> text("a\\x1b]52;c;x\\x07b")
    'a␛]52;c;x␇b'
    """
    return UNSAFE.sub(_stand_in, untrusted)


def line(untrusted: str, limit_characters: int = 400) -> str:
    """Make text safe to show on one line, cut to `limit_characters`.

    >>> line("two\\nlines")
    'two lines'
    """
    flat = _LINE_BREAKS.sub(" ", text(untrusted)).strip()
    if len(flat) <= limit_characters:
        return flat
    return flat[: limit_characters - 1] + "…"
