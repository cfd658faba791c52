"""Turns what a chat tells into lines: the answer by sentences, everything around it in words."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from localchat.chat import events
from localchat.chat.chat import Chat
from localchat.chat.messages import Message
from localchat.cli.linear.speaker import MODEL, Sentences, Speaker
from localchat.engine import wire

_PROGRESS_SECONDS = 4.0
_STAGES: Final = {"weights": "Loading", "context": "Making room for the context"}
_ENDINGS: Final = {
    "length": "It stopped at the limit of tokens; /continue goes on.",
    "context": "It stopped because the context is full.",
    "cancelled": "It was stopped; /continue goes on.",
}
_NOTHING: Final = {"cancelled": "Stopped before there was an answer.", "error": ""}


class Progress:
    """Says how far something is, every few seconds and not before."""

    def __init__(self, speaker: Speaker, clock: Callable[[], float] = time.monotonic) -> None:
        self._speaker = speaker
        self._clock = clock
        self._told_seconds = clock()

    def tell(self, progress: wire.Progress) -> None:
        """Say it, if it is time to."""
        now = self._clock()
        if now - self._told_seconds < _PROGRESS_SECONDS or not progress.total:
            return
        self._told_seconds = now
        if progress.stage == "prompt":
            self._speaker.say(
                f"Reading the prompt: {progress.done:,} of {progress.total:,} tokens."
            )
        else:
            words = _STAGES.get(progress.stage, "Getting ready")
            self._speaker.say(f"{words}: {100 * progress.done // progress.total} percent.")


class Hearing:
    """Listens to one answer of a chat until it is over."""

    def __init__(
        self, chat: Chat, speaker: Speaker, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._chat = chat
        self._speaker = speaker
        self._clock = clock
        self._progress = Progress(speaker, clock)
        self._sentences = Sentences()
        self._thinking_since: float | None = None
        self._has_begun = False
        self.over = asyncio.Event()

    def hear(self, event: events.ChatEvent) -> None:
        """Say what an event means."""
        if isinstance(event, events.Waiting):
            self._progress.tell(event.progress)
        elif isinstance(event, events.InLine) and event.ahead:
            self._speaker.say("Another answer comes first.")
        elif isinstance(event, events.Summarizing) and not event.tokens:
            self._speaker.say("The model summarizes earlier messages, to make room.")
        elif isinstance(event, events.Sent):
            self._tell_left_out(len(event.left_out))
        elif isinstance(event, events.Said):
            self._hear_text(event)
        elif isinstance(event, events.Ended):
            self._end(event.message)
        elif isinstance(event, events.Failed):
            self._fail(event)

    def _tell_left_out(self, number: int) -> None:
        if number:
            what = "1 earlier message was" if number == 1 else f"{number} earlier messages were"
            self._speaker.say(f"{what} not sent: the context is full.")

    def _hear_text(self, event: events.Said) -> None:
        if event.kind == "reasoning":
            if self._thinking_since is None:
                self._thinking_since = self._clock()
                self._speaker.say("The model is thinking.")
            return
        self._end_thoughts()
        self._answer(self._sentences.feed(event.text))

    def _end_thoughts(self) -> None:
        if self._thinking_since is not None:
            seconds = spoken_seconds(self._clock() - self._thinking_since)
            self._thinking_since = None
            self._speaker.say(f"The model thought for {seconds}; /thoughts reads them.")

    def _answer(self, text: str) -> None:
        # A mark alone says nothing: it waits for the first sentence.
        text = text if self._has_begun else text.lstrip("\n")
        if text:
            self._speaker.piece(text if self._has_begun else MODEL + text)
            self._has_begun = True

    def _end(self, message: Message) -> None:
        self._end_thoughts()
        self._answer(self._sentences.close())
        self._speaker.say(spoken_ending(message, self._chat.engine.loaded))
        # A failure of this answer follows at once, and is to be heard too.
        asyncio.get_running_loop().call_soon(self.over.set)

    def _fail(self, event: events.Failed) -> None:
        self._answer(self._sentences.close())
        self._speaker.say(event.error.message, event.error.hint)
        if event.draft is not None:
            self._speaker.say("Your message was not sent.")
        if self._chat.answering_id is None:
            self.over.set()


def spoken_ending(message: Message, loaded: wire.Loaded | None) -> str:
    """Say how an answer came about.

    >>> stats = wire.Stats(34, 0, 0.2, 0.41, 142, 7.05)
    >>> spoken_ending(Message("1", "1", None, "assistant", stats=stats, ending="stop"), None)
    'End of the answer: 142 tokens at 20 a second, the first after 0.4 seconds.'
    """
    stats = message.stats
    if stats is None or not stats.tokens:
        return _NOTHING.get(message.ending, "There was no answer.")
    tokens = "1 token" if stats.tokens == 1 else f"{stats.tokens:,} tokens"
    parts = [f"End of the answer: {tokens}"]
    if rate := stats.tokens_per_second:
        parts.append(f" at {rate:.0f} a second")
    if stats.ttft_seconds:
        parts.append(f", the first after {spoken_seconds(stats.ttft_seconds)}")
    said = "".join(parts) + "."
    if loaded is not None and loaded.context_tokens:
        share = 100 * (stats.prompt_tokens + stats.tokens) // loaded.context_tokens
        said += f" The context is {share} percent full." if share >= 1 else ""
    return " ".join(part for part in (said, _ENDINGS.get(message.ending, "")) if part)


def spoken_seconds(seconds: float) -> str:
    """Say how long something took.

    >>> spoken_seconds(0.02), spoken_seconds(0.44), spoken_seconds(1.2), spoken_seconds(75)
    ('a moment', '0.4 seconds', '1 second', '1 minute 15 seconds')
    """
    if seconds < 0.05:
        return "a moment"
    if seconds < 0.95:
        return f"{seconds:.1f} seconds"
    minutes, rest = divmod(round(seconds), 60)
    parts = [(minutes, "minute"), (rest, "second")]
    return " ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n)
