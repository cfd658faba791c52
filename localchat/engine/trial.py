"""A model that is only timed: it decodes and reads prompts, and nobody sees what it says."""

import time
from typing import Final

from llama_cpp import llama_cpp

from localchat.engine import sampler, truncation, wire
from localchat.engine.kvcache import KvCache
from localchat.engine.llama import LlamaModel

ROUND_TOKENS: Final = 6

_FEWEST_ROUNDS, _MOST_ROUNDS = 4, 40
_PROMPT_TOKENS = 64
_PROMPT_SECONDS = 0.3


class Trial:
    """A truncated model that decodes."""

    def __init__(self, model: LlamaModel) -> None:
        self._context = model.context
        self._tokens = truncation.FILLED_TOKENS
        self._cache = KvCache(model)
        settings = sampler.resolve(wire.Sampling(seed=1), sampler.LLAMA_CPP_DEFAULTS)
        vocabulary = llama_cpp.llama_vocab_n_tokens(model.vocabulary)
        self._sampler = sampler.Sampler(settings, vocabulary, model.facts.context_tokens)
        self.decode(2)

    def close(self) -> None:
        """Free what was added to the model."""
        self._sampler.close()
        self._cache.close()

    def decode(self, tokens: int, *, clear: bool = True) -> float:
        """Decode as an answer is decoded, and return the seconds a token."""
        if clear:
            self._cache.clear()
        self._evaluate(0)
        started = time.perf_counter()
        for number in range(1, tokens + 1):
            self._sampler.sample(self._context)
            self._evaluate(number)
        return (time.perf_counter() - started) / tokens

    def prompt(self) -> float:
        """Read a prompt, and return the seconds a token; short times are taken twice."""
        times: list[float] = []
        while len(times) < 2 and sum(times) < _PROMPT_SECONDS:
            self._cache.clear()
            started = time.perf_counter()
            self._cache.evaluate(self._prompt(_PROMPT_TOKENS), wants_logits=True)
            llama_cpp.llama_synchronize(self._context)
            times.append(time.perf_counter() - started)
        return min(times) / _PROMPT_TOKENS

    def fill(self, tokens: int, seconds: float) -> int:
        """Fill the cache up to `tokens`, or as far as `seconds` last; return how far."""
        self._cache.clear()
        started = time.perf_counter()
        while len(self._cache) < tokens and time.perf_counter() - started < seconds:
            self._cache.evaluate(self._prompt(256), wants_logits=False)
            llama_cpp.llama_synchronize(self._context)
        return len(self._cache)

    def _evaluate(self, number: int) -> None:
        self._cache.evaluate((number * 37 % self._tokens,), wants_logits=True)

    def _prompt(self, tokens: int) -> list[int]:
        return [number * 37 % self._tokens for number in range(tokens)]


def in_turns(models: tuple[Trial, ...], seconds: float) -> list[list[float]]:
    """Let models decode in turns, so that a disturbance of the machine falls on all."""
    times: list[list[float]] = [[] for _ in models]
    started = time.perf_counter()
    for number in range(_MOST_ROUNDS):
        if number >= _FEWEST_ROUNDS and time.perf_counter() - started > seconds:
            break
        for each, model in zip(times, models, strict=True):
            each.append(model.decode(ROUND_TOKENS))
    return times
