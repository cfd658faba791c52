"""Fits a conversation to what a chat template can bear, and renders it.

Templates differ: some refuse a system turn or drop it without a word, some insist on alternating
turns, some want contents as lists of parts, some leave out the header of the answer. What a
template does is found out by rendering it with marks in place of the texts. Nothing is lost
silently: whatever was rearranged is told in `Rendered.notes`. Knows no tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from localchat import errors
from localchat.engine.reasoning_tags import TAGS, Tag, opens_reasoning
from localchat.engine.templates import Renderer
from localchat.engine.wire import Message

Variables = Mapping[str, object]

FOLDED = (
    "This model's template takes no system prompt: it was put in front of the next user message."
)
MERGED = "This model's template wants alternating turns: neighboring messages were joined."
DROPPED = "This model's template leaves out a part of the conversation."
HEADER_ADDED = "The template does not begin the answer: the header of its own answers was added."
CONTINUED_PLAINLY = "The template cannot continue an answer: its text follows the usual header."


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt's text."""

    text: str
    opened_by: str = ""
    """The mark of the reasoning block that the prompt ends in; empty when in none."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()
    tail: str = ""
    """What the template puts after the last message."""


class Stage:
    """A template, and what was found out about it.

    `sentinel` must not occur in any message; `ends` are the texts that end a turn.
    """

    def __init__(self, renderer: Renderer, ends: Sequence[str] = ()) -> None:
        self._renderer = renderer
        self._ends = tuple(end for end in ends if end)

    def render(self, messages: Sequence[Message], variables: Variables, sentinel: str) -> Rendered:
        """Render a conversation and the header of the answer to it.

        Raises BadTemplate when the template refuses it however it is arranged.
        """
        plan = self._arrange(messages, variables, answering=True)
        text = self._raw(plan.messages, variables, answering=True)
        try:
            bare = self._raw(plan.messages, variables, answering=False)
        except errors.BadTemplate:
            bare = ""
        notes = plan.notes
        if text == bare and text.rstrip().endswith(self._ends):
            text = self._with_header(plan.messages, variables, text, sentinel)
            notes += (HEADER_ADDED,) if text != bare else ()
        header = text[_common_prefix(text, bare) :] or plan.tail
        return Rendered(text, opens_reasoning(header), notes)

    def render_open(
        self,
        messages: Sequence[Message],
        variables: Variables,
        sentinel: str,
        reasoning: str = "",
    ) -> Rendered:
        """Render a conversation whose last message is an answer to be continued.

        The prompt ends where that message's text ends; if it has none yet, where the `reasoning`
        before it ends. Raises BadTemplate when the template refuses it.
        """
        *before, last = messages
        in_reasoning = bool(reasoning) and not last.text
        plan = self._arrange(messages, variables, answering=False)
        if in_reasoning:
            thought, text = reasoning + sentinel, ""
        else:
            thought, text = reasoning, plan.messages[-1].text + sentinel
        extra = {"reasoning_content": thought, "thinking": thought} if reasoning else {}
        open_messages = (*plan.messages[:-1], Message("assistant", text))
        try:
            whole = self._raw(open_messages, variables, answering=False, extra=extra)
        except errors.BadTemplate:  # some refuse an answer that has thoughts only
            whole = ""
        cut = whole.rfind(sentinel)
        if cut < 0:
            return self._continue_plainly(before, last, variables, sentinel, reasoning)
        opened_by = opens_reasoning(whole[:cut]) if in_reasoning else ""
        return Rendered(whole[:cut], opened_by, plan.notes)

    def _continue_plainly(
        self,
        before: Sequence[Message],
        last: Message,
        variables: Variables,
        sentinel: str,
        reasoning: str,
    ) -> Rendered:
        start = self.render(before, variables, sentinel)
        notes = (*start.notes, CONTINUED_PLAINLY)
        if last.text or not reasoning:
            return Rendered(start.text + last.text, "", notes)
        if start.opened_by:
            return Rendered(start.text + reasoning, start.opened_by, notes)
        tag = next((tag for tag in TAGS if tag.open in self._renderer.source), TAGS[0])
        header = _without_closed_block(start.text, tag)
        return Rendered(f"{header}{tag.open}\n{reasoning}", tag.open, notes)

    def _with_header(
        self, messages: tuple[Message, ...], variables: Variables, text: str, sentinel: str
    ) -> str:
        """Take the header from how the template writes an answer of its own."""
        try:
            answered = (*messages, Message("assistant", sentinel))
            header, found, _ = self._raw(answered, variables, answering=False).rpartition(sentinel)
        except errors.BadTemplate:
            return text
        return header if found and header.startswith(text.rstrip()) else text

    def _arrange(
        self, messages: Sequence[Message], variables: Variables, *, answering: bool
    ) -> _Plan:
        """Choose the first arrangement that the template takes whole."""
        refusal: errors.BadTemplate | None = None
        partial: tuple[int, _Plan] | None = None
        for plan in _plans(tuple(messages)):
            try:
                missing, tail = self._try(plan, variables, answering=answering)
            except errors.BadTemplate as refused:
                refusal = refusal or refused
                continue
            plan = replace(plan, tail=tail)
            if not missing:
                return plan
            if partial is None or missing < partial[0]:
                partial = (missing, replace(plan, notes=(*plan.notes, DROPPED)))
        if partial:
            return partial[1]
        assert refusal is not None
        raise refusal

    def _try(self, plan: _Plan, variables: Variables, *, answering: bool) -> tuple[int, str]:
        """Count the messages that do not show up, and give what follows the last one.

        Raises BadTemplate on a refusal.
        """
        marks = [_mark(index) for index in range(len(plan.messages))]
        marked = [replace(m, text=mark) for m, mark in zip(plan.messages, marks, strict=True)]
        text = self._raw(marked, variables, answering=answering)
        return sum(mark not in text for mark in marks), text.rpartition(marks[-1])[2]

    @cached_property
    def _wants_parts(self) -> bool:
        """Whether contents must be lists of parts: plain text does not show up, parts do."""
        roles = ("user", "assistant", "user")
        probe = [Message(role, _mark(i)) for i, role in enumerate(roles)]  # type: ignore[arg-type]
        seen = []
        for parts in (False, True):
            try:
                text = self._renderer.render(_turns(probe, parts=parts))
            except errors.BadTemplate:
                seen.append(0)
            else:
                seen.append(sum(m.text in text for m in probe))
        return seen[1] > seen[0]

    def _raw(
        self,
        messages: Sequence[Message],
        variables: Variables,
        *,
        answering: bool,
        extra: Mapping[str, str] | None = None,
    ) -> str:
        turns = _turns(messages, parts=self._wants_parts)
        if extra:
            turns[-1] |= extra
        return self._renderer.render(turns, add_generation_prompt=answering, variables=variables)


def _turns(messages: Sequence[Message], *, parts: bool) -> list[dict[str, object]]:
    def content(text: str) -> object:
        return [{"type": "text", "text": text}] if parts else text

    return [{"role": m.role, "content": content(m.text)} for m in messages]


def _mark(index: int) -> str:
    """A text that survives trimming and changes of case, and is no part of another."""
    return f"8{index:07d}8"


def _plans(messages: tuple[Message, ...]) -> list[_Plan]:
    """List the arrangements to try, the most faithful first."""
    ways: list[tuple[tuple[str, ...], list[Callable[[tuple[Message, ...]], tuple[Message, ...]]]]]
    ways = [
        ((), []),
        ((MERGED,), [merge]),
        ((FOLDED,), [fold]),
        ((FOLDED, MERGED), [fold, merge]),
    ]
    plans: list[_Plan] = []
    for notes, steps in ways:
        arranged = messages
        for step in steps:
            arranged = step(arranged)
        if all(arranged != plan.messages for plan in plans):
            plans.append(_Plan(arranged, notes))
    return plans


def merge(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Join neighbors of one role, a blank line between them."""
    if not any(a.role == b.role for a, b in pairwise(messages)):
        return messages
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            joined = "\n\n".join(text for text in (merged[-1].text, message.text) if text)
            merged[-1] = replace(message, text=joined)
        else:
            merged.append(message)
    return tuple(merged)


def fold(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Put each system text in front of the next user message, or make it one if none follows."""
    folded: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.text)
        elif message.role == "user" and waiting:
            folded.append(replace(message, text="\n\n".join([*waiting, message.text])))
            waiting = []
        else:
            folded.append(message)
    if waiting:
        folded.append(Message("user", "\n\n".join(waiting)))
    return tuple(folded)


def _without_closed_block(text: str, tag: Tag) -> str:
    """Take away the empty block of reasoning that a header may end with."""
    before, closed, after = text.rpartition(tag.close)
    if not closed or after.strip():
        return text
    header, opened, thought = before.rpartition(tag.open)
    return header if opened and not thought.strip() else before


def _common_prefix(one: str, other: str) -> int:
    if one.startswith(other):
        return len(other)
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)
