"""Splits a model's output, as it streams, into its reasoning and its answer.

A pure state machine: text goes in by pieces of any size, and how it is cut never changes what comes
out. An opening mark counts only where an answer begins; later it is text like any other, so that
a model can write about `<think>`. Knows nothing of tokens or templates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from localchat.engine.reasoning_tags import (
    HARMONY_ANALYSIS,
    PREFILLED_TAGS,
    PRESERVED_TOKENS,
    TAGS,
)

__all__ = ["PRESERVED_TOKENS", "Kind", "Piece", "ReasoningSplitter"]

Kind = Literal["reasoning", "answer"]

_CLOSE_OF = {tag.open: tag.close for tag in (*TAGS, *PREFILLED_TAGS, HARMONY_ANALYSIS)}
_OPENERS = tuple(tag.open for tag in TAGS)
_STRAY_CLOSERS = tuple(tag.close for tag in TAGS)
_START, _CHANNEL, _MESSAGE, _END = "<|start|>", "<|channel|>", "<|message|>", "<|end|>"
_HARMONY = (_START, _CHANNEL)
_LONGEST_HEADER = 200
_CHANNEL_NAME = re.compile(r"<\|channel\|>\s*(\w+)")
_TRAILING_SPACE = re.compile(r"\s+\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, and what it is."""

    kind: Kind
    text: str


class ReasoningSplitter:
    """Splits one output.

    `opened_by` is the mark of the block that the prompt left open, as `Prompt.opened_by` tells;
    empty when the output begins outside of one.
    """

    def __init__(self, opened_by: str = "") -> None:
        self._buffer = ""
        self._pieces: list[Piece] = []
        self._harmony = opened_by == HARMONY_ANALYSIS.open
        self._opener = opened_by
        self._answered = False
        self._fresh = True
        """Nothing of the present block has been given out: white space is dropped."""
        self._reasoned = self._marks_seen = bool(opened_by)
        self._step = self._begin_block if opened_by else self._begin

    @property
    def unclosed(self) -> bool:
        """Whether there was reasoning and no answer yet: it is then all there is to show."""
        return self._reasoned and not self._answered

    def feed(self, text: str) -> list[Piece]:
        """Take more output and give what can be told apart by now."""
        self._buffer += text
        while self._buffer and self._step():
            pass
        return self._given()

    def close(self) -> list[Piece]:
        """End the output: give whatever was still held back."""
        rest, self._buffer = self._buffer, ""
        if self._step in (self._body, self._begin_block):
            self._put("reasoning", _TRAILING_SPACE.sub("", rest))
        elif self._step == self._next_message:
            self._put("answer" if self._answered else "reasoning", rest.removeprefix(_END).strip())
        elif rest.strip() or not self._marks_seen:
            self._put("answer", rest)
        return self._given()

    # Each step below looks at the buffer, takes what it can from it and names the next step; it
    # returns False when it needs more text.

    def _begin(self) -> bool:
        """Where an answer begins: an opening mark, a stray closing one, or text."""
        text = self._buffer.lstrip()
        for mark in (*_OPENERS, *_STRAY_CLOSERS, *_HARMONY):
            if text.startswith(mark):
                return self._marked(mark, text)
        if not text or _is_beginning(text, (*_OPENERS, *_STRAY_CLOSERS, *_HARMONY)):
            return False
        self._buffer = text if self._marks_seen else self._buffer
        self._step = self._answer
        return True

    def _marked(self, mark: str, text: str) -> bool:
        self._marks_seen = True
        if mark in _HARMONY:
            self._harmony = True
            self._buffer = text
            self._step = self._header
            return True
        self._buffer = text[len(mark) :]
        if mark in _OPENERS:
            self._opener, self._reasoned = mark, True
            self._step, self._fresh = self._begin_block, True
        return True

    def _begin_block(self) -> bool:
        """Where reasoning begins: some models repeat the mark that the prompt ends with."""
        text = self._buffer.lstrip()
        if text.startswith(self._opener):
            text = text[len(self._opener) :].lstrip()
        elif not text or _is_beginning(text, (self._opener,)):
            return False
        self._buffer, self._step = text, self._body
        return True

    def _body(self) -> bool:
        """Inside reasoning: everything up to the closing mark."""
        close = _CLOSE_OF.get(self._opener, TAGS[0].close)
        before, found, after = self._buffer.partition(close)
        if found:
            self._put("reasoning", _TRAILING_SPACE.sub("", before))
            self._buffer, self._fresh = after, True
            if self._harmony:
                self._buffer, self._step = found + after, self._next_message
            else:
                self._step = self._begin
            return True
        ready = _ready(self._buffer, (close,))
        self._put("reasoning", self._buffer[:ready])
        self._buffer = self._buffer[ready:]
        return False

    def _answer(self) -> bool:
        """Inside the answer: everything is text."""
        self._put("answer", self._buffer)
        self._buffer = ""
        return False

    def _header(self) -> bool:
        """The head of a harmony message, up to where its text begins."""
        head, found, after = self._buffer.partition(_MESSAGE)
        if found:
            name = _CHANNEL_NAME.search(head)
            shown = (
                name is None
                or name[1] == "final"
                or (name[1] == "commentary" and "to=" not in head)
            )
            self._buffer, self._fresh = after, True
            self._opener = HARMONY_ANALYSIS.open
            self._reasoned = self._reasoned or not shown
            self._step = self._final_body if shown else self._begin_block
            return True
        if len(self._buffer) > _LONGEST_HEADER:
            self._step = self._answer
            return True
        return False

    def _final_body(self) -> bool:
        """The text of a harmony message that is the answer, up to its end mark."""
        before, found, after = self._buffer.partition(_END)
        if found:
            self._put("answer", before)
            self._buffer, self._step = found + after, self._next_message
            return True
        ready = _ready(self._buffer, (_END,), keep_space=True)
        self._put("answer", self._buffer[:ready])
        self._buffer = self._buffer[ready:]
        return False

    def _next_message(self) -> bool:
        """After an end mark: another message, or the mark was only text."""
        text = self._buffer.removeprefix(_END).lstrip()
        if text.startswith(_HARMONY):
            self._buffer, self._step = text, self._header
            return True
        if not text or _is_beginning(text, _HARMONY):
            return False
        if self._answered:
            self._put("answer", self._buffer)
            self._buffer, self._step = "", self._final_body
        else:
            self._buffer, self._step = text, self._final_body
        return True

    def _put(self, kind: Kind, text: str) -> None:
        if kind == "reasoning" and self._fresh:
            text = text.lstrip()
        if not text:
            return
        self._fresh = False
        self._answered = self._answered or (kind == "answer" and bool(text.strip()))
        if self._pieces and self._pieces[-1].kind == kind:
            text = self._pieces.pop().text + text
        self._pieces.append(Piece(kind, text))

    def _given(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _is_beginning(text: str, marks: Sequence[str]) -> bool:
    return any(mark.startswith(text) for mark in marks)


def _ready(text: str, marks: Sequence[str], *, keep_space: bool = False) -> int:
    """How much of a text can be given out: not what may begin a mark, nor the space before it."""
    longest = max(map(len, marks))
    held = next(
        (
            i
            for i in range(max(len(text) - longest + 1, 0), len(text))
            if _is_beginning(text[i:], marks)
        ),
        len(text),
    )
    if keep_space:
        return held
    return len(text[:held].rstrip())
