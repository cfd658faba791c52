"""Read the facts and the corpus, and multiply the phrasings out into training questions.

Standard library only, and deterministic: the same files give the same questions in the same order.
It knows nothing of tokens or weights. Questions that come too close to a held-out one are left out
here, so that neither training nor the "training questions" score ever sees them.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import islice, product
from pathlib import Path
from zlib import crc32

HERE = Path(__file__).resolve().parent
# A training question is too close to a held-out one when, after normalizing, they are equal, or
# share this much of their words (Jaccard), or of their characters (difflib's ratio).
WORDS_ALIKE = 0.8
CHARACTERS_ALIKE = 0.9
SLOT_FILLS_PER_TEMPLATE = 60
DEV_ONE_IN = 20  # of the phrasings in asks/; they are never trained on, and tell rounds apart
QUANTS = ("q2_k", "q3_k_m", "q4_0", "q4_k_s", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16", "iq4_xs")
SIZE_FOLLOW_UPS = (
    "and how big is it?",
    "how big is it?",
    "how large is it",
    "and the size?",
    "what size is it?",
    "how many gb?",
    "and how large is that",
    "size?",
    "how much space does it need?",
    "and how many gigabytes?",
    "how big is that file",
    "and how much memory is that?",
)
WHAT_FOLLOW_UPS = (
    "is it good?",
    "and is it good?",
    "what is it?",
    "how good is it?",
    "is that any good",
    "should i use it?",
    "and the quality?",
    "tell me more about it",
)
OTHER_FOLLOW_UPS = ("and {}?", "what about {}?", "and {}", "how about {}", "{}?", "ok and {}")
CONTRACTIONS = {
    "whats": "what is",
    "what's": "what is",
    "i'm": "i am",
    "it's": "it is",
    "how's": "how is",
    "who's": "who is",
    "where's": "where is",
    "that's": "that is",
    "i've": "i have",
    "i'd": "i would",
    "don't": "do not",
    "can't": "cannot",
    "doesn't": "does not",
    "isn't": "is not",
    "won't": "will not",
    "you're": "you are",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the Guide can say, and the patterns that show that it said it."""

    id: str
    topic: str
    answer: str
    key: tuple[str, ...]

    def is_in(self, text: str) -> bool:
        """Tell whether every key pattern of this fact is found in the text."""
        return all(re.search(pattern, text, re.IGNORECASE) for pattern in self.key)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the fact that answers it, and the fact it follows on ("" for a first turn)."""

    text: str
    fact: str
    after: str = ""
    by_hand: bool = False


def read(name: str) -> dict:
    """Parse one of the TOML files that lie beside this script."""
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


@cache
def facts() -> dict[str, Fact]:
    """Return every fact by its id."""
    rows = read("facts.toml")["fact"]
    return {r["id"]: Fact(r["id"], r["topic"], r["answer"], tuple(r["key"])) for r in rows}


@cache
def heldout() -> tuple[Question, ...]:
    """Return the held-out questions; the off-topic ones carry the fact "offtopic"."""
    data = read("heldout.toml")
    pairs = [(q, fact) for fact, many in data["paraphrases"].items() for q in many]
    pairs += [(q, "offtopic") for q in data["offtopic"]["questions"]]
    return tuple(Question(q, fact, by_hand=True) for q, fact in pairs)


def normalize(text: str) -> str:
    """Lower the case, expand contractions and drop punctuation, for comparing questions."""
    words = [CONTRACTIONS.get(word, word) for word in text.lower().replace("\u2019", "'").split()]
    words = [CONTRACTIONS.get(word.strip("?!.,"), word) for word in words]
    return " ".join(re.findall(r"[\w+%*]+", " ".join(words)))


@cache
def _held_index() -> tuple[list[tuple[SequenceMatcher[str], int]], dict[str, list[int]]]:
    texts = [normalize(q.text) for q in heldout()]
    index: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        for word in set(text.split()):
            index.setdefault(word, []).append(i)
    # A matcher remembers what it learnt of its second text, so each is made once.
    return [(SequenceMatcher(None, b=text), len(set(text.split()))) for text in texts], index


def _same_characters(matcher: SequenceMatcher[str], text: str) -> bool:
    matcher.set_seq1(text)
    # The quick ratios are upper bounds of the real one.
    steps = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(step() >= CHARACTERS_ALIKE for step in steps)


def too_close(text: str) -> bool:
    """Tell whether a question is a near-duplicate of a held-out one."""
    mine = normalize(text)
    words = set(mine.split())
    held, index = _held_index()
    shared = Counter(i for word in words for i in index.get(word, ()))
    for i, count in shared.items():
        matcher, size = held[i]
        alike = count / (len(words) + size - count)
        if alike >= WORDS_ALIKE or (alike >= 0.4 and _same_characters(matcher, mine)):
            return True
    return False


def _frames_for(ask: dict, templates: dict) -> Iterable[str]:
    for name in ask.get("names", ()):
        kind, _, rest = name.partition(":")
        if rest and kind in ("size", "fit"):
            yield from (frame.format(rest) for frame in templates[kind])
        else:
            yield from (frame.format(name) for frame in templates["define"])
    frames = templates["do"] + templates.get("do_" + ask.get("kind", "plain"), [])
    for action in ask.get("do", ()):
        yield from (frame.format(action) for frame in frames)


def _asks(more: bool) -> Iterable[dict]:
    yield from read("corpus.toml")["ask"]
    for path in sorted((HERE / "asks").glob("*.toml")) if more else ():
        yield from read(f"asks/{path.name}")["ask"]


def _about_facts(templates: dict, more: bool) -> Iterable[Question]:
    for ask in _asks(more):
        yield from (Question(text, ask["fact"], by_hand=True) for text in ask.get("say", ()))
        yield from (Question(text, ask["fact"]) for text in _frames_for(ask, templates))


def _fill(template: str, slots: dict[str, list[str]]) -> Iterable[str]:
    names = re.findall(r"{(\w+)}", template)
    fills = list(product(*(slots[name] for name in names)))
    step = max(1, len(fills) // SLOT_FILLS_PER_TEMPLATE)
    for values in islice(fills, len(template) % step, None, step):
        yield template.format(**dict(zip(names, values, strict=True)))


def _off_topic() -> Iterable[Question]:
    data = read("offtopic.toml")
    yield from (Question(text, "offtopic", by_hand=True) for text in data["questions"])
    for template in data["templates"]:
        yield from (Question(text, "offtopic") for text in _fill(template, data["slots"]))


def _tasks() -> Iterable[Question]:
    work = read("offtopic.toml")["work"]
    sentences = work["sentences"]
    for i, task in enumerate(work["tasks"]):
        yield Question(task, "task", by_hand=True)
        for j in range(14):
            start = (7 * i + 11 * j) % len(sentences)
            text = " ".join((sentences + sentences)[start : start + 1 + j % 6])
            gap = ("\n\n", "\n", " ")[j % 3]
            yield Question(text + gap + task, "task")
    for i, lead in enumerate(work["leads"]):
        for j in range(12):
            yield Question(lead.format(sentences[(5 * i + 7 * j) % len(sentences)]), "task")


def _follow_ups(templates: dict) -> Iterable[Question]:
    for row in templates["follow"]:
        for after, text in product(row["after"], row["ask"]):
            yield Question(text, row["fact"], after=after)
    for quant in QUANTS:
        for text in SIZE_FOLLOW_UPS:
            yield Question(text, "size_" + quant, after=quant)
        for text in WHAT_FOLLOW_UPS:
            yield Question(text, quant, after="size_" + quant)
        for other, frame in product(QUANTS, OTHER_FOLLOW_UPS):
            if other != quant:
                name = other.upper() if len(other + quant) % 2 else other
                yield Question(frame.format(name), other, after=quant)
                yield Question(frame.format(name), "size_" + other, after="size_" + quant)


@cache
def _everything(more: bool) -> tuple[Question, ...]:
    templates = read("templates.toml")
    seen: dict[tuple[str, str], Question] = {}
    claimed: dict[str, str] = {}
    parts = (_about_facts(templates, more), _off_topic(), _tasks(), _follow_ups(templates))
    everything = [question for part in parts for question in part]
    # What was written by hand decides when a frame makes the same words for another fact.
    for question in sorted(everything, key=lambda q: not q.by_hand):
        if not question.after:
            owner = claimed.setdefault(normalize(question.text) or question.text, question.fact)
            if owner != question.fact:
                continue
        seen.setdefault((question.text, question.after), question)
    return tuple(q for q in seen.values() if q.after or not too_close(q.text))


@cache
def dev() -> tuple[Question, ...]:
    """Return the phrasings of asks/ that are kept out of training, chosen by their checksum."""
    old = {normalize(q.text) for q in _everything(False)}
    return tuple(
        q
        for q in _everything(True)
        if q.by_hand
        and not q.after
        and crc32(q.text.encode()) % DEV_ONE_IN == 0
        and normalize(q.text) not in old
    )


@cache
def questions(more: bool = True) -> tuple[Question, ...]:
    """Return all training questions; without `more`, only those of the first rounds (no asks/).

    Those that come close to a held-out one are left out, and so are those of dev().
    """
    if not more:
        return _everything(False)
    kept_out = {normalize(q.text) for q in dev()}
    return tuple(q for q in _everything(True) if q.after or normalize(q.text) not in kept_out)
