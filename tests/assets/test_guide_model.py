"""The Guide itself, run by llama.cpp: it knows its facts and refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from jinja2 import Environment

from tests.assets import guide_modules


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    """The module that reads the facts and multiplies the phrasings out."""
    return guide_modules.load("corpus")


@pytest.fixture(scope="module")
def evaluate() -> ModuleType:
    """The script that measures the model."""
    return guide_modules.load("evaluate")


@pytest.fixture(scope="module")
def guide(evaluate: ModuleType) -> Iterator[Any]:
    """The shipped model, opened."""
    opened = evaluate.Guide(guide_modules.MODEL, threads=1)
    yield opened
    opened.close()


def test_the_file_is_small() -> None:
    """It ships in the wheel, so it takes at most 8 MB."""
    assert guide_modules.MODEL.stat().st_size <= 8_000_000


def test_markers_are_control_tokens(guide: Any) -> None:
    """The markers of the chat format are one token each, and plain text cannot write them."""
    text = "<|im_start|><|im_end|><|endoftext|>"

    assert len(guide.tokenize(text)) == 3
    assert len(guide.tokenize(text, special=False)) > 3


def test_any_text_survives_the_tokenizer(guide: Any) -> None:
    """Byte-level pieces hold every script, so nothing is lost on the way in and out."""
    text = "Ünï 你好 😀 \n\t def f(x): return x**2  "

    pieces = b"".join(guide.piece(token) for token in guide.tokenize(text, special=False))

    assert pieces.decode() == text


def test_the_template_is_what_the_measurement_uses(guide: Any, evaluate: ModuleType) -> None:
    """The file's own Jinja template writes the chat that evaluate.py asks with."""
    messages = [
        {"role": "user", "content": " What is GGUF? "},
        {"role": "assistant", "content": "A file format."},
        {"role": "user", "content": "and a token?"},
    ]
    template = Environment(autoescape=False).from_string(guide.template())

    rendered = template.render(messages=messages, add_generation_prompt=True)

    turns = [("What is GGUF?", "A file format."), ("and a token?", "")]
    assert rendered == evaluate.render(turns)


@pytest.mark.parametrize(
    ("turns", "fact"),
    [
        ([("What is Q4_K_S?", "")], "q4_k_s"),
        ([("what is a kv cache", "")], "kv_cache"),
        ([("how do i stop the answer?", "")], "key_stop"),
        ([("hi", "")], "hello"),
        ([("Hello", "")], "hello"),
        ([("HELLO!", "")], "hello"),
        ([("who are you?", "")], "who"),
        ([("What is the capital of France?", "")], "offtopic"),
        ([("The train was late again.\n\nSummarise", "")], "task"),
    ],
)
def test_well_known_questions(
    guide: Any, corpus: ModuleType, turns: list[tuple[str, str]], fact: str
) -> None:
    """The questions of the README and of a first visit are answered with their key facts."""
    assert corpus.facts()[fact].is_in(guide.answer(turns))


def test_a_second_turn_follows_the_first(guide: Any, corpus: ModuleType) -> None:
    """ "And how big is it?" is understood from the turn before."""
    turns = [("What is Q4_K_M?", corpus.facts()["q4_k_m"].answer), ("and how big is it?", "")]

    assert corpus.facts()["size_q4_k_m"].is_in(guide.answer(turns))


def test_a_longer_chat_does_not_confuse_it(guide: Any, corpus: ModuleType) -> None:
    """After ten turns most questions are still answered; it gets less sure as a chat grows."""
    facts = list(corpus.facts().values())[20:30]
    turns = [(f"tell me about {fact.id.replace('_', ' ')}", fact.answer) for fact in facts]
    asked = {
        "what is gguf": "gguf",
        "what is a token?": "token",
        "how do i quit": "key_quit",
        "what is quantization": "quantization",
        "does it work offline": "offline",
    }

    right = [corpus.facts()[f].is_in(guide.answer([*turns, (q, "")])) for q, f in asked.items()]

    assert sum(right) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["by hand", "templates", "second turns"])
def test_training_questions(guide: Any, evaluate: ModuleType, kind: str) -> None:
    """It answers at least 98 % of what it was taught, of each kind."""
    questions = evaluate.sets(150)[f"training, {kind}"]
    first = evaluate.first_questions()

    right = [evaluate.is_right(q, guide.answer(evaluate.turns_for(q, first))) for q in questions]

    assert sum(right) >= 0.98 * len(right)


@pytest.mark.slow
def test_held_out_questions(guide: Any, corpus: ModuleType, evaluate: ModuleType) -> None:
    """At least 85 % of 200 paraphrases are answered, and 90 % of 50 other questions refused."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for question in corpus.heldout():
        said = guide.answer([(question.text, "")])
        right[question.fact == "offtopic"].append(evaluate.is_right(question, said))

    assert sum(right[False]) >= 170
    assert sum(right[True]) >= 45
