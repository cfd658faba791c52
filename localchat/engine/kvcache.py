"""The tokens that the model has in its memory, and how much of them a new prompt can keep.

One sequence. Knows llama.cpp's memory, nothing of text.
"""

from collections.abc import Sequence
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine.llama import LlamaModel

_ABORTED = 2


class EvaluationAborted(Exception):
    """The abort flag was set while tokens were evaluated; the memory is as it was before."""


class EvaluationFailed(Exception):
    """llama.cpp could not evaluate tokens, with its return code."""


class KvCache:
    """Sequence 0 of a model's memory: the tokens in it and the evaluations that put them there."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._tokens: list[int] = []
        self._chunks: list[int] = []
        self._batch: Any = llama_cpp.llama_batch_init(model.params.batch_tokens, 0, 1)
        for slot in range(model.params.batch_tokens):
            self._batch.n_seq_id[slot] = 1
            self._batch.seq_id[slot][0] = 0

    def close(self) -> None:
        """Free the batch."""
        llama_cpp.llama_batch_free(self._batch)

    @property
    def chunks(self) -> tuple[int, ...]:
        """The sizes of the evaluations behind what is in the memory now, oldest first."""
        return tuple(self._chunks)

    def __len__(self) -> int:
        return len(self._tokens)

    def clear(self) -> None:
        """Forget everything."""
        llama_cpp.llama_memory_clear(self._model.memory, True)
        self._tokens.clear()
        self._chunks.clear()

    def keep_prefix(self, tokens: Sequence[int]) -> str:
        """Keep what `tokens` has in common with the memory, at most all but its last token.

        The last one is evaluated again in any case: its logits choose the first new token.
        Returns why less was kept than is common, or an empty string.
        """
        common = min(_common_prefix(self._tokens, list(tokens)), len(tokens) - 1)
        if common == len(self._tokens):
            return ""
        why_not = self._obstacle(common)
        if not why_not and self._cut(common):
            return ""
        self.clear()
        return (why_not or "The memory could not be cut back.") if common else ""

    def _obstacle(self, common: int) -> str:
        """Say why the memory cannot be cut back to its first `common` tokens, if it cannot.

        llama_memory_seq_rm is no judge: it succeeds on a sliding window that has moved on, and
        the tokens before the cut are then missing.
        """
        facts = self._model.facts
        if facts.is_recurrent:
            return "Recurrent layers keep one state only, so the prompt was read from the start."
        first = llama_cpp.llama_memory_seq_pos_min(self._model.memory, 0)
        if first > max(0, common - facts.window_tokens):
            return "The attention window has moved on, so the prompt was read from the start."
        return ""

    def _cut(self, length: int) -> bool:
        if not llama_cpp.llama_memory_seq_rm(self._model.memory, 0, length, -1):
            return False
        del self._tokens[length:]
        while sum(self._chunks) > length:
            # A chunk that is cut through was still evaluated as one, so its head stays listed.
            excess = sum(self._chunks) - length
            last = self._chunks.pop()
            if last > excess:
                self._chunks.append(last - excess)
        return True

    def evaluate(self, tokens: Sequence[int], *, wants_logits: bool) -> None:
        """Append `tokens`, at most a batch of them, evaluating them in one call.

        Raises EvaluationAborted or EvaluationFailed; the memory is then as it was before, or
        empty where it could not be restored.
        """
        start = len(self._tokens)
        batch = self._batch
        batch.n_tokens = len(tokens)
        for slot, token in enumerate(tokens):
            batch.token[slot] = token
            batch.pos[slot] = start + slot
            batch.logits[slot] = 0
        batch.logits[len(tokens) - 1] = wants_logits
        code = llama_cpp.llama_decode(self._model.context, batch)
        if code:
            self._restore(start)
            raise EvaluationAborted if code == _ABORTED else EvaluationFailed(code)
        self._tokens.extend(tokens)
        self._chunks.append(len(tokens))

    def _restore(self, length: int) -> None:
        # Parts of an evaluation may have been stored before it stopped.
        if self._model.facts.is_recurrent or not llama_cpp.llama_memory_seq_rm(
            self._model.memory, 0, length, -1
        ):
            self.clear()


def _common_prefix(one: list[int], other: list[int]) -> int:
    """Count the equal tokens at the start.

    >>> _common_prefix([1, 2, 3], [1, 2, 4, 5])
    2
    """
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(n for n in range(shorter) if one[n] != other[n])
