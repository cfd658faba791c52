"""The constants of planning and ranking, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a recommendation weighs; the defaults are what localchat uses."""

    useful_context_tokens: int = 8192
    """What "best quality" must have room for."""
    least_context_tokens: int = 2048
    """Less is never recommended."""
    half_context_tokens: int = 8192
    """Each further so many tokens are worth half of what the ones before were."""
    enough_retained: float = 0.95
    """A quantization that keeps so much is no reason to take layers off a GPU for a better one."""
    enough_tokens_per_second: float = 12.0
    """Faster than one reads; more is worth nothing."""
    least_tokens_per_second: float = 3.0
    """Slower is not recommended while anything else fits."""
    as_large_factor: float = 1.02
    """A quantization that loses less and is at most so much larger makes another pointless."""
    tier_factor: float = 1.15
    """What one tier of the catalogue is worth: a model twice as large is worth about 1.11."""
    size_exponent: float = 0.15
    """Capability of models of one family grows with this power of their size."""

    def context_utility(self, context_tokens: int) -> float:
        """Return the use of a context, from 0 to 1.

        >>> Tuning().context_utility(16384)
        0.75
        """
        return float(1 - 0.5 ** (context_tokens / self.half_context_tokens))

    def speed_utility(self, tokens_per_second: float) -> float:
        """Return the use of a decode rate, from 0 to 1.

        >>> Tuning().speed_utility(6.0)
        0.5
        """
        return min(1.0, tokens_per_second / self.enough_tokens_per_second)


DEFAULT = Tuning()
