"""One message: its text, its files, and what the model gets of them."""

from localchat.chat import messages
from localchat.chat.messages import Message, Part


def _with(*parts: Part) -> Message:
    return Message("id", "chat", None, "user", parts)


def test_files_come_before_the_text_in_fences_with_their_names() -> None:
    """So that the question is what the model reads last."""
    message = _with(Part("file", "a = 1\n", "a.py"), Part("text", "Explain."))
    assert "a.py\n```\na = 1\n```\n\nExplain." == message.sent_text
    assert ("Explain.", 1) == (message.text, len(message.files))


def test_a_file_cannot_close_its_fence() -> None:
    """The fence is longer than any in the file."""
    message = _with(Part("file", "````\ncode\n````", "a.md"))
    assert "a.md\n`````\n````\ncode\n````\n`````" == message.sent_text


def test_other_kinds_are_kept_and_not_sent() -> None:
    """Such as pictures, which a later version may show."""
    message = _with(Part("image", "base64", "cat.png", "image/png"), Part("text", "Look."))
    assert ("Look.", "Look.") == (message.text, message.sent_text)
    assert "cat.png" == message.files[0].name


def test_a_new_message_has_an_id_of_its_own() -> None:
    """And is of now."""
    first, second = (messages.new("chat", None, "user", "Hi") for _ in range(2))
    assert first.id != second.id
    assert first.created_seconds <= second.created_seconds
    assert () == messages.new("chat", None, "assistant", is_streaming=True).parts
