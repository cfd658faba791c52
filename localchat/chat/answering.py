"""One answer on its way: what the engine sends becomes a message, thinking told apart.

A pure collector. Knows neither the engine's process nor where chats are kept.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from localchat.chat import events, reasoning
from localchat.chat.messages import TEXT, Ending, Message, ModelMark, Part
from localchat.engine import wire


class Answer:
    """An answer, as far as it has come."""

    def __init__(self, message: Message) -> None:
        """`message` is the one to fill; what it says already is gone on with."""
        self._message = message
        self._said: dict[str, list[str]] = {
            "answer": [message.text],
            "reasoning": [message.reasoning],
        }
        self._splitter = reasoning.ReasoningSplitter()
        self._before = message.stats
        self._stats = message.stats
        self._used: Mapping[str, Any] = message.settings
        self.model: ModelMark | None = message.model
        self.ending: Ending = ""
        """As the engine told it; empty until then."""
        self.seed = message.seed

    @property
    def so_far(self) -> Message:
        """The message as it is now."""
        text = "".join(self._said["answer"])
        return dataclasses.replace(
            self._message,
            parts=(*self._message.files, Part(TEXT, text)) if text else self._message.files,
            reasoning="".join(self._said["reasoning"]),
            stats=self._stats,
            model=self.model,
            seed=self.seed,
            settings=self._used,
        )

    def made_with(self, used: Mapping[str, Any]) -> None:
        """Note how it is made."""
        self._used = used

    def take(self, event: wire.Event) -> list[events.Waiting | events.Said]:
        """Take an event of the engine and return what it means for the reader."""
        if isinstance(event, wire.Progress):
            return [events.Waiting(event)]
        if isinstance(event, wire.Prompt):
            self._splitter = reasoning.ReasoningSplitter(event.opened_by)
        elif isinstance(event, wire.Text):
            self._stats = self._together(event.stats)
            return self._keep(self._splitter.feed(event.text))
        elif isinstance(event, wire.Finished):
            self._stats, self.seed = self._together(event.stats), event.seed
            self.ending = event.reason
            return self._keep(self._splitter.close())
        return []

    def end(
        self, ending: Ending, error: str = ""
    ) -> tuple[list[events.Waiting | events.Said], Message]:
        """End it, for this reason unless the engine gave one.

        Returns what was still held back, and the message.
        """
        rest = [] if self.ending else self._keep(self._splitter.close())
        ended = dataclasses.replace(
            self.so_far, is_streaming=False, ending=self.ending or ending, error=error
        )
        return rest, ended

    def _keep(self, pieces: list[reasoning.Piece]) -> list[events.Waiting | events.Said]:
        for piece in pieces:
            self._said[piece.kind].append(piece.text)
        stats = self._stats or wire.Stats()
        return [events.Said(piece.kind, piece.text, stats) for piece in pieces]

    def _together(self, stats: wire.Stats) -> wire.Stats:
        """Add what was measured for the first part of an answer that was gone on with."""
        first = self._before
        if first is None:
            return stats
        return dataclasses.replace(
            stats,
            prompt_tokens=first.prompt_tokens,
            cached_tokens=first.cached_tokens,
            prompt_seconds=first.prompt_seconds,
            ttft_seconds=first.ttft_seconds,
            tokens=first.tokens + stats.tokens,
            seconds=first.seconds + stats.seconds,
        )
