"""Follows an answer as it is written and knows whether the model is thinking.

So that the worker can end a think block in time and knows where the answer proper begins. Marks may
come in pieces. Knows nothing of tokens; what the reader sees is split elsewhere, by the same marks.
"""

from localchat.engine.reasoning_tags import (
    HARMONY_ANALYSIS,
    HARMONY_FINAL,
    PREFILLED_TAGS,
    TAGS,
    Tag,
)

_CHANNEL, _START, _MESSAGE = "<|channel|>", "<|start|>", "<|message|>"
_OPENINGS = (*(tag.open for tag in TAGS), _CHANNEL, _START)
_LONGEST_HEAD = 200
_ALL_TAGS = (*TAGS, *PREFILLED_TAGS, HARMONY_ANALYSIS)


class Thoughts:
    """The think blocks of one answer.

    `opened_by` is the mark of the block in which the prompt ends; empty when it ends in none.
    """

    def __init__(self, opened_by: str = "") -> None:
        self._text = ""
        self._tag: Tag | None = next((tag for tag in _ALL_TAGS if tag.open == opened_by), None)
        self._in_header = False
        self._harmony = self._tag is HARMONY_ANALYSIS
        self.tokens = 0
        """Tokens in think blocks so far."""
        self.has_answer = False
        """The answer proper has begun."""
        self.has_closed = False
        """A block has been closed, and nothing has come after it."""

    @property
    def is_open(self) -> bool:
        """Whether a block is open."""
        return self._tag is not None

    @property
    def closing(self) -> str:
        """What the model writes to end the open block; empty when none is open."""
        if self._tag is None:
            return ""
        if self._tag is HARMONY_ANALYSIS:
            return self._tag.close
        # Marks spelled like XML stand on lines of their own.
        return f"\n{self._tag.close}\n\n" if self._tag.close.startswith("</") else self._tag.close

    @property
    def opening(self) -> str:
        """What begins the answer proper after the last block, where that takes a mark."""
        return HARMONY_FINAL if self._harmony and not self.has_answer else ""

    def feed(self, text: str, tokens: int = 1) -> None:
        """Take what `tokens` tokens say."""
        if self.has_answer:
            return
        self.tokens += tokens * self.is_open
        self._text += text
        while self._text and not self.has_answer and self._step():
            pass

    def _step(self) -> bool:
        if self._tag is not None:
            return self._inside(self._tag)
        return self._head() if self._in_header else self._start()

    def _start(self) -> bool:
        """Where an answer or a block may begin."""
        text = self._text.lstrip()
        if text.startswith((_CHANNEL, _START)):
            self._harmony = self._in_header = True
            return True
        for tag in TAGS:
            if text.startswith(tag.open):
                self._tag, self._text = tag, text[len(tag.open) :]
                return True
        if text and not any(mark.startswith(text) for mark in _OPENINGS):
            self.has_answer, self.has_closed = True, False
        return False

    def _inside(self, tag: Tag) -> bool:
        before, found, after = self._text.partition(tag.close)
        if not found:
            self._text = before[1 - len(tag.close) :]
            return False
        self._tag, self._text, self.has_closed = None, after, True
        return True

    def _head(self) -> bool:
        """The head of a message in a format with channels."""
        head, found, after = self._text.partition(_MESSAGE)
        if not found:
            self.has_answer = len(head) > _LONGEST_HEAD
            return False
        self._in_header, self._text = False, after
        if f"{_CHANNEL}final" in head or _CHANNEL not in head:
            self.has_answer, self.has_closed = True, False
        else:
            self._tag = HARMONY_ANALYSIS
        return True
