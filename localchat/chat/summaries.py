"""Lets the model summarize what would be left out, a part at a time if it is long.

The request is the conversation itself with one more message, so that the engine finds most of it
in its memory. Knows the engine's client; keeps nothing.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Final

from localchat import errors
from localchat.chat import context, messages, reasoning
from localchat.chat.context import Plan
from localchat.chat.messages import Message
from localchat.chat.prompting import Asker
from localchat.chat.tree import Summary
from localchat.engine import wire
from localchat.engine.client import EngineClient

INSTRUCTION: Final = (
    "Summarize our conversation so far for yourself: you will go on with it and see nothing of it "
    "but this summary. Keep names, numbers, decisions, open questions, and what I asked for. Write "
    "plain sentences in the language of the conversation, and nothing but the summary."
)
_HINT: Final = "Try again, let old messages be left out instead, or start a new chat."


async def summarize(
    engine: EngineClient,
    asker: Asker,
    branch: Sequence[Message],
    through_id: str,
    known: Summary | None,
    tell: Callable[[int], None],
) -> Summary:
    """Summarize a branch up to and with a message, going on from a summary that is known.

    `tell` is told how many tokens were written so far. Raises ContextOverflow when one turn alone
    is too long for it, Cancelled, BadTemplate, EngineError or EngineLost; never returns nothing.
    """
    plain = _plainly(asker)
    while known is None or known.through_id != through_id:
        plan = context.after_summary(branch, known)
        rest = _up_to(plan.sent, through_id)
        plan = await _longest(engine, plain, dataclasses.replace(plan, sent=rest))
        text = await _written(engine, plain, plan, tell)
        known = Summary(
            id=messages.new_id(),
            chat_id=branch[0].chat_id,
            through_id=plan.sent[-2].id,
            text=text,
            model=asker.loaded.name,
            created_seconds=time.time(),
        )
    return known


def _plainly(asker: Asker) -> Asker:
    """Ask for a short answer as free text, with little thinking."""
    settings = dataclasses.replace(
        asker.settings,
        max_tokens=asker.room.summary_tokens,
        json_schema="",
        stop=(),
        thinking="off",
        effort="",
        thinking_budget_tokens=asker.room.summary_tokens // 2,
    )
    return dataclasses.replace(asker, settings=settings)


def _up_to(branch: Sequence[Message], through_id: str) -> tuple[Message, ...]:
    ids = [message.id for message in branch]
    return tuple(branch[: ids.index(through_id) + 1])


async def _longest(engine: EngineClient, asker: Asker, plan: Plan) -> Plan:
    """Ask to summarize as many turns of a plan as the context takes at once."""
    turns = context.exchanges(plan.sent)
    space = asker.room
    most_tokens = space.context_tokens - space.summary_tokens

    def asking(count: int) -> Plan:
        sent = tuple(message for turn in turns[:count] for message in turn)
        return dataclasses.replace(plan, sent=(*sent, _instruction(sent[-1])))

    low, high = 0, len(turns)
    while low < high:
        middle = high if low == 0 and high == len(turns) else (low + high + 1) // 2
        tokens = await asker.count(engine, asking(middle))
        if tokens <= most_tokens:
            low = middle
        elif middle == 1:
            raise _too_long(tokens, space.context_tokens)
        else:
            high = middle - 1
    return asking(low)


async def _written(
    engine: EngineClient, asker: Asker, plan: Plan, tell: Callable[[int], None]
) -> str:
    splitter = reasoning.ReasoningSplitter()
    pieces: list[reasoning.Piece] = []
    reason = ""
    async with contextlib.aclosing(engine.generate(asker.request(plan))) as events:
        async for event in events:
            if isinstance(event, wire.Prompt):
                splitter = reasoning.ReasoningSplitter(event.opened_by)
            elif isinstance(event, wire.Text):
                pieces += splitter.feed(event.text)
                tell(event.stats.tokens)
            elif isinstance(event, wire.Finished):
                pieces += splitter.close()
                reason = event.reason
    if reason == "cancelled":
        raise errors.Cancelled("The summary was stopped.")
    text = "".join(piece.text for piece in pieces if piece.kind == "answer").strip()
    if not text:
        raise errors.EngineError("The model did not write a summary of the older messages.", _HINT)
    return text


def _instruction(last: Message) -> Message:
    return messages.new(last.chat_id, last.id, "user", INSTRUCTION)


def _too_long(tokens: int, context_tokens: int) -> errors.ContextOverflow:
    return errors.ContextOverflow(
        f"A turn of this conversation is too long to be summarized: that takes {tokens:,} tokens; "
        f"the context holds {context_tokens:,} and needs room for the summary.",
        "Delete it, let old messages be left out instead, or load a larger context (-c).",
        prompt_tokens=tokens,
        context_tokens=context_tokens,
    )
