"""A model's vocabulary: text to tokens and back.

A thin layer over llama.cpp's vocabulary pointer, which stays owned by the model: a `Vocab` must not
be used after its model is freed. Never adds BOS or EOS by itself, and knows nothing of templates.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llama_cpp import llama_cpp

_CONTROL_OR_UNKNOWN = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
_USER_DEFINED = llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
_NO_TOKEN = -1
# Characters that no learned piece begins with: whatever follows one is tokenized on its own.
_GUARDS = ("\x01", "\x02", "\x1f", "\n")


@dataclass(frozen=True, slots=True)
class SpecialTexts:
    """The texts that llama.cpp looks for in a prompt before anything else."""

    control: frozenset[str]
    """Control and unknown tokens: matched only when special tokens are parsed."""
    user_defined: frozenset[str]
    """Added tokens: matched always, even with special tokens off."""


class Vocab:
    """What a loaded model reads and writes."""

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer
        self.size_tokens: int = llama_cpp.llama_vocab_n_tokens(pointer)
        self.bos: int = llama_cpp.llama_vocab_bos(pointer)
        self.eos: int = llama_cpp.llama_vocab_eos(pointer)
        self.add_bos: bool = llama_cpp.llama_vocab_get_add_bos(pointer)
        """The model wants BOS in front of every prompt."""

    def tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        """Turn text into tokens; with `parse_special` control tokens in it are recognized.

        User-defined tokens are recognized either way. SentencePiece vocabularies put a space in
        front of the text and after each special token, as they were trained to.
        """
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 16
        while True:
            buffer = (llama_cpp.llama_token * room)()
            found = llama_cpp.llama_tokenize(
                self._pointer, data, len(data), buffer, room, False, parse_special
            )
            if found >= 0:
                return list(buffer[:found])
            room = -found

    def tokenize_inside(self, text: str, *, parse_special: bool) -> list[int]:
        """Tokenize text that continues a sentence: no space is put in front of it."""
        if not text or not self.adds_space:
            return self.tokenize(text, parse_special=parse_special)
        for guard in _GUARDS:
            lead = self.tokenize(guard, parse_special=False)
            tokens = self.tokenize(guard + text, parse_special=parse_special)
            if tokens[: len(lead)] == lead:
                return tokens[len(lead) :]
        return self.tokenize(text, parse_special=parse_special)

    @cached_property
    def adds_space(self) -> bool:
        """Whether a space is put in front of text, as SentencePiece vocabularies mostly want."""
        tokens = self.tokenize("a", parse_special=False)
        return bool(tokens) and self.piece(tokens[0]).startswith(b" ")

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Give a token's bytes; control tokens have some only with `special`."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            found = llama_cpp.llama_token_to_piece(self._pointer, token, buffer, room, 0, special)
            if found >= 0:
                return buffer.raw[:found]
            room = -found

    def pieces(self, tokens: Sequence[int]) -> bytes:
        """Give the bytes of several tokens, control tokens included."""
        return b"".join(self.piece(token, special=True) for token in tokens)

    def text(self, token: int) -> str:
        """Give a token's text as the vocabulary spells it; empty for no token."""
        if not 0 <= token < self.size_tokens:
            return ""
        raw: bytes | None = llama_cpp.llama_vocab_get_text(self._pointer, token)
        return (raw or b"").decode("utf-8", errors="replace")

    def attributes(self, token: int) -> int:
        """Give a token's `LLAMA_TOKEN_ATTR_*` bits."""
        return int(llama_cpp.llama_vocab_get_attr(self._pointer, token))

    def is_special(self, token: int) -> bool:
        """Say whether a token is control, unknown or user-defined."""
        return bool(self.attributes(token) & (_CONTROL_OR_UNKNOWN | _USER_DEFINED))

    def is_end(self, token: int) -> bool:
        """Say whether a token ends the model's turn."""
        return bool(llama_cpp.llama_vocab_is_eog(self._pointer, token))

    def token(self, text: str) -> int | None:
        """Find the special token with this text; None when there is none."""
        tokens = self.tokenize(text, parse_special=True)
        alone = len(tokens) == 1 and self.is_special(tokens[0])
        return tokens[0] if alone and self.text(tokens[0]) == text else None

    @cached_property
    def special_texts(self) -> SpecialTexts:
        """The texts of all special tokens; a walk over the vocabulary, done once."""
        control: set[str] = set()
        user_defined: set[str] = set()
        attributes_of = llama_cpp.llama_vocab_get_attr
        wanted = _CONTROL_OR_UNKNOWN | _USER_DEFINED
        for token in range(self.size_tokens):
            bits = attributes_of(self._pointer, token) & wanted
            if bits:
                (control if bits & _CONTROL_OR_UNKNOWN else user_defined).add(self.text(token))
        return SpecialTexts(frozenset(control - {""}), frozenset(user_defined - {""}))

    @cached_property
    def end_texts(self) -> tuple[str, ...]:
        """The texts of the tokens that end the model's turn."""
        special = self.special_texts
        found = ((text, self.token(text)) for text in special.control | special.user_defined)
        return tuple(sorted(t for t, token in found if token is not None and self.is_end(token)))
