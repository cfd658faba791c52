"""The numbers of the status line, from what a chat tells and from the last count of tokens.

Knows neither widgets nor clocks: every time comes with the stats.
"""

from collections import deque
from dataclasses import dataclass

from localchat import errors
from localchat.chat import events
from localchat.chat.chat import Chat
from localchat.chat.context import ContextUse
from localchat.engine import wire
from localchat.ui import message_words, wording

_RATES_KEPT = 24
_READY = ("ready", "$success")
_BUSY = "$primary"


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
    policy: str = ""
    """What happens when the context is full."""


class Meter:
    """Follows one chat at a time."""

    def __init__(self) -> None:
        self.context_tokens = 0
        self._policy = ""
        self._used_tokens = 0
        self._stats = wire.Stats()
        """Of the newest answer."""
        self._sampled = wire.Stats()
        """What the stats were when the curve was drawn on."""
        self._rates: deque[float] = deque(maxlen=_RATES_KEPT)
        self._state = _READY

    def use_model(self, context_tokens: int) -> None:
        """Measure against another context."""
        self.context_tokens = context_tokens
        self._state = _READY

    def open(self, chat: Chat) -> None:
        """Follow this chat from now on, and know its last answer."""
        stats = [message.stats for message in chat.path if message.stats is not None]
        self._stats = self._sampled = stats[-1] if stats else wire.Stats()
        self._used_tokens = self._stats.prompt_tokens + self._stats.tokens
        self._policy = message_words.policy(chat.settings.overflow)
        self._rates.clear()
        self._state = ("answering", _BUSY) if chat.answering_id else _READY

    def counted(self, use: ContextUse) -> None:
        """Take a count of the next prompt."""
        self._used_tokens = use.prompt_tokens
        self.context_tokens = use.context_tokens or self.context_tokens
        self._policy = message_words.policy(use.policy)

    def hear(self, event: events.ChatEvent) -> None:
        """Take what the chat tells."""
        if isinstance(event, events.Waiting):
            self._wait(event.progress)
        elif isinstance(event, events.InLine):
            self._begin(f"waiting for {wording.count(event.ahead, 'other answer')}")
        elif isinstance(event, events.Summarizing):
            self._begin("summarizing")
        elif isinstance(event, events.Said):
            self._stats, self._state = event.stats, ("answering", _BUSY)
            self._used_tokens = event.stats.prompt_tokens + event.stats.tokens
        elif isinstance(event, events.Ended):
            self._end(event.message.stats)
        elif isinstance(event, events.Failed) and isinstance(event.error, errors.EngineLost):
            self._state = ("engine stopped", "$error")

    def sample(self) -> None:
        """Draw on the curve of the speed."""
        new_seconds = self._stats.seconds - self._sampled.seconds
        new_tokens = self._stats.tokens - self._sampled.tokens
        if new_seconds > 0 and new_tokens > 0 and self._state[0] == "answering":
            if self._sampled.tokens:
                self._rates.append(new_tokens / new_seconds)
            self._sampled = self._stats

    @property
    def live(self) -> Live:
        """What to show now."""
        return Live(
            used_tokens=self._used_tokens,
            context_tokens=self.context_tokens,
            tokens_per_second=self._stats.tokens_per_second,
            ttft_seconds=self._stats.ttft_seconds,
            recent_rates=tuple(self._rates),
            state=self._state[0],
            color=self._state[1],
            policy=self._policy,
        )

    def _wait(self, progress: wire.Progress) -> None:
        done = wording.percent(progress.done, progress.total)
        if progress.stage == "prompt":
            self._begin(f"reading {done} %")
            self._used_tokens = progress.done
        else:
            self._begin(f"loading again {done} %")

    def _begin(self, state: str) -> None:
        self._state = (state, _BUSY)
        self._stats = self._sampled = wire.Stats()
        self._rates.clear()

    def _end(self, stats: wire.Stats | None) -> None:
        self._state = _READY
        self._rates.clear()
        if stats is not None and stats.tokens:
            self._stats = stats
            self._used_tokens = stats.prompt_tokens + stats.tokens
