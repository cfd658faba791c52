"""Which model `--continue` loads: that of the last answer, when it is on this disk."""

import dataclasses
from pathlib import Path

import pytest

from localchat import paths
from localchat.chat import messages, records
from localchat.chat.store.store import Store
from localchat.chat.tree import Tree
from localchat.cli import continuing


def _keep(file: Path, model: messages.ModelMark | None) -> None:
    """Keep one chat, answered by this model."""
    question = messages.new("chat", None, "user", "Question")
    answer = messages.new("chat", question.id, "assistant", "Answer")
    answer = dataclasses.replace(answer, ending="stop", model=model)
    store = Store.open(file)
    store.import_chat(records.new(title="A chat"), Tree().plus(question).plus(answer))
    store.close()


@pytest.mark.parametrize(
    ("file_name", "is_found"), [("guide.gguf", True), ("gone.gguf", False), ("", False)]
)
def test_model_of_the_last_answer(tmp_path: Path, file_name: str, is_found: bool) -> None:
    """It is found by its file; one that is not here is none, and the chat opens all the same."""
    file = tmp_path / "chats.db"
    _keep(file, messages.ModelMark("A model", file_name=file_name) if file_name else None)

    assert continuing.last_model(file) == (paths.guide_model() if is_found else None)


def test_without_chats_there_is_no_model(tmp_path: Path) -> None:
    """Before the first chat there is no file, and none is made."""
    file = tmp_path / "chats.db"

    assert continuing.last_model(file) is None
    assert not file.exists()


def test_damaged_chats_are_the_screens_matter(tmp_path: Path) -> None:
    """What is no database gives no model; the screens say what is wrong with it."""
    file = tmp_path / "chats.db"
    file.write_bytes(b"no database at all" * 100)

    assert continuing.last_model(file) is None
