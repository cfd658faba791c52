"""Where an answer ends when the vocabulary does not say so."""

from pathlib import Path

import pytest

from localchat.engine import endings
from localchat.engine.prompt import PromptBuilder
from localchat.engine.templates import ChatTemplate
from tests.engine import vocabs

ALPACA = (
    "{% for m in messages %}{% if m.role == 'user' %}### Instruction:\n{{ m.content }}\n\n"
    "{% else %}### Response:\n{{ m.content }}\n\n{% endif %}{% endfor %}### Response:\n"
)


def _stops(source: str, path: Path, control: tuple[str, ...]) -> tuple[str, ...]:
    with vocabs.loaded(vocabs.write(path, "bpe", control=control)) as vocab:
        template = ChatTemplate(source, bos="<s>", eos="</s>")
        return endings.missing_stops(PromptBuilder(template, vocab), vocab)


def _family(name: str) -> str:
    return (Path(__file__).parent / "templates" / f"{name}.jinja").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("family", "mark"),
    [("chatml", "<|im_end|>"), ("llama3", "<|eot_id|>"), ("gemma", "<end_of_turn>")],
)
def test_a_mark_that_is_no_token_becomes_a_stop_string(
    family: str, mark: str, tmp_path: Path
) -> None:
    """A vocabulary without the template's end token: its text must end the answer."""
    assert (mark,) == _stops(_family(family), tmp_path / "v.gguf", ())


def test_a_proper_end_token_needs_no_stop_string(tmp_path: Path) -> None:
    """Where generation ends by itself, text that looks like the mark may be written."""
    assert () == _stops(_family("chatml"), tmp_path / "v.gguf", ("<|im_start|>", "<|im_end|>"))


def test_a_format_without_marks_ends_at_the_next_heading(tmp_path: Path) -> None:
    """Formats of plain text stop where the template would begin the user's part."""
    assert ("### Instruction:",) == _stops(ALPACA, tmp_path / "v.gguf", ())


def test_a_template_with_nothing_between_turns_has_no_stop(tmp_path: Path) -> None:
    """Nothing is invented."""
    bare = "{% for m in messages %}{{ m.content }}{% endfor %}"

    assert () == _stops(bare, tmp_path / "v.gguf", ())
