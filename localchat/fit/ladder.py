"""The usual contexts, and the search for the largest that fits.

Knows nothing of memory: what fits is asked of a callable.
"""

from collections.abc import Callable, Iterator
from typing import Final

from localchat.fit.params import CONTEXT_STEP_TOKENS

FIRST_STEP_TOKENS: Final = 2048
_UNKNOWN_LIMIT_TOKENS: Final = 32768
_GUESSES: Final = 4


def limit_tokens(trained_context_tokens: int) -> int:
    """Return the most tokens to offer; 32,768 where the file does not say."""
    return trained_context_tokens or _UNKNOWN_LIMIT_TOKENS


def steps(trained_context_tokens: int) -> tuple[int, ...]:
    """List the usual contexts up to what a model was trained for, which is the last.

    >>> steps(40960)
    (2048, 4096, 8192, 16384, 32768, 40960)
    """
    limit = limit_tokens(trained_context_tokens)
    return (*_doublings(limit), limit)


def step_below(tokens: int, trained_context_tokens: int) -> int:
    """Return the largest usual context that is not above `tokens`; 0 when there is none.

    >>> step_below(24832, 32768), step_below(1024, 32768)
    (16384, 0)
    """
    return max((step for step in steps(trained_context_tokens) if step <= tokens), default=0)


def name(tokens: int) -> str:
    """Say a context as people do.

    >>> name(16384), name(131072), name(5000)
    ('16k', '128k', '5,000')
    """
    return f"{tokens:,}" if tokens % 1024 else f"{tokens // 1024}k"


def top_step(limit: int, short_bytes: Callable[[int], int], at_most: int = 0) -> int:
    """Find the largest usual context up to `limit` that fits; 0 when none does.

    `short_bytes` says by how many bytes a context is too large, 0 or less when it fits; it must
    not fall as the context grows. Contexts above `at_most` are not tried; 0 tries all.
    """
    rungs = [step for step in steps(limit) if not at_most or step <= at_most]
    if short_bytes(rungs[-1]) <= 0:
        return rungs[-1]
    if short_bytes(rungs[0]) > 0:
        return 0
    return next(step for step in reversed(rungs[:-1]) if short_bytes(step) <= 0)


def most_tokens(limit: int, short_bytes: Callable[[int], int], fitting: int = 0) -> int:
    """Find the largest context up to `limit` that fits; 0 when none does.

    Looks at the usual contexts first, of which others ask too, from `fitting` on where one is
    known to fit. The answer is a multiple of 256, or `limit` itself.
    """
    step = fitting or top_step(limit, short_bytes)
    higher = [rung for rung in steps(limit) if rung > step]
    while higher and short_bytes(higher[0]) <= 0:
        step = higher.pop(0)
    if not higher:
        return limit
    above = higher[0]

    def short(units: int) -> int:
        return short_bytes(min(units * CONTEXT_STEP_TOKENS, limit))

    first = max(1, step // CONTEXT_STEP_TOKENS)
    last = -(-above // CONTEXT_STEP_TOKENS)
    return min(largest(first, last, short) * CONTEXT_STEP_TOKENS, limit)


def largest(first: int, last: int, short_bytes: Callable[[int], int]) -> int:
    """Find the largest number from `first` to `last` that fits; 0 when `first` does not.

    Memory grows almost in a straight line, so the place where it runs out is guessed from both
    ends, and four questions are mostly enough; after that, halving cannot take long.
    """
    low, high = first, last
    low_short = short_bytes(low)
    if low_short > 0:
        return 0
    high_short = short_bytes(high)
    if high_short <= 0:
        return high
    guesses = 0
    while high - low > 1:
        middle = (low + high) // 2
        if guesses < _GUESSES:
            share = -low_short / (high_short - low_short)
            middle = min(max(low + int((high - low) * share), low + 1), high - 1)
        guesses += 1
        found = short_bytes(middle)
        if found > 0:
            high, high_short = middle, found
        else:
            low, low_short = middle, found
    return low


def _doublings(below: int) -> Iterator[int]:
    tokens = FIRST_STEP_TOKENS
    while tokens < below:
        yield tokens
        tokens *= 2
