"""A chat's title: a few plain words of its first message."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from localchat.chat import messages, titles
from localchat.chat.messages import Part


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  # What is *quantization*?  ", "What is quantization?"),
        ("1. first\n2. second", "first"),
        ("> quoted **and bold**", "quoted and bold"),
        ("[a link](http://example.org) and `code`", "a link and code"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("<b>bold</b> if a<b and c>d", "bold if a<b and c>d"),
        ("```python\nprint(1)\n```\nWhy does this fail?", "Why does this fail?"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("\n\n---\nafter a rule", "after a rule"),
        ("Hm. " + "and more of it, " * 9, "Hm. " + "and more of it, " * 3 + "and…"),
        ("Please explain all of it. " + "Go on. " * 20, "Please explain all of it"),
        ("x" * 100, "x" * 59 + "…"),
        ("請解釋一下量化是什麼？" + "謝謝" * 40, "請解釋一下量化是什麼？" + "謝謝" * 24 + "…"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family"),
        ("tab\tand\x1b]0;evil\x07", "tab and]0;evil"),
        ("***", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_title_says_what_the_message_is_about(text: str, title: str) -> None:
    """Markup, fences and long tails go; words stay."""
    assert title == titles.of_text(text)


def test_message_of_files_only_is_named_by_the_first() -> None:
    """Without words, a file's name is the title."""
    files = (Part("file", "content", "notes.md"), Part("file", "content", "more.md"))
    assert "notes.md" == titles.title(messages.new("1", None, "user", files=files))


@given(some.text(alphabet=some.characters(), max_size=300))
def test_any_text_gives_a_line(text: str) -> None:
    """A title is one line of at most 60 characters, without control characters."""
    title = titles.of_text(text)
    assert len(title) <= titles.MOST_CHARACTERS
    assert title == title.strip()
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") for char in title)
