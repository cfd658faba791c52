"""A chat's title from its first message: a few words of it, without markup. Pure.

Untrusted text stays untrusted: what shows a title cleans it.
"""

import re
import unicodedata
from typing import Final

from localchat.chat.messages import Message

MOST_CHARACTERS: Final = 60
UNTITLED: Final = "New chat"
"""What a chat without a title is called."""

_FENCE = re.compile(r"^\s*(`{3,}|~{3,}).*?(^\s*\1\s*$|\Z)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_FENCE_LINE = re.compile(r"^\s*(?:`{3,}|~{3,}).*$", re.MULTILINE)
_TAG = re.compile(r"</?[A-Za-z][\w:-]*(?:\s+[\w:-]+=[^<>\n]{0,200})?\s*/?>")
_LEADING = re.compile(r"^\s*(?:#{1,6}\s+|>+\s*|[-*+]\s+|\d{1,3}[.)]\s+)+")
_EMPHASIS = re.compile(r"(?<!\w)[*_~]{1,3}(?=\S)|(?<=\S)[*_~]{1,3}(?!\w)|`+")
_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？]")
_FEWEST_CHARACTERS = 12
_SLACK_CHARACTERS = 24
"""How far back from the limit the end of a word is looked for."""


def title(message: Message) -> str:
    """Give a title for a chat that begins with this message; empty when it says nothing."""
    found = of_text(message.text)
    if found or not message.files:
        return found
    return of_text(message.files[0].name)


def of_text(text: str) -> str:
    """Give a title for a chat that begins with this text: its first sentence, or the most of it.

    >>> of_text("# Hello **world**! And so on, for a long time, without an end")
    'Hello world! And so on, for a long time, without an end'
    >>> of_text("Please explain quantization. I know nothing about it, so begin at the beginning.")
    'Please explain quantization'
    """
    # The rest of a long text cannot be part of a title.
    prose = _FENCE.sub("\n", text[:4000])
    for source in (prose, _FENCE_LINE.sub("", text[:4000])):
        lines = (_plain(line) for line in source.splitlines())
        words = next((line for line in lines if any(map(str.isalnum, line))), "")
        if words:
            return _short(words)
    return ""


def _plain(line: str) -> str:
    line = _LEADING.sub("", _TAG.sub("", _SPACE.sub(" ", line)))
    line = _EMPHASIS.sub("", _LINK.sub(r"\1", line))
    return _SPACE.sub(" ", "".join(char for char in line if _is_shown(char))).strip()


def _is_shown(char: str) -> bool:
    # Joiners make one emoji, or one letter of some scripts, out of several.
    return char in "\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")


def _short(words: str) -> str:
    if len(words) > MOST_CHARACTERS:
        words = _first_sentence(words) or _cut(words)
    return words.rstrip(" .。,;:：，、")


def _first_sentence(words: str) -> str:
    for end in _SENTENCE_END.finditer(words):
        if _FEWEST_CHARACTERS <= end.end() <= MOST_CHARACTERS:
            return words[: end.end()]
    return ""


def _cut(words: str) -> str:
    room = MOST_CHARACTERS - 1
    space = words.rfind(" ", room - _SLACK_CHARACTERS, room + 1)
    end = space if space > 0 else room
    # A mark that belongs to the character before it stays with it.
    while end > 1 and (unicodedata.combining(words[end]) or words[end] in "\u200d\ufe0f"):
        end -= 1
    return words[:end].rstrip(" .。,;:：，、") + "…"
