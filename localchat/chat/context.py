"""How much of a context a conversation takes, and which part of it is sent: plain values.

Nothing is cut: messages are sent whole or left out, an answer together with the question before
it, and what is left out is said. `overflow` decides; knows no tokenizer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from localchat.chat.messages import Message
from localchat.chat.settings import Overflow
from localchat.chat.tree import Summary

LEFT_OUT: Final = "left_out"
"""In an answer's settings: the first and the last message of its branch that were not sent."""
SUMMARY: Final = "summary"
"""In an answer's settings: the id of the summary that was sent in their place."""

_MOST_RESERVE_TOKENS = 1024
_MOST_SUMMARY_TOKENS = 512


@dataclass(frozen=True, slots=True)
class ContextUse:
    """What sending a draft now would take."""

    prompt_tokens: int
    """Of all that would be sent: system prompt, summary, messages and the draft."""
    context_tokens: int
    left_out: tuple[str, ...] = ()
    """The messages of the branch that would not be sent, oldest first."""
    policy: Overflow = "stop"
    summary_id: str = ""
    """The summary that would be sent in place of what is left out; empty for none."""
    summarizes: bool = False
    """The model would first summarize what is left out; the tokens are an estimate then."""

    @property
    def share(self) -> float:
        """How much of the context it takes; over 1 when it is too long."""
        return self.prompt_tokens / self.context_tokens if self.context_tokens else 0.0

    @property
    def fits(self) -> bool:
        """Whether it could be sent: there has to be room for an answer."""
        return self.prompt_tokens < self.context_tokens


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send."""

    sent: tuple[Message, ...]
    left_out: tuple[str, ...] = ()
    summary: Summary | None = None
    """Stands for everything that is left out."""
    prompt_tokens: int = 0
    summarize_through: str = ""
    """What is left out has to be summarized first, up to this message; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much can be sent, and how much should be left for the answer."""

    context_tokens: int
    reserve_tokens: int

    @property
    def prompt_tokens(self) -> int:
        """What the prompt may take with the reserve untouched."""
        return self.context_tokens - self.reserve_tokens

    @property
    def summary_tokens(self) -> int:
        """How long a summary may be."""
        return max(16, min(self.context_tokens // 8, _MOST_SUMMARY_TOKENS))

    def goal_tokens(self, least_tokens: int) -> int:
        """How far to shorten once something has to go, if `least_tokens` cannot be avoided.

        Further than needed: each cut makes the engine read everything after it again, so the next
        turns should do with this one.
        """
        goal = self.prompt_tokens * 3 // 4
        return goal if least_tokens <= goal else (least_tokens + self.prompt_tokens) // 2


def room(context_tokens: int, max_tokens: int = 0) -> Room:
    """Reserve a quarter of the context for the answer, 1,024 tokens or its limit at most.

    >>> room(16_384).reserve_tokens, room(2_048).reserve_tokens, room(2_048, 64).reserve_tokens
    (1024, 512, 64)
    """
    reserve = min(context_tokens // 4, _MOST_RESERVE_TOKENS)
    return Room(context_tokens, min(reserve, max_tokens) if max_tokens else reserve)


def exchanges(branch: Sequence[Message]) -> tuple[tuple[Message, ...], ...]:
    """Group a branch into questions with their answers; none of them is ever sent without."""
    groups: list[list[Message]] = []
    for message in branch:
        opens = message.role == "user" and (
            not groups or (groups[-1][-1].role != "user" and _has_question(groups[-1]))
        )
        if opens or not groups:
            groups.append([message])
        else:
            groups[-1].append(message)
    return tuple(tuple(group) for group in groups)


def left_out_of(answer: Message, branch: Sequence[Message]) -> tuple[str, ...]:
    """List the messages of a branch that were not sent for an answer; the deleted ones are gone."""
    ids = [message.id for message in branch]
    span = answer.settings.get(LEFT_OUT)
    if not isinstance(span, list | tuple) or len(span) != 2 or span[1] not in ids:
        return ()
    start = ids.index(span[0]) if span[0] in ids else 0
    return tuple(ids[start : ids.index(span[1]) + 1])


def marks(chosen: Plan) -> Mapping[str, Any]:
    """Write down what was left out, for an answer's settings."""
    found: dict[str, Any] = {}
    if chosen.left_out:
        found[LEFT_OUT] = [chosen.left_out[0], chosen.left_out[-1]]
    if chosen.summary is not None:
        found[SUMMARY] = chosen.summary.id
    return found


def newest_summary(branch: Sequence[Message], summaries: Sequence[Summary]) -> Summary | None:
    """Find the summary that stands for the most of a branch."""
    places = {message.id: place for place, message in enumerate(branch)}
    known = [summary for summary in summaries if summary.through_id in places]
    return max(known, key=lambda each: places[each.through_id], default=None)


def after_summary(branch: Sequence[Message], summary: Summary | None) -> Plan:
    """Put a summary in place of everything that it stands for."""
    ids = [message.id for message in branch]
    start = ids.index(summary.through_id) + 1 if summary else 0
    return Plan(tuple(branch[start:]), tuple(ids[:start]), summary)


def _has_question(group: list[Message]) -> bool:
    return any(message.role == "user" for message in group)
