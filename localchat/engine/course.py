"""Decides token by token what an answer consists of: the model's choice, or what has to be.

Ends a think block whose budget is spent, and holds the answer to a schema once thinking is over.
Knows the sampler, nothing of memory, time or the wire.
"""

from collections.abc import Callable, Sequence
from typing import Any

from localchat.engine.constraint import Constraint
from localchat.engine.reasoning_tags import HARMONY_ANALYSIS, TAGS
from localchat.engine.sampler import Sampler
from localchat.engine.thoughts import Thoughts
from localchat.engine.vocab import Vocab

_LARGEST_RESERVE = 1024
"""At most so many tokens are kept from the model's thoughts for the answer."""


class Course:
    """The course of one answer."""

    def __init__(
        self,
        chain: Sampler,
        vocab: Vocab,
        piece: Callable[[int], bytes],
        thoughts: Thoughts,
        *,
        budget_tokens: int = 0,
        constraint: Constraint | None = None,
        is_continued: bool = False,
    ) -> None:
        """`is_continued`: the answer proper has begun before."""
        self._chain = chain
        self._vocab = vocab
        self._piece = piece
        self._thoughts = thoughts
        self._budget_tokens = budget_tokens
        self._constraint = constraint
        self._is_followed = constraint is not None or budget_tokens > 0
        self._in_document = is_continued
        self._reserve_tokens = 0
        self.is_cut = False
        """The answer was brought to its end because no more tokens were left for it."""

    def next(self, context: Any, left_tokens: int) -> tuple[int, ...]:
        """Return the tokens that come next, none when the answer is over.

        `left_tokens` more may be taken at most.
        """
        tokens = self._forced(left_tokens) or self._chosen(context, left_tokens)
        if len(tokens) > left_tokens:
            self.is_cut = True
            return ()
        if self._is_followed and not self._in_document:
            self._thoughts.feed(self._text(tokens), len(tokens))
        return tokens

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow."""
        return self._in_document and self._constraint is not None and self._constraint.is_over

    @property
    def rest(self) -> str:
        """What completes the answer, whatever was said so far; empty without a schema."""
        if self._constraint is None:
            return ""
        before = "" if self._in_document else self._thoughts.closing + self._thoughts.opening
        return before + self._constraint.rest

    def _forced(self, left_tokens: int) -> tuple[int, ...]:
        """Return what must come now, whatever the model would say."""
        thoughts = self._thoughts
        if not self._is_followed or self._in_document:
            return ()
        if thoughts.is_open and self._must_close(left_tokens):
            return self._force(thoughts.closing + thoughts.opening)
        if thoughts.has_closed and thoughts.opening and self._constraint is not None:
            return self._force(thoughts.opening)
        return ()

    def _must_close(self, left_tokens: int) -> bool:
        if 0 < self._budget_tokens <= self._thoughts.tokens:
            return True
        if self._constraint is None:
            return False
        if not self._reserve_tokens:
            fewest = 2 * self._constraint.end_tokens() + 16
            self._reserve_tokens = max(fewest, min(left_tokens // 2, _LARGEST_RESERVE))
        return left_tokens <= self._reserve_tokens

    def _chosen(self, context: Any, left_tokens: int) -> tuple[int, ...]:
        """Return the model's choice; none when it ends its turn."""
        thoughts = self._thoughts
        if self._constraint is not None and not thoughts.is_open:
            return self._held(self._constraint, context, left_tokens)
        token = self._chain.sample(context)
        if not self._vocab.is_end(token):
            return (token,)
        # Where an answer has to come, thoughts are not the end of it.
        return self._force(thoughts.closing + thoughts.opening) if self._constraint else ()

    def _held(self, constraint: Constraint, context: Any, left_tokens: int) -> tuple[int, ...]:
        """Return the next token of an answer that has to meet a schema."""
        if not self._in_document:
            opener = self._opener(constraint, context)
            if opener:
                return opener
            self._in_document = True
        if constraint.is_over:
            return ()
        found = constraint.choose(self._chain, context, left_tokens)
        self.is_cut = found is None
        return () if found is None or self._vocab.is_end(found) else (found,)

    def _opener(self, constraint: Constraint, context: Any) -> tuple[int, ...]:
        """Return the tokens by which the model, left alone, would begin to think; none if not."""
        if self._thoughts.has_closed or self._thoughts.has_answer:
            return ()
        token = constraint.peek(self._chain, context)
        text = self._text((token,)).strip()
        if text and HARMONY_ANALYSIS.open.startswith(text) and text.endswith("|>"):
            return self._force(HARMONY_ANALYSIS.open)
        return self._force(text) if any(text == tag.open for tag in TAGS) else ()

    def _text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._piece, tokens)).decode("utf-8", errors="replace")

    def _force(self, text: str) -> tuple[int, ...]:
        tokens = tuple(self._vocab.tokenize_inside(text, parse_special=True))
        self._chain.accept(tokens)
        return tokens
