"""Holds an answer to a grammar, token by token, and brings it to its end.

llama.cpp's grammar sampler sorts out a whole vocabulary fast, but takes bytes that are no UTF-8 for
characters, and control tokens for their names. So every token is also followed through our own
grammar, which has the last word and knows the shortest way to the end.
"""

import codecs
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine.sampler import Candidates, Sampler
from localchat.engine.schemas import gbnf
from localchat.engine.schemas.grammar import Node
from localchat.engine.schemas.matcher import Matcher
from localchat.engine.vocab import Vocab

_MOST_REFUSALS = 512
"""So many tokens that llama.cpp would allow are refused before the text is brought to its end."""
_LIKELY_TOKENS = 256
_NEVER = float("-inf")


class Constraint:
    """A text that is being written within a grammar."""

    def __init__(self, root: Node, vocab: Vocab, vocabulary: Any) -> None:
        """`vocabulary` is llama.cpp's pointer behind `vocab`."""
        self._vocab = vocab
        self._place = Matcher(root)
        self._partial = b""
        self._is_lost = False
        self._candidates = Candidates(vocab.size_tokens)
        rules = gbnf.written(root).encode()
        self._native: Any = llama_cpp.llama_sampler_init_grammar(vocabulary, rules, b"root")
        if not self._native:
            raise ValueError("llama.cpp does not read the grammar")
        self._likely: Any = llama_cpp.llama_sampler_init_top_k(_LIKELY_TOKENS)

    def close(self) -> None:
        """Free the native samplers."""
        llama_cpp.llama_sampler_free(self._likely)
        llama_cpp.llama_sampler_free(self._native)

    @property
    def is_over(self) -> bool:
        """Whether the text is complete and nothing can follow."""
        return self._place.must_end and not self._partial

    @property
    def rest(self) -> str:
        """The shortest text that completes what was accepted so far."""
        return self._place.shortest_end()

    def resume(self, text: str) -> None:
        """Take what has been written already. Raises ValueError if it cannot be part of it."""
        place = self._place.after(text)
        if place is None:
            raise ValueError("this is not how such a text begins")
        tokens = self._vocab.tokenize_inside(text, parse_special=False)
        for token in tokens:
            if not self._allows(token):
                # Without llama.cpp's help nothing more is chosen: the text is brought to its end.
                self._is_lost = True
                break
            self._accept(token)
        self._place, self._partial = place, b""

    def peek(self, chain: Sampler, context: Any) -> int:
        """Return the token that the model would choose freely; nobody learns of it."""
        self._candidates.fill(llama_cpp.llama_get_logits_ith(context, -1))
        return chain.choose(self._candidates)

    def choose(self, chain: Sampler, context: Any, left_tokens: int) -> int | None:
        """Choose a token that the grammar allows, and accept it.

        None when no token will do, or when there would not be `left_tokens` enough for the end.
        A token that ends the turn is returned only where the text is complete.
        """
        token = None if self._is_lost else self._chosen(chain, context)
        if token is None or self._vocab.is_end(token):
            return token
        followed = self._followed(token)
        end = followed[0].shortest_end() if followed else ""
        if self._end_tokens(end, left_tokens) >= left_tokens:
            return None
        self._accept(token)
        chain.accept((token,))
        return token

    def end_tokens(self) -> int:
        """Count the tokens of the shortest end."""
        return self._end_tokens(self.rest, 0)

    def _end_tokens(self, end: str, enough: int) -> int:
        """Count the tokens of an end; where there is room for its bytes, those."""
        size = len(end.encode())
        return size if size < enough else len(self._vocab.tokenize(end, parse_special=False))

    def _chosen(self, chain: Sampler, context: Any) -> int | None:
        # Most of the time the model's own choice will do, and the vocabulary need not be sorted.
        token = self._free_choice(chain, context)
        if self._allows(token):
            return token
        logits = llama_cpp.llama_get_logits_ith(context, -1)
        logits[token] = _NEVER
        # A whole vocabulary takes llama.cpp's grammar a tenth of a second: the likely ones first.
        for is_narrow in (True, False):
            for _ in range(_MOST_REFUSALS):
                self._candidates.fill(logits)
                if is_narrow:
                    self._candidates.apply(self._likely)
                if not self._candidates.apply(self._native):
                    break
                token = chain.choose(self._candidates)
                if self._allows(token):
                    return token
                logits[token] = _NEVER
        return None

    def _free_choice(self, chain: Sampler, context: Any) -> int:
        """Return the model's choice; the penalties do not learn of it."""
        if not chain.remembers:
            return chain.sample(context)
        return self.peek(chain, context)

    def _accept(self, token: int) -> None:
        """Go on by a token that is allowed."""
        followed = self._followed(token)
        if followed:
            self._place, self._partial = followed
        llama_cpp.llama_sampler_accept(self._native, token)

    def _allows(self, token: int) -> bool:
        if self._vocab.is_end(token):
            return self._place.may_end and not self._partial
        if self._followed(token) is None:
            return False
        # llama.cpp ends the process when it is shown a token that its grammar does not allow.
        self._candidates.fill_one(token)
        return self._candidates.apply(self._native)

    def _followed(self, token: int) -> tuple[Matcher, bytes] | None:
        """Return where a token leads and what of a character it leaves open; None for nowhere."""
        data = self._vocab.piece(token)
        if not data:
            return None
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            text = decoder.decode(self._partial + data)
        except UnicodeDecodeError:
            return None
        place = self._place.after(text)
        return None if place is None else (place, decoder.getstate()[0])
