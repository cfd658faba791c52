"""The one sanitizer between untrusted text and the terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat import sanitize

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text())
def test_no_control_character_is_left(untrusted: str) -> None:
    """Of all control, surrogate and bidi characters only the line break and the tab stay."""
    safe = sanitize.text(untrusted)

    left = {character for character in safe if unicodedata.category(character) in ("Cc", "Cs")}
    assert left <= {"\n", "\t"}
    assert not set(safe) & set(_BIDI)


@given(st.text(), st.integers(0, 50))
def test_pieces_are_as_safe_as_the_whole(untrusted: str, cut: int) -> None:
    """A stream can be cleaned piece by piece, and cleaning twice changes nothing."""
    whole = sanitize.text(untrusted)

    assert sanitize.text(untrusted[:cut]) + sanitize.text(untrusted[cut:]) == whole
    assert sanitize.text(whole) == whole


@given(st.text(), st.integers(1, 80))
def test_line_is_one_line_of_its_length(untrusted: str, limit: int) -> None:
    """A line has no line break and is no longer than its limit."""
    line = sanitize.line(untrusted, limit)

    assert line.splitlines() in ([], [line])
    assert len(line) <= limit


@pytest.mark.parametrize(
    "harmless",
    [
        "Grüße, 世界!",
        "👩‍👩‍👧‍👦 family",
        "e\u0301 combining",
        "שלום عالم",
        "a\u00a0b",
        "tab\tand\nline",
    ],
)
def test_ordinary_text_stays(harmless: str) -> None:
    """Letters of every script, joined emoji and combining marks are not touched."""
    assert sanitize.text(harmless) == harmless


def test_escape_becomes_visible() -> None:
    """An escape sequence is shown as what it is."""
    assert sanitize.text("\x1b]52;c;eA==\x07\x9b31m\x7f") == "␛]52;c;eA==␇\ufffd31m␡"
