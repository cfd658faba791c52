"""What an answer consists of, decided with a scripted model and a scripted document."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from localchat.engine.constraint import Constraint
from localchat.engine.course import Course
from localchat.engine.sampler import Sampler
from localchat.engine.thoughts import Thoughts
from localchat.engine.vocab import Vocab
from tests.engine import vocabs

HARMONY_MARKS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>")


class _Model:
    """Says the tokens of a script, as a chain of samplers would choose them."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self.tokens = list(tokens)

    def sample(self, _: Any) -> int:
        return self.tokens.pop(0)

    def accept(self, tokens: Sequence[int]) -> None:
        # A mark that was only looked at, and then put in as the model wanted it.
        if self.tokens[: len(tokens)] == list(tokens):
            del self.tokens[: len(tokens)]


class _Document:
    """Takes any token; its text is over after the last one of the script."""

    is_over = False
    rest = "{}"

    def peek(self, chain: _Model, _: Any) -> int:
        return chain.tokens[0]

    def choose(self, chain: _Model, _: Any, left_tokens: int) -> int | None:
        return chain.tokens.pop(0) if left_tokens > 1 else None

    def end_tokens(self) -> int:
        return 2


@pytest.fixture
def vocab(tmp_path: Path) -> Iterator[Vocab]:
    """A vocabulary with the marks of harmony."""
    control = (*vocabs.CONTROL, *HARMONY_MARKS[1:3])
    with vocabs.loaded(vocabs.write(tmp_path / "v.gguf", "bpe", control=control)) as found:
        yield found


def _said(vocab: Vocab, script: str, opened_by: str = "", limit: int = 400, budget: int = 0) -> str:
    """Return what comes of a script, held to a document; the script ends with the end token."""
    tokens = (*vocab.tokenize(script, parse_special=True), vocab.eos, vocab.eos)
    course = Course(
        cast(Sampler, _Model(tokens)),
        vocab,
        lambda token: vocab.piece(token, special=True),
        Thoughts(opened_by),
        budget_tokens=budget,
        constraint=cast(Constraint, _Document()),
    )
    said = b""
    left = limit
    while tokens := course.next(None, left):
        said += vocab.pieces(tokens)
        left -= len(tokens)
    return said.decode()


def test_a_model_that_opens_a_block_itself_may_think(vocab: Vocab) -> None:
    """Its first choice is a mark: thoughts are free, the document begins after them."""
    assert "<think>he is</think>{}" == _said(vocab, "<think>he is</think>{}")


def test_a_model_that_begins_at_once_is_held_at_once(vocab: Vocab) -> None:
    """No mark, no thoughts."""
    assert "{in}" == _said(vocab, "{in}")


def test_channels_are_opened_and_left_in_their_own_marks(vocab: Vocab) -> None:
    """After the analysis comes the head of the final message, whatever the model would say."""
    final = "<|start|>assistant<|channel|>final<|message|>"
    analysis = "<|channel|>analysis<|message|>"

    assert f"the<|end|>{final}{{}}" == _said(vocab, "the<|end|>{}", opened_by=analysis)
    assert _said(vocab, "<|channel|>the<|end|>{}").startswith(analysis)


def test_thoughts_leave_room_for_the_document(vocab: Vocab) -> None:
    """Half of what is left is kept for the answer, and the block is closed in time."""
    said = _said(vocab, "x" * 300, opened_by="<think>", limit=100)

    thought, _, answer = said.partition("\n</think>\n\n")
    assert 50 == len(thought)
    assert answer


def test_a_budget_counts_before_a_document_too(vocab: Vocab) -> None:
    """The block is closed after its budget."""
    said = _said(vocab, "x" * 30, opened_by="<think>", budget=7)

    assert 7 == len(said.partition("\n</think>\n\n")[0])


def test_an_end_within_thoughts_closes_them(vocab: Vocab) -> None:
    """A model that ends its turn while it thinks still owes the document."""
    tokens = (*vocab.tokenize("he", parse_special=True), vocab.eos)
    course = Course(
        cast(Sampler, _Model(tokens)),
        vocab,
        lambda token: vocab.piece(token, special=True),
        Thoughts("<think>"),
        constraint=cast(Constraint, _Document()),
    )
    said = b"".join(vocab.pieces(course.next(None, 100)) for _ in range(2)).decode()

    assert "he\n</think>\n\n" == said
    assert "{}" == course.rest
