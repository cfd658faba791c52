"""How much of a prompt is read in one go, so that progress shows about once a second.

Short goes cost speed: on a processor 128 tokens at a time are read nearly as fast as 512, 64 are
not, and smaller ones never pay. The size begins by the model and not by the clock, so that the same
prompt is mostly read in the same goes and the same seed gives the same answer. Pure.
"""

_TOO_LONG_SECONDS = 1.3
_SHORT_SECONDS = 0.4
_FEWEST_TOKENS, _FEWEST_ON_GPU_TOKENS = 64, 256
"""A GPU that holds only a part of the layers is sent the rest anew for each go."""
_SMALL_PARAMETERS, _MEDIUM_PARAMETERS = 1_500_000_000, 5_000_000_000


class Pace:
    """The size of the next go."""

    def __init__(self, batch_tokens: int, parameters: int, *, on_gpu: bool) -> None:
        most = batch_tokens
        if not on_gpu and parameters > _SMALL_PARAMETERS:
            most = min(batch_tokens, 256 if parameters <= _MEDIUM_PARAMETERS else 128)
        self._most_tokens = self.tokens = most
        self._fewest_tokens = min(most, _FEWEST_ON_GPU_TOKENS if on_gpu else _FEWEST_TOKENS)

    def took(self, tokens: int, seconds: float) -> None:
        """Learn how long a go of `tokens` took; a part of one says nothing.

        >>> pace = Pace(512, 1_000_000_000, on_gpu=False)
        >>> pace.took(512, 3.0)
        >>> pace.tokens
        256
        """
        if tokens < self.tokens:
            return
        if seconds > _TOO_LONG_SECONDS:
            self.tokens = max(self.tokens // 2, self._fewest_tokens)
        elif seconds < _SHORT_SECONDS:
            self.tokens = min(self.tokens * 2, self._most_tokens)
