"""How answers are made in one chat, and how that is written down.

Frozen values and their JSON. Knows neither the engine's process nor where chats are kept.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from localchat.engine import wire

Thinking = Literal["auto", "on", "off"]
Overflow = Literal["stop", "roll", "summarize"]
OVERFLOWS: tuple[Overflow, ...] = get_args(Overflow)
THINKINGS: tuple[Thinking, ...] = get_args(Thinking)

_NOT_KEPT = frozenset({"verbose_prompt"})


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How answers are made in one chat."""

    system: str = ""
    sampling: wire.Sampling = field(default_factory=wire.Sampling)
    max_tokens: int = 0
    """0: until the model stops or the context is full."""
    stop: tuple[str, ...] = ()
    template_variables: Mapping[str, Any] = field(default_factory=dict)
    """Put over those that `thinking` and `effort` stand for."""
    verbose_prompt: bool = False
    persona: str = ""
    """The name of the persona that these settings were taken from; empty for none."""
    thinking: Thinking = "auto"
    """"auto" leaves it to the model's template."""
    effort: str = ""
    """How hard to think, in the template's own word such as "low"; empty leaves it to the model."""
    thinking_budget_tokens: int = 0
    """The thinking is closed after so many tokens; 0 for no limit."""
    overflow: Overflow = "stop"
    """What happens when the conversation is longer than the context: refuse, leave out the oldest
    turns, or let the model summarize them."""
    json_schema: str = ""
    """The answer has to be JSON of this schema; "{}" for any JSON, empty for free text."""


def to_json(settings: ChatSettings) -> str:
    """Write settings as JSON, only what is not as by default.

    >>> to_json(ChatSettings(system="Be brief.", overflow="roll"))
    '{"system": "Be brief.", "overflow": "roll"}'
    """
    values, usual = dataclasses.asdict(settings), dataclasses.asdict(ChatSettings())
    kept = {
        name: value
        for name, value in values.items()
        if name not in _NOT_KEPT and value != usual[name]
    }
    return json.dumps(kept)


def from_json(text: str) -> ChatSettings:
    """Read settings; what is unknown, or not what it should be, is left as by default.

    >>> from_json('{"overflow": "burn", "system": "Be brief.", "new in 2030": 1}').system
    'Be brief.'
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return ChatSettings()
    if not isinstance(values, dict):
        return ChatSettings()
    known = {name: _read(name, value) for name, value in values.items() if name in _READERS}
    return ChatSettings(**{name: value for name, value in known.items() if value is not None})


def _read(name: str, value: object) -> Any:
    """Give a value of the right kind, or None."""
    return _READERS[name](value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _one_of(choices: Sequence[str]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in choices else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


def _variables(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _sampling(value: object) -> wire.Sampling | None:
    if not isinstance(value, dict):
        return None
    kept: dict[str, Any] = {}
    for item in dataclasses.fields(wire.Sampling):
        number = value.get(item.name)
        kinds = (int, float) if "float" in str(item.type) else (int,)
        if isinstance(number, kinds) and not isinstance(number, bool):
            kept[item.name] = number
    return wire.Sampling(**kept)


_READERS: Mapping[str, Callable[[object], Any]] = {
    "system": _text,
    "sampling": _sampling,
    "max_tokens": _whole,
    "stop": _texts,
    "template_variables": _variables,
    "persona": _text,
    "thinking": _one_of(THINKINGS),
    "effort": _text,
    "thinking_budget_tokens": _whole,
    "overflow": _one_of(OVERFLOWS),
    "json_schema": _text,
}
