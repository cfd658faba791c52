"""What of a conversation is sent when it is longer than the context: three policies, pure.

Nothing is cut: turns are sent whole or left out. Knows no tokenizer: a plan asks for the token
counts that it needs by yielding what would be sent, and is sent the count.
"""

import dataclasses
from collections.abc import Generator, Sequence

from localchat import errors
from localchat.chat.context import (
    SUMMARY,
    Plan,
    Room,
    after_summary,
    exchanges,
    left_out_of,
    newest_summary,
)
from localchat.chat.messages import Message
from localchat.chat.settings import Overflow
from localchat.chat.tree import Summary

_LARGER = "load the model with a larger context (-c)"
_Turns = tuple[tuple[Message, ...], ...]

Planning = Generator[Plan, int, Plan]
"""Yields plans, is sent the tokens that each would take, and returns the one to follow."""


def plan(
    branch: Sequence[Message], space: Room, policy: Overflow, summaries: Sequence[Summary] = ()
) -> Planning:
    """Decide what to send of a branch, whose last message is to be answered or continued.

    Raises ContextOverflow with the numbers when it cannot be sent under this policy.
    """
    if policy == "summarize":
        return _summarize(tuple(branch), space, summaries)
    if policy == "roll":
        return _roll(exchanges(branch), space, _cut_before(branch))
    return _stop(exchanges(branch), space)


def _stop(turns: _Turns, space: Room) -> Planning:
    whole = yield from _counted(_leaving_out(turns, 0))
    if whole.prompt_tokens < space.context_tokens:
        return whole
    if len(turns) > 1:
        alone = yield from _counted(Plan(turns[-1]))
        if alone.prompt_tokens < space.context_tokens:
            raise _too_long(
                "The conversation with this message",
                whole.prompt_tokens,
                space,
                f"Let older messages be left out or summarized, start a new chat, or {_LARGER}.",
            )
    return _if_it_fits(whole, space)


def _roll(turns: _Turns, space: Room, cut_before: str) -> Planning:
    whole = yield from _counted(_leaving_out(turns, 0))
    most = len(turns) - 2
    if whole.prompt_tokens <= space.prompt_tokens or most < 1:
        return _if_it_fits(whole, space)
    before = _turns_through(turns, cut_before)
    if 1 <= before <= most:
        # What was left out stays out, so that the engine finds the same beginning again.
        same = yield from _counted(_leaving_out(turns, before))
        if same.prompt_tokens <= space.prompt_tokens:
            return same
    least = yield from _counted(_leaving_out(turns, most))
    if least.prompt_tokens > space.prompt_tokens:
        return _if_it_fits(
            least,
            space,
            "The system prompt, the first turn and this message",
            f"Shorten it, let older messages be summarized, or {_LARGER}.",
        )
    goal = space.goal_tokens(least.prompt_tokens)
    low, high, best = 1, most, least
    while low < high:
        middle = (low + high) // 2
        tried = yield from _counted(_leaving_out(turns, middle))
        if tried.prompt_tokens <= goal:
            high, best = middle, tried
        else:
            low = middle + 1
    return best


def _summarize(branch: tuple[Message, ...], space: Room, summaries: Sequence[Summary]) -> Planning:
    now = yield from _counted(after_summary(branch, newest_summary(branch, summaries)))
    turns = exchanges(now.sent)
    most = len(turns) - 1
    if now.prompt_tokens <= space.prompt_tokens or most < 1:
        return _if_it_fits(now, space)
    least = yield from _counted(Plan(turns[most]))
    needed = least.prompt_tokens + space.summary_tokens
    if needed > space.prompt_tokens:
        if now.prompt_tokens < space.context_tokens:
            return now
        if needed >= space.context_tokens:
            shortest = dataclasses.replace(least, prompt_tokens=needed)
            return _if_it_fits(shortest, space, "This message and a summary of those before it")
        return _summarized(now, turns, most, needed)
    goal = space.goal_tokens(needed)
    low, high, tokens = 1, most, needed
    while low < high:
        middle = (low + high) // 2
        tried = yield from _counted(Plan(tuple(m for turn in turns[middle:] for m in turn)))
        if tried.prompt_tokens + space.summary_tokens <= goal:
            high, tokens = middle, tried.prompt_tokens + space.summary_tokens
        else:
            low = middle + 1
    return _summarized(now, turns, high, tokens)


def _summarized(now: Plan, turns: _Turns, count: int, tokens: int) -> Plan:
    gone = [message.id for turn in turns[:count] for message in turn]
    return Plan(
        sent=tuple(message for turn in turns[count:] for message in turn),
        left_out=(*now.left_out, *gone),
        summary=now.summary,
        prompt_tokens=tokens,
        summarize_through=gone[-1],
    )


def _counted(candidate: Plan) -> Planning:
    tokens = yield candidate
    return dataclasses.replace(candidate, prompt_tokens=tokens)


def _leaving_out(turns: _Turns, count: int) -> Plan:
    """Leave out `count` turns after the first."""
    kept = (*turns[:1], *turns[1 + count :])
    return Plan(
        sent=tuple(message for turn in kept for message in turn),
        left_out=tuple(message.id for turn in turns[1 : 1 + count] for message in turn),
    )


def _cut_before(branch: Sequence[Message]) -> str:
    """The last message that was left out for the newest answer of a branch; empty for none."""
    for message in reversed(branch):
        if message.role == "assistant" and message.settings:
            gone = left_out_of(message, branch)
            return gone[-1] if gone and SUMMARY not in message.settings else ""
    return ""


def _turns_through(turns: _Turns, message_id: str) -> int:
    """How many turns after the first go up to a message; 0 when it is not the end of any."""
    ends = [turn[-1].id for turn in turns]
    return ends.index(message_id) if message_id in ends else 0


def _if_it_fits(
    candidate: Plan,
    space: Room,
    what: str = "This message",
    hint: str = f"Shorten it, or {_LARGER}.",
) -> Plan:
    if candidate.prompt_tokens < space.context_tokens:
        return candidate
    raise _too_long(what, candidate.prompt_tokens, space, hint)


def _too_long(what: str, tokens: int, space: Room, hint: str) -> errors.ContextOverflow:
    verb = "have" if " and " in what else "has"
    return errors.ContextOverflow(
        f"{what} {verb} {tokens:,} tokens; the context holds {space.context_tokens:,} "
        "and needs room for an answer.",
        hint,
        prompt_tokens=tokens,
        context_tokens=space.context_tokens,
    )
