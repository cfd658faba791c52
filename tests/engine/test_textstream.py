"""Text out of token bytes: whole characters and no part of a stop string, however it is cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat.engine.textstream import TextStream

SAMPLES = [
    "é", "ß", "€", "漢字", "한국어", "日本語テキスト", "עברית", "العربية", "हिन्दी", "ไทย",
    "🙂", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "𓀀", "𝕏", "a\u0301", "\u200b",
    "ﷺ", "Ω", "ǅ", "ﬀ", "½", "→", "“quote”", "…", "नमस्ते", "Ελληνικά",
    "Русский", "ქართული", "አማርኛ", "😀😃😄", "x🙂y", "\n漢\n", "\té", "🧑🏿‍🚀!", "\U0010fffd", "߷",
]  # fmt: skip
MARKS = [
    "<|im_end|>", "<|eot_id|>", "</s>", "<end_of_turn>", "<|end|>", "<|endoftext|>",
    "[/INST]", "<|return|>", "<｜end▁of▁sentence｜>", "\n\nUser:", "###", "<|user|>",
]  # fmt: skip


def _fed(pieces: list[bytes], stops: tuple[str, ...] = ()) -> tuple[str, bool]:
    stream = TextStream(stops)
    said = "".join(stream.feed(piece) for piece in pieces)
    return said + stream.close(), stream.stopped


def test_there_are_enough_samples() -> None:
    """Forty multi-byte samples and twelve stop marks."""
    assert (40, 12) == (len(set(SAMPLES)), len(set(MARKS)))


@pytest.mark.parametrize("text", SAMPLES)
def test_every_split_gives_the_whole_text(text: str) -> None:
    """Cut into two or three at any byte, a text comes out as it went in."""
    data = text.encode()
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            assert (text, False) == _fed([data[:first], data[first:second], data[second:]])


@pytest.mark.parametrize("text", SAMPLES)
def test_no_half_character_is_shown(text: str) -> None:
    """Byte by byte, what has come out is always the beginning of the text."""
    stream, said = TextStream(), ""
    for byte in text.encode():
        said += stream.feed(bytes([byte]))
        assert text.startswith(said)
        assert "\ufffd" not in said


@pytest.mark.parametrize("mark", MARKS)
def test_a_stop_string_never_leaks(mark: str) -> None:
    """Wherever the border of tokens falls, only the text before the mark comes out."""
    data = f"An answer.{mark}The user's turn".encode()
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1, 3):
            pieces = [data[:first], data[first:second], data[second:]]
            assert ("An answer.", True) == _fed(pieces, tuple(MARKS))


@pytest.mark.parametrize("mark", MARKS)
def test_a_begun_stop_string_comes_out_at_the_end(mark: str) -> None:
    """Text that only looked like a stop string is not lost."""
    text = "An answer" + mark[:-1]

    assert (text, False) == _fed([byte.to_bytes(1, "big") for byte in text.encode()], (mark,))


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    """Invalid and unfinished UTF-8 is shown as such."""
    assert ("a\ufffdb\ufffd", False) == _fed([b"a\xff", b"b", b"\xf0\x9f"])


def test_of_two_stop_strings_the_first_counts() -> None:
    """The earliest match ends the text, not the first in the list."""
    assert ("a", True) == _fed([b"a STOP b END"], ("END", " STOP"))


@given(st.text(max_size=60), st.lists(st.integers(0, 240), max_size=8))
def test_any_text_survives_any_cuts(text: str, cuts: list[int]) -> None:
    """Without stop strings a stream is the identity."""
    data = text.encode("utf-8")
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]

    assert (text, False) == _fed(pieces)
