"""What the chat says about its messages and its context, as plain text.

Pure functions from the core's values to words; what came from a model or a file is made safe here.
"""

import time
from collections.abc import Mapping

from localchat import sanitize, units
from localchat.chat.messages import Ending, Message, Part
from localchat.chat.settings import Overflow
from localchat.engine import wire
from localchat.ui import wording

_ENDINGS: Mapping[Ending, str] = {
    "stop": "stopped by itself",
    "length": "token limit reached",
    "context": "context full",
    "cancelled": "stopped by you",
    "error": "cut off",
    "interrupted": "cut off when localchat ended",
}
UNFINISHED: frozenset[Ending] = frozenset(
    {"length", "context", "cancelled", "error", "interrupted"}
)
"""After these, an answer can be continued."""

_POLICIES: Mapping[Overflow, tuple[str, str]] = {
    "stop": ("stops when full", "stop"),
    "roll": ("when full, the oldest leave", "roll"),
    "summarize": ("when full, it is summarized", "summarize"),
}
_SAMPLERS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "min_p": "min-p",
    "repeat_penalty": "repeat penalty",
    "max_tokens": "at most tokens",
}
_SHORT_CHARACTERS = 60


def footer(message: Message) -> str:
    """Say in one line how an answer came about.

    >>> stats = wire.Stats(100, 96, 0.2, 0.41, 142, 7.05)
    >>> footer(Message("1", "", None, "assistant", stats=stats, ending="cancelled"))
    '142 tokens · 20.0 tokens/s · first token 0.41 s · 96 % of the prompt reused · stopped by you'
    """
    stats = message.stats or wire.Stats()
    parts = [wording.count(stats.tokens, "token")] if stats.tokens else []
    if stats.tokens_per_second is not None:
        parts.append(units.human_rate(stats.tokens_per_second))
    if stats.ttft_seconds:
        parts.append(f"first token {wording.precise_seconds(stats.ttft_seconds)}")
    if stats.cached_tokens:
        reused = wording.percent(stats.cached_tokens, stats.prompt_tokens)
        parts.append(f"{reused} % of the prompt reused")
    parts += [_ENDINGS.get(message.ending, ""), "edited by you" if message.is_edited else ""]
    return " · ".join(part for part in parts if part)


def details(message: Message) -> str:
    """Say which model made an answer, and how it could be made again."""
    parts: list[str] = []
    if message.model is not None:
        parts += [sanitize.line(message.model.name, _SHORT_CHARACTERS)]
        parts += [sanitize.line(message.model.quant, _SHORT_CHARACTERS)]
    if message.seed is not None:
        parts.append(f"seed {message.seed}")
    parts += [_sampler(name, message.settings) for name in _SAMPLERS]
    if message.created_seconds:
        parts.append(time.strftime("%Y-%m-%d %H:%M", time.localtime(message.created_seconds)))
    return " · ".join(part for part in parts if part)


def _sampler(name: str, settings: Mapping[str, object]) -> str:
    value = settings.get(name)
    # 0 tokens stands for no limit.
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (name == "max_tokens" and not value)
    ):
        return ""
    return f"{_SAMPLERS[name]} {value:g}"


def file(part: Part) -> str:
    """Name a part of a message that is not its text.

    >>> file(Part("file", "x" * 2300, "notes.md"))
    'notes.md · 2 KiB'
    """
    name = sanitize.line(part.name, _SHORT_CHARACTERS) or sanitize.line(part.kind, 20)
    return f"{name} · {units.human_bytes(len(part.text.encode(errors='replace')))}"


def left_out(number: int, policy: Overflow, *, is_summarized: bool) -> tuple[str, str]:
    """Say what the model is not sent any more, and why.

    >>> left_out(12, "roll", is_summarized=False)[0]
    '12 earlier messages are not sent'
    """
    one = number == 1
    messages = "1 earlier message" if one else f"{number:,} earlier messages"
    verb = "is" if one else "are"
    if is_summarized:
        return f"{messages} {verb} sent as a summary", ""
    if policy == "stop":
        return f"{messages} {verb} not sent", ""
    return f"{messages} {verb} not sent", "The context is full: the oldest leave first."


def policy(overflow: Overflow) -> str:
    """Name what happens when the context is full."""
    return _POLICIES[overflow][0]


def switched(name: str, prompt_tokens: int, context_tokens: int) -> str:
    """Say what it costs that another model goes on with a conversation.

    >>> switched("Qwen3 4B", 3120, 16384)
    'Qwen3 4B answers from here on. It first reads the whole chat: 3,120 of 16,384 tokens.'
    """
    words = (
        f"{sanitize.line(name, _SHORT_CHARACTERS)} answers from here on. "
        f"It first reads the whole chat: {prompt_tokens:,} of {context_tokens:,} tokens."
    )
    if prompt_tokens >= context_tokens > 0:
        words += f" That is more than its context of {context_tokens:,}."
    return words
