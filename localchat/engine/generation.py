"""One answer: prefill in chunks, then decode token by token, measured where it happens.

The engine's loop. Knows the loaded model, its memory and the sampler; what it produces are the
wire's events, handed to `emit`.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence

from llama_cpp import llama_cpp

from localchat.engine import kvcache, sampler, wire
from localchat.engine.constraint import Constraint
from localchat.engine.course import Course
from localchat.engine.kvcache import KvCache
from localchat.engine.llama import LlamaModel
from localchat.engine.pace import Pace
from localchat.engine.schemas.grammar import Node
from localchat.engine.textstream import TextStream
from localchat.engine.thoughts import Thoughts
from localchat.engine.vocab import Vocab

_EVENT_SECONDS = 1 / 30
"""Text is sent about this often: more would cost the pipe and the screen, and no reader sees it."""

Emit = Callable[[wire.Event], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """An answer to make."""

    id: int
    tokens: tuple[int, ...]
    sampling: wire.Sampling
    """Definite: every field set."""
    max_tokens: int
    stop: tuple[str, ...]
    arrived: float
    """perf_counter() when the request was read."""
    chunks: tuple[int, ...] = ()
    opened_by: str = ""
    """The mark of the think block in which the prompt ends."""
    thinking_budget_tokens: int = 0
    schema: Node | None = None
    """What the answer has to be; stop strings do not count then."""
    begun: str = ""
    """The text that the answer goes on from; with a schema, it must be within its grammar."""


class Generation:
    """Runs one job; `run` returns when the answer is complete, stopped or failed."""

    def __init__(
        self,
        model: LlamaModel,
        cache: KvCache,
        job: Job,
        vocab: Vocab,
        piece: Callable[[int], bytes],
        before_token: Callable[[], None],
        pace: Pace,
        emit: Emit,
    ) -> None:
        """`piece` gives a token's bytes; `before_token` may change threads between tokens."""
        self._model = model
        self._cache = cache
        self._job = job
        self._vocab = vocab
        self._piece = piece
        self._before_token = before_token
        self._pace = pace
        self._emit = emit
        self._text = TextStream(job.stop)
        self._unsent = ""
        self._sent_at = 0.0
        self._stats = wire.Stats(
            prompt_tokens=len(job.tokens), context_tokens=model.facts.context_tokens
        )

    def prepare(self) -> int:
        """Keep what the memory shares with the prompt, and return how many tokens that is."""
        if self._job.chunks:
            self._cache.clear()
        note = self._cache.keep_prefix(self._job.tokens)
        cached = len(self._cache)
        self._stats = dataclasses.replace(self._stats, cached_tokens=cached, note=note)
        return cached

    def run(self) -> None:
        """Prefill and decode. Raises EvaluationFailed; the cache stays usable."""
        try:
            self._prefill()
            reason: wire.FinishReason = self._decode()
        except kvcache.EvaluationAborted:
            reason = "cancelled"
        finally:
            rest = self._text.close()
            if self._unsent or rest:
                self._send_text(rest, time.perf_counter())
        self._emit(
            wire.Finished(
                self._job.id,
                reason,
                self._stats,
                seed=self._job.sampling.seed or 0,
                chunks=self._cache.chunks,
            )
        )

    def _prefill(self) -> None:
        tokens, cached = self._job.tokens, len(self._cache)
        started = now = time.perf_counter()
        done = cached
        chunks = iter(self._job.chunks)
        while done < len(tokens):
            if self._model.abort.is_set:
                raise kvcache.EvaluationAborted
            self._emit_progress(done, started)
            size = next(chunks, min(self._pace.tokens, len(tokens) - done))
            is_last = done + size == len(tokens)
            self._cache.evaluate(tokens[done : done + size], wants_logits=is_last)
            done += size
            before, now = now, time.perf_counter()
            self._pace.took(size, now - before)
        # Reading a logit waits for a GPU that works in the background.
        llama_cpp.llama_synchronize(self._model.context)
        seconds = time.perf_counter() - started
        self._stats = dataclasses.replace(self._stats, prompt_seconds=seconds)
        self._emit_progress(done, started)

    def _emit_progress(self, done: int, started: float) -> None:
        self._emit(
            wire.Progress(
                self._job.id,
                "prompt",
                done,
                len(self._job.tokens),
                time.perf_counter() - started,
                self._stats.cached_tokens,
            )
        )

    def _decode(self) -> wire.FinishReason:
        job, model = self._job, self._model
        with contextlib.ExitStack() as stack:
            chain = sampler.Sampler(
                job.sampling, self._vocab.size_tokens, model.facts.context_tokens
            )
            stack.callback(chain.close)
            constraint = None
            if job.schema is not None:
                constraint = Constraint(job.schema, self._vocab, model.vocabulary)
                stack.callback(constraint.close)
                constraint.resume(job.begun)
            chain.accept(job.tokens)
            course = Course(
                chain,
                self._vocab,
                self._piece,
                Thoughts(job.opened_by),
                budget_tokens=job.thinking_budget_tokens,
                constraint=constraint,
                is_continued=bool(job.begun),
            )
            reason = self._decode_with(course)
            if reason != "cancelled":
                self._complete(course)
            return reason

    def _decode_with(self, course: Course) -> wire.FinishReason:
        # The last token needs no place in the memory: it is never evaluated.
        most = self._model.facts.context_tokens - len(self._cache) + 1
        at_most: wire.FinishReason = "context"
        if 0 < self._job.max_tokens <= most:
            most, at_most = self._job.max_tokens, "length"
        first, taken = 0.0, 0
        while True:
            self._before_token()
            tokens = course.next(self._model.context, most - taken)
            now = time.perf_counter()
            first = first or now
            if not tokens:
                return at_most if course.is_cut else "stop"
            taken += len(tokens)
            self._take(tokens, taken, first, now)
            if self._text.stopped or course.is_over:
                return "stop"
            if taken >= most:
                return at_most
            if self._model.abort.is_set:
                return "cancelled"
            self._evaluate(tokens)

    def _evaluate(self, tokens: Sequence[int]) -> None:
        size = self._model.params.batch_tokens
        for start in range(0, len(tokens), size):
            self._cache.evaluate(tokens[start : start + size], wants_logits=True)

    def _complete(self, course: Course) -> None:
        """Say what a constrained answer still needs; nothing for others."""
        rest = course.rest
        if rest:
            self._text.drop_partial()
            self._unsent += self._text.feed(rest.encode())

    def _take(self, tokens: Sequence[int], taken: int, first: float, now: float) -> None:
        is_first = not self._stats.tokens
        self._stats = dataclasses.replace(
            self._stats,
            tokens=taken,
            seconds=now - first,
            ttft_seconds=first - self._job.arrived,
        )
        text = "".join(self._text.feed(self._piece(token)) for token in tokens)
        if is_first or now - self._sent_at >= _EVENT_SECONDS:
            self._send_text(text, now)
        else:
            self._unsent += text

    def _send_text(self, text: str, now: float) -> None:
        self._sent_at = now
        text, self._unsent = self._unsent + text, ""
        self._emit(wire.Text(self._job.id, text, self._stats))
