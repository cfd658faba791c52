"""What the engine's process takes besides what llama.cpp counts."""

from typing import Final

from localchat.fit.candidate import Candidate

_PROCESS_BYTES: Final = 100 * 2**20
_TOKEN_BYTES: Final = 300


def runtime_bytes(candidate: Candidate) -> int:
    """Return what the engine's process needs besides the model."""
    return of_vocabulary(candidate.shape.vocabulary or 0)


def of_vocabulary(vocabulary_tokens: int) -> int:
    """Return what the engine's process needs besides a model that knows so many tokens."""
    return _PROCESS_BYTES + vocabulary_tokens * _TOKEN_BYTES
