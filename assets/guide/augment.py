"""Vary a question the way people do: politeness, synonyms, case, lost words, typing errors.

Everything is drawn from the generator that is handed in, so a seed fixes the result.
"""

from __future__ import annotations

import random
import re
from functools import cache

import corpus

DROPPABLE = frozenset(
    "a an the is are do does of to i it my can in on for me please be there this that with".split()
)
NEIGHBORS = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "j": "hk",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "w",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "w": "qe",
    "x": "zc",
    "y": "tu",
    "z": "x",
}


@cache
def _tables() -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    data = corpus.read("templates.toml")
    groups = tuple(tuple(group) for group in data["synonyms"])
    return tuple(data["prefix"]), tuple(data["suffix"]), groups


def _swap_synonym(text: str, rng: random.Random) -> str:
    group = rng.choice(_tables()[2])
    for word in group:
        if re.search(rf"\b{re.escape(word)}\b", text):
            return re.sub(rf"\b{re.escape(word)}\b", rng.choice(group), text, count=1)
    return text


def _drop_word(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    spare = [i for i, word in enumerate(words) if word.lower() in DROPPABLE]
    if len(words) > 2 and spare:
        del words[rng.choice(spare)]
    return " ".join(words)


def _typo(text: str, rng: random.Random) -> str:
    letters = [i for i, c in enumerate(text) if c.isascii() and c.isalpha()]
    if len(letters) < 6:
        return text
    i = rng.choice(letters[1:])
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1 :]
    if kind == 1:
        return text[:i] + text[i] + text[i:]
    if kind == 2:
        return text[: i - 1] + text[i] + text[i - 1] + text[i + 1 :]
    return text[:i] + rng.choice(NEIGHBORS[text[i].lower()]) + text[i + 1 :]


def _case(text: str, rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.35:
        return text.lower()
    if roll < 0.65:
        return text[:1].upper() + text[1:]
    return text.upper() if roll > 0.98 else text


def vary(text: str, rng: random.Random, short: bool = False) -> str:
    """Return a variant of a question; `short` texts (small talk) get no words around them."""
    for _ in range(3):
        if rng.random() < 0.3:
            text = _swap_synonym(text, rng)
    if not short:
        if rng.random() < 0.2:
            text = rng.choice(_tables()[0]) + text
        if rng.random() < 0.2:
            text = text.rstrip("?. ") + rng.choice(_tables()[1])
    if rng.random() < 0.15:
        text = _drop_word(text, rng)
    while rng.random() < 0.14:
        text = _typo(text, rng)
    roll = rng.random()
    if roll < 0.2:
        text = text.rstrip("?")
    elif roll < 0.4 and text[-1:].isalnum():
        text += "?"
    return _case(text, rng)
