"""What the engine's process takes besides the weights, KV cache and scratch that llama.cpp counts.

Fitted to the peaks of real loads (tests/bench/memory_peak.py, Linux x86-64): an interpreter with
its libraries, graphs and the CPU's work buffer take some 50 MiB, and every token of a byte-pair
vocabulary some 400 bytes, with its merges and a row of logits; the rest is room so that the figure
is never below the truth. Knows neither the tokenizer (SentencePiece takes half as much a token)
nor what a GPU's driver adds.
"""

from typing import Final

from localchat import units
from localchat.fit.candidate import Candidate

PROCESS_BYTES: Final = 72 * units.MIB
TOKEN_BYTES: Final = 400
_USUAL_TOKENS: Final = 151_936
"""Taken where a model's vocabulary is not known."""


def runtime_bytes(candidate: Candidate) -> int:
    """Return what the engine's process needs besides what llama.cpp counts."""
    return of_vocabulary(candidate.shape.vocabulary or _USUAL_TOKENS)


def of_vocabulary(vocabulary_tokens: int) -> int:
    """Return what the engine's process needs besides, for a model that knows so many tokens.

    >>> of_vocabulary(128_256) // units.MIB
    120
    """
    return PROCESS_BYTES + vocabulary_tokens * TOKEN_BYTES
