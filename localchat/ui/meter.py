"""The numbers of the status line, from the engine's stats and from the last count of tokens.

Knows neither widgets nor clocks: every time comes with the stats.
"""

from collections import deque
from dataclasses import dataclass

from localchat.chat.conversation import Turn
from localchat.engine import wire
from localchat.ui import wording

_RATES_KEPT = 24


@dataclass(frozen=True, slots=True)
class Live:
    """What the status line shows."""

    used_tokens: int = 0
    context_tokens: int = 0
    tokens_per_second: float | None = None
    ttft_seconds: float = 0.0
    recent_rates: tuple[float, ...] = ()
    state: str = "ready"
    color: str = "$success"


class Meter:
    """Follows one conversation."""

    def __init__(self) -> None:
        self.context_tokens = 0
        self._used_tokens = 0
        self._stats = wire.Stats()
        self._rates: deque[float] = deque(maxlen=_RATES_KEPT)
        self._state, self._color = "ready", "$success"

    def use_model(self, context_tokens: int) -> None:
        """Measure against another context."""
        self.context_tokens = context_tokens
        self._state, self._color = "ready", "$success"

    def clear(self) -> None:
        """Forget the conversation."""
        self._used_tokens, self._stats = 0, wire.Stats()
        self._rates.clear()

    def counted(self, tokens: int) -> None:
        """Take a count of the conversation and the draft."""
        self._used_tokens = tokens

    def begin(self) -> None:
        """Begin to follow an answer."""
        self._stats = wire.Stats()
        self._rates.clear()
        self._state, self._color = "sending", "$primary"

    def see(self, stats: wire.Stats, progress: wire.Progress | None) -> None:
        """Take how far the answer is; `progress` is what comes before it."""
        if progress is not None:
            done = wording.percent(progress.done, progress.total)
            reading = progress.stage == "prompt"
            self._state = f"reading {done} %" if reading else f"loading again {done} %"
            if reading:
                self._used_tokens = progress.done
            return
        if stats.tokens == 0:
            return
        new_seconds = stats.seconds - self._stats.seconds
        if self._stats.tokens and new_seconds > 0:
            self._rates.append((stats.tokens - self._stats.tokens) / new_seconds)
        self._stats, self._state = stats, "answering"
        self._used_tokens = stats.prompt_tokens + stats.tokens

    def end(self, turn: Turn, *, lost: bool) -> None:
        """Keep the figures of the whole answer."""
        self._rates.clear()
        if turn.stats is not None and turn.stats.tokens:
            self._stats = turn.stats
            self._used_tokens = turn.stats.prompt_tokens + turn.stats.tokens
        if lost:
            self._state, self._color = "engine stopped", "$error"
        else:
            self._state, self._color = "ready", "$success"

    @property
    def live(self) -> Live:
        """What to show now."""
        return Live(
            used_tokens=self._used_tokens,
            context_tokens=self.context_tokens,
            tokens_per_second=self._stats.tokens_per_second,
            ttft_seconds=self._stats.ttft_seconds,
            recent_rates=tuple(self._rates),
            state=self._state,
            color=self._color,
        )
