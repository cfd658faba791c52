"""What can be set in a chat, as data: each setting with what it does, in one sentence.

Knows no widget.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from localchat import sanitize, settings
from localchat.chat import personas
from localchat.chat.settings import ChatSettings
from localchat.engine import wire
from localchat.settings import Kind, Text

STOP: Final = "stop"
SCHEMA: Final = "json_schema"

_ESCAPES = MappingProxyType({"n": "\n", "r": "\r", "t": "\t", "c": ",", "s": " "})
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-f]{6})|(?P<sign>.))", re.DOTALL)
_ENDS = re.compile(r"^ +| +$")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    key: str
    """As in config.toml."""
    name: str
    help: str
    choices: Mapping[str, str] = field(default_factory=dict)
    """What may be chosen, and what that means; empty for what is written."""
    needs: tuple[str, ...] = ()
    """Variables of chat templates; a model that reads none of them does not know this."""


ROWS: Final = (
    Row("system", "System prompt", "Who the model is and how it answers; sent before everything."),
    Row(
        "thinking", "Thinking", "Whether a reasoning model thinks before it answers.",
        MappingProxyType({
            "auto": "as the model does by itself",
            "on": "think first: slower, often better",
            "off": "answer at once",
        }),
        ("enable_thinking", "thinking"),
    ),
    Row(
        "effort", "Effort", "How hard to think, in the model's word: low, medium or high.",
        needs=("reasoning_effort",),
    ),
    Row(
        "thinking_budget", "Thinking budget",
        "After so many tokens the thinking is closed and the answer begins; 0 is no limit.",
    ),
    Row(
        "overflow", "When the context is full", "What is sent when the chat no longer fits.",
        MappingProxyType({
            "stop": "refuse, and say by how much it is too long",
            "roll": "leave out the oldest turns; the first one and the system prompt stay",
            "summarize": "let the model summarize the oldest turns, and send the summary",
        }),
    ),
    Row("temp", "Temperature", "Higher is more varied, 0 always takes the likeliest token."),
    Row("top_p", "Top-p", "Only the likeliest tokens that together have this share; 1 is all."),
    Row("top_k", "Top-k", "Only so many of the likeliest tokens; 0 is all."),
    Row("min_p", "Min-p", "Only tokens with this share of the likeliest one's probability."),
    Row("repeat_penalty", "Repeat penalty", "Above 1, words said lately become less likely."),
    Row("frequency_penalty", "Frequency penalty", "The more often a token came, the less likely."),
    Row("presence_penalty", "Presence penalty", "A token that came at all becomes less likely."),
    Row("seed", "Seed", "The same seed and prompt give the same answer; empty is a new one."),
    Row("predict", "Longest answer", "At most so many tokens; 0 is until the model stops."),
    Row(STOP, "Stop texts", "The answer ends before any of these; several stand between commas."),
    Row(SCHEMA, "JSON schema", "The answer is JSON of this schema; {} is any JSON, empty is text."),
)  # fmt: skip


def shown(chosen: ChatSettings, key: str) -> str:
    """Write a setting as it is edited; a seed or sampler that is left to the model is empty."""
    if key == SCHEMA:
        return chosen.json_schema
    value = personas.value_of(chosen, key)
    if key == STOP:
        return ", ".join(_escaped(each) for each in value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def parsed(key: str, text: str) -> Any:
    """Read what was written. Raises ValueError with what is allowed."""
    if key == STOP:
        return tuple(_unescaped(each.strip(" ")) for each in text.split(",") if each.strip())
    kind: Kind = settings.KINDS[key]
    if isinstance(kind, Text):
        return kind.parse(text)
    if not text.strip():
        return 0 if key in ("predict", "thinking_budget") else None
    return kind.parse(text.strip())


def usual(key: str, sampling: wire.Sampling | None) -> str:
    """Say what the model does when nothing is set, from its own file or llama.cpp."""
    if key == "seed":
        return "new each time"
    if sampling is None or key in (SCHEMA, STOP):
        return ""
    value = personas.value_of(ChatSettings(sampling=sampling), key)
    return f"{value:g}, the model's own" if isinstance(value, int | float) else ""


def is_known(row: Row, variables: tuple[str, ...] | None) -> bool:
    """Whether the model in memory knows this; True while there is none."""
    return variables is None or not row.needs or bool(set(row.needs) & set(variables))


def _escaped(text: str) -> str:
    # Spaces at the ends would go with those around the commas.
    text = _ENDS.sub(lambda ends: "\\s" * len(ends.group()), text.replace("\\", "\\\\"))
    for letter, character in _ESCAPES.items():
        if character != " ":
            text = text.replace(character, f"\\{letter}")
    return sanitize.UNSAFE.sub(lambda match: f"\\u{ord(match.group()):06x}", text)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_meant, text)


def _meant(match: re.Match[str]) -> str:
    if match["code"]:
        code = int(match["code"], 16)
        return chr(code) if code <= sys.maxunicode else match.group()
    return _ESCAPES.get(match["sign"], match["sign"])
