"""The Guide's corpus: enough facts, honest held-out sets, answers that hold their own key."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from types import ModuleType

import pytest

from tests.assets import guide_modules


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    """The module that reads the facts and multiplies the phrasings out."""
    return guide_modules.load("corpus")


def test_counts(corpus: ModuleType) -> None:
    """At least 80 facts, 200 held-out paraphrases and 50 held-out off-topic questions."""
    held = Counter(q.fact == "offtopic" for q in corpus.heldout())
    topical = [f for f in corpus.facts().values() if f.topic not in ("refusal", "small talk")]

    assert len(topical) >= 80
    assert (held[False], held[True]) == (200, 50)
    assert len({q.text for q in corpus.heldout()}) == 250


def test_every_answer_holds_its_own_key(corpus: ModuleType) -> None:
    """The key patterns of a fact match its answer."""
    assert [f.id for f in corpus.facts().values() if not f.is_in(f.answer)] == []


def test_keys_tell_facts_apart(corpus: ModuleType) -> None:
    """No answer passes for another fact, so that a wrong answer cannot count as right."""
    facts = corpus.facts().values()
    confused = {(a.id, b.id) for a in facts for b in facts if a.id != b.id and a.is_in(b.answer)}

    # Both refusals refuse.
    assert confused <= {("offtopic", "task"), ("task", "offtopic")}


def test_every_question_has_an_answer(corpus: ModuleType) -> None:
    """A slip in the name of a fact would train nothing, or fail late."""
    named = {fact for q in corpus.questions() for fact in (q.fact, q.after) if fact}

    assert named - set(corpus.facts()) == set()


def test_questions_kept_out_are_not_trained_on(corpus: ModuleType) -> None:
    """What tells rounds of training apart is no training question, however it is written."""
    trained = {corpus.normalize(q.text) for q in corpus.questions() if not q.after}
    kept_out = {corpus.normalize(q.text) for q in corpus.dev()}

    assert len(kept_out) >= 50
    assert kept_out & trained == set()


def test_the_first_rounds_know_nothing_of_later_phrasings(corpus: ModuleType) -> None:
    """They learn from corpus.toml alone, and nothing written there by hand is lost afterwards."""
    first = {q for q in corpus.questions(more=False) if q.by_hand}
    everything = {q for q in corpus.questions() if q.by_hand}

    assert first < everything


def test_every_fact_is_asked_in_many_ways(corpus: ModuleType) -> None:
    """Each fact has at least 20 training questions, and at least one held-out one if topical."""
    asked = Counter(q.fact for q in corpus.questions())
    held = {q.fact for q in corpus.heldout()}

    assert {fact: asked[fact] for fact in corpus.facts() if asked[fact] < 20} == {}
    assert set(corpus.facts()) - held == set()
    assert held - set(corpus.facts()) == set()


def test_the_same_words_never_mean_two_facts(corpus: ModuleType) -> None:
    """A first-turn question has one answer."""
    owners: dict[str, set[str]] = {}
    for question in corpus.questions():
        if not question.after:
            owners.setdefault(corpus.normalize(question.text) or question.text, set()).add(
                question.fact
            )

    assert {text: facts for text, facts in owners.items() if len(facts) > 1} == {}


@pytest.mark.slow
def test_no_training_question_comes_close_to_a_held_out_one(corpus: ModuleType) -> None:
    """Equal after normalizing, or alike in words (0.8) or characters (0.9), is rejected.

    Written apart from the filter in corpus.py, so that a slip there is seen here.
    """
    trained: dict[str, frozenset[str]] = {}
    for question in corpus.questions():
        text = corpus.normalize(question.text)
        if not question.after:
            trained[text] = frozenset(text.split())
    close = []
    for held in corpus.heldout():
        text = corpus.normalize(held.text)
        words = frozenset(text.split())
        matcher = SequenceMatcher(None, b=text)
        for other, other_words in trained.items():
            shared = len(words & other_words)
            alike = shared / (len(words) + len(other_words) - shared) if shared else 0.0
            if alike < 0.4:
                continue
            matcher.set_seq1(other)
            if alike >= 0.8 or (matcher.quick_ratio() >= 0.9 and matcher.ratio() >= 0.9):
                close.append((other, held.text))

    assert close == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the capital of Portugal", True),
        ("what is the capital of portugal please", True),
        ("are your messages uploaded to some cloud?", True),
        ("what is the capital of Spain and its flag", False),
        ("how do I start it", False),
    ],
)
def test_near_duplicates_are_seen(corpus: ModuleType, text: str, expected: bool) -> None:
    """Case, punctuation and one changed word do not hide a held-out question."""
    assert corpus.too_close(text) is expected
