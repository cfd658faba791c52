"""llama.cpp's sampler chain, built from settings, and the defaults behind the settings."""

import array
import ctypes
import dataclasses
import math
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine.wire import Sampling

LLAMA_CPP_DEFAULTS = Sampling(
    temperature=0.8,
    top_k=40,
    top_p=0.95,
    min_p=0.05,
    repeat_penalty=1.0,
    repeat_last_tokens=64,
    frequency_penalty=0.0,
    presence_penalty=0.0,
)
"""What llama.cpp's own programs use when nothing is said (common/common.h)."""

_METADATA_KEYS: tuple[tuple[str, str, Callable[[str], float]], ...] = (
    ("temperature", "general.sampling.temp", float),
    ("top_k", "general.sampling.top_k", int),
    ("top_p", "general.sampling.top_p", float),
    ("min_p", "general.sampling.min_p", float),
    ("repeat_penalty", "general.sampling.penalty_repeat", float),
    ("repeat_last_tokens", "general.sampling.penalty_last_n", int),
)


def model_defaults(metadata: Callable[[str], str | None]) -> Sampling:
    """Return what an answer gets when nothing is set: the GGUF's values over llama.cpp's."""
    values: dict[str, Any] = {}
    for name, key, convert in _METADATA_KEYS:
        text = metadata(key)
        try:
            if text is not None:
                values[name] = convert(text)
        except ValueError:
            continue
    return dataclasses.replace(LLAMA_CPP_DEFAULTS, **values)


def resolve(asked: Sampling, defaults: Sampling) -> Sampling:
    """Fill what was not asked for from `defaults`, and draw a seed if none is given."""
    fields = dataclasses.asdict(defaults)
    fields.update({k: v for k, v in dataclasses.asdict(asked).items() if v is not None})
    if fields["seed"] is None:
        fields["seed"] = secrets.randbelow(2**31)
    return Sampling(**fields)


class Sampler:
    """One answer's chain: penalties, top-k, top-p, min-p, temperature, and the draw.

    The order is llama.cpp's own. At temperature 0 it is greedy: penalties, then the best token.
    """

    def __init__(self, settings: Sampling, vocabulary_tokens: int, context_tokens: int) -> None:
        if settings.repeat_last_tokens is not None and settings.repeat_last_tokens < 0:
            # llama.cpp's own sampler takes a negative number for "off"; users mean "all".
            settings = dataclasses.replace(settings, repeat_last_tokens=context_tokens)
        self._chain = llama_cpp.llama_sampler_chain_init(
            llama_cpp.llama_sampler_chain_default_params()
        )
        for sampler in _links(settings, vocabulary_tokens):
            llama_cpp.llama_sampler_chain_add(self._chain, sampler)
        self._remembered_tokens = settings.repeat_last_tokens if _penalizes(settings) else 0

    @property
    def remembers(self) -> bool:
        """Whether tokens that were chosen change later choices."""
        return bool(self._remembered_tokens)

    def accept(self, tokens: Sequence[int]) -> None:
        """Show tokens to the penalties: as many of the last ones as they look back."""
        look_back = self._remembered_tokens
        if look_back:
            for token in tokens[-look_back:]:
                llama_cpp.llama_sampler_accept(self._chain, token)

    def sample(self, context: ctypes.c_void_p) -> int:
        """Choose the next token from the last logits, and show it to the penalties."""
        token: int = llama_cpp.llama_sampler_sample(self._chain, context, -1)
        return token

    def choose(self, candidates: "Candidates") -> int:
        """Choose among candidates; unlike `sample`, the penalties do not learn of it."""
        return candidates.chosen_by(self._chain)

    def close(self) -> None:
        """Free the chain and its links."""
        llama_cpp.llama_sampler_free(self._chain)


class Candidates:
    """All tokens with their logits, as llama.cpp's samplers take them; filled anew each time."""

    def __init__(self, vocabulary_tokens: int) -> None:
        self._tokens = vocabulary_tokens
        self._data = (llama_cpp.llama_token_data * vocabulary_tokens)()
        # Three words a token: its number, its logit, its probability. Copied in one go each.
        words = memoryview(self._data).cast("B")
        self._numbers = words.cast("i")[::3]
        self._logits = words.cast("f")[1::3]
        self._all_numbers = memoryview(array.array("i", range(vocabulary_tokens)))
        self._native = llama_cpp.llama_token_data_array()

    def fill(self, logits: Any) -> None:
        """Take the logits of every token; `logits` is llama.cpp's pointer to them."""
        raw = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * self._tokens)).contents
        self._logits[:] = memoryview(raw).cast("B").cast("f")
        self._numbers[:] = self._all_numbers
        self._reset(self._tokens)

    def fill_one(self, token: int) -> None:
        """Take one token alone."""
        self._data[0].id, self._data[0].logit = token, 0.0
        self._reset(1)

    def _reset(self, size: int) -> None:
        self._native.data = ctypes.cast(self._data, type(self._native.data))
        self._native.size, self._native.selected, self._native.sorted = size, -1, False

    def apply(self, sampler: Any) -> bool:
        """Let a sampler of llama.cpp change the logits; say whether any token is left."""
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(self._native))
        # What was sorted may have other logits now, and llama.cpp's own flag does not tell.
        self._native.sorted = False
        size = self._native.size
        return any(logit > -math.inf for logit in self._logits[:size])

    def chosen_by(self, chain: Any) -> int:
        """Let a chain that ends in a choice choose a token."""
        llama_cpp.llama_sampler_apply(chain, ctypes.byref(self._native))
        token: int = self._native.data[self._native.selected].id
        return token


def _links(settings: Sampling, vocabulary_tokens: int) -> list[Any]:
    links = []
    if _penalizes(settings):
        links.append(
            llama_cpp.llama_sampler_init_penalties(
                vocabulary_tokens,
                settings.repeat_last_tokens,
                settings.repeat_penalty,
                settings.frequency_penalty,
                settings.presence_penalty,
            )
        )
    if not settings.temperature or settings.temperature <= 0:
        return [*links, llama_cpp.llama_sampler_init_greedy()]
    return [
        *links,
        llama_cpp.llama_sampler_init_top_k(settings.top_k),
        llama_cpp.llama_sampler_init_top_p(settings.top_p, 1),
        llama_cpp.llama_sampler_init_min_p(settings.min_p, 1),
        llama_cpp.llama_sampler_init_temp(settings.temperature),
        llama_cpp.llama_sampler_init_dist(settings.seed),
    ]


def _penalizes(settings: Sampling) -> bool:
    # A chain without penalties need not look at 150,000 candidates for them.
    changed = (
        settings.repeat_penalty != 1.0
        or bool(settings.frequency_penalty)
        or bool(settings.presence_penalty)
    )
    return changed and settings.repeat_last_tokens != 0
