"""What the engine's process takes besides the weights, KV cache and scratch that llama.cpp counts.

Fitted to the peaks of real loads (tests/bench/memory_peak.py, Linux x86-64): an interpreter with
its libraries and graphs takes 40 to 50 MiB, and every token of a byte-pair vocabulary some 400
bytes, with its merges and a row of logits; the CPU's work buffer follows the widest matrix and the
experts. The rest is room so that the figure is never below the truth. Knows neither the tokenizer
(SentencePiece takes half as much a token) nor what a GPU's driver adds.
"""

from typing import Final

from localchat import units
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.models.shapes import Shape

PROCESS_BYTES: Final = 68 * units.MIB
TOKEN_BYTES: Final = 400
_BATCH_TOKENS: Final = EngineParams().ubatch_tokens
_ACTIVATION_BYTES: Final = 2
"""The CPU converts a batch's activations for each matrix product, to F16 at most."""
_ROUTE_BYTES: Final = 8
"""It notes for every expert which tokens of a batch go to it, in a table with room for all of
them (ggml-cpu.c, mul_mat_id)."""
_USUAL_TOKENS: Final = 151_936
"""Taken where a model's vocabulary is not known."""


def runtime_bytes(candidate: Candidate) -> int:
    """Return what the engine's process needs besides what llama.cpp counts."""
    return of_shape(candidate.shape)


def of_shape(shape: Shape) -> int:
    """Return what the engine's process needs besides, for a model of this shape."""
    experts = shape.experts
    routes = experts.count * experts.used if experts else 0
    widest = max(shape.feed_forward or 0, shape.embedding or 0)
    if shape.recurrent:
        widest = max(widest, shape.recurrent.inner)
    a_token = widest * _ACTIVATION_BYTES + routes * _ROUTE_BYTES
    vocabulary = shape.vocabulary or _USUAL_TOKENS
    return PROCESS_BYTES + vocabulary * TOKEN_BYTES + _BATCH_TOKENS * a_token
