"""Messages to tokens, such that no text of a message can pass for a mark of the template.

Special tokens are found in a prompt by their text, so a message that contains `<|im_start|>` would
open a turn. Tokenizing contents apart from the template would cut the text where no token ends, and
still parse user-defined tokens. So only the special texts inside contents are taken out: a random
number stands in for each while the template is rendered, the rest is tokenized in one piece with
the template, and the held texts are tokenized apart, cut so that they are plain characters.
A format whose marks are ordinary text (Llama 2's `[INST]`) has no marks to forge or to protect.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from localchat import errors
from localchat.engine.reasoning_tags import TAGS
from localchat.engine.templates import Renderer
from localchat.engine.turns import Rendered, Stage
from localchat.engine.vocab import Vocab
from localchat.engine.wire import Message

_NONCE_DIGITS = 24
_INDEX_DIGITS = 5
_SENTINEL_INDEX = 10**_INDEX_DIGITS - 1
_NO_VARIABLES: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to the model."""

    text: str
    tokens: tuple[int, ...]
    opened_by: str = ""
    """The mark of the reasoning block in which the answer begins; empty when in none."""
    notes: tuple[str, ...] = ()


class PromptBuilder:
    """Builds prompts for one model with one template.

    Safe to share between threads as far as the renderer is.
    """

    def __init__(self, renderer: Renderer, vocab: Vocab) -> None:
        self._renderer = renderer
        self._vocab = vocab
        self._stage = Stage(renderer, vocab.end_texts)

    def build(
        self,
        messages: Sequence[Message],
        *,
        variables: Mapping[str, object] = _NO_VARIABLES,
        continue_final: bool = False,
        reasoning: str = "",
    ) -> Prompt:
        """Build the prompt that asks for an answer to `messages`.

        With `continue_final` the last message is an answer to go on with, and `reasoning` what was
        thought before it; the prompt ends where that text ends. Raises BadTemplate when the
        template refuses the messages.
        """
        if continue_final and (not messages or messages[-1].role != "assistant"):
            raise ValueError("only an answer can be continued")
        hold = _Hold(self._markers, [m.text for m in messages] + [reasoning])

        def render(texts: Sequence[Message], thought: str) -> Rendered:
            if continue_final:
                return self._stage.render_open(texts, variables, hold.sentinel, thought)
            return self._stage.render(texts, variables, hold.sentinel)

        held = tuple(replace(m, text=self._held(hold, m)) for m in messages)
        thought = hold.take(reasoning)
        rendered = render(held, thought)
        if self._markers.may_begin_in(m.text for m in held if m.role != "assistant"):
            neutral = render([self._neutral(m) for m in held], thought)
            if self._markers.count(rendered.text) != self._markers.count(neutral.text):
                # The template itself puts a mark together, out of pieces of a message.
                strict = [replace(m, text=hold.take_beginnings(m.text)) for m in held]
                rendered = render(strict, thought)
        text = hold.restore(rendered.text)
        tokens = self._tokens(hold.split(rendered.text))
        return Prompt(text, tokens, rendered.opened_by, rendered.notes)

    def _held(self, hold: "_Hold", message: Message) -> str:
        kept = self._inline_reasoning(message.text) if message.role == "assistant" else ()
        return hold.take(message.text, kept)

    def _inline_reasoning(self, text: str) -> tuple[int, ...]:
        """Where an answer's text has marks of its own reasoning, for templates that cut it out."""
        for tag in TAGS:
            closed = text.find(tag.close)
            if closed < 0 or tag.close not in self._renderer.source or "`" in text[:closed]:
                continue
            start = len(text) - len(text.lstrip())
            return (start, closed) if text.startswith(tag.open, start) else (closed,)
        return ()

    def _neutral(self, message: Message) -> Message:
        if message.role == "assistant":
            return message
        return replace(message, text=self._markers.blunt(message.text))

    def _tokens(self, pieces: Iterable[tuple[str, bool]]) -> tuple[int, ...]:
        vocab = self._vocab
        tokens: list[int] = []
        for text, held in pieces:
            parts = self._markers.cut(text) if held else [text]
            for part in parts:
                fresh = not tokens or vocab.is_special(tokens[-1])
                tokenize = vocab.tokenize if fresh else vocab.tokenize_inside
                tokens += tokenize(part, parse_special=not held)
        if vocab.add_bos and vocab.bos >= 0 and tokens[:1] != [vocab.bos]:
            tokens.insert(0, vocab.bos)
        return tuple(tokens)

    @cached_property
    def _markers(self) -> "Markers":
        """All control tokens, and the user-defined ones that this template writes."""
        special = self._vocab.special_texts
        written = [self._renderer.source, *self._samples()]
        used = (
            text
            for text in special.user_defined
            if _is_mark(text) and any(text in sample for sample in written)
        )
        return Markers(special.control | set(used))

    def _samples(self) -> list[str]:
        """Prompts without content, to see which tokens the template puts together itself."""
        conversations = (("user",), ("system", "user", "assistant", "user"))
        samples = []
        for roles in conversations:
            for thinking in ({}, {"enable_thinking": True}, {"enable_thinking": False}):
                turns = [Message(role, "8") for role in roles]  # type: ignore[arg-type]
                try:
                    samples.append(self._stage.render(turns, thinking, "89").text)
                except errors.BadTemplate:
                    continue
        return samples


def _is_mark(text: str) -> bool:
    """Say whether a user-defined token can be a mark: not white space, a letter or a word."""
    return len(text) > 1 and any(not (c.isalnum() or c.isspace() or c == "▁") for c in text)


class Markers:
    """The texts that a message must not bring into a prompt, and where they are in a text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = frozenset(texts)
        by_start: dict[str, set[int]] = {}
        for text in self._texts:
            by_start.setdefault(text[:2], set()).add(len(text))
        self._lengths = {start: sorted(found, reverse=True) for start, found in by_start.items()}
        first = "".join(sorted({text[0] for text in self._texts}))
        self._first = re.compile(f"[{re.escape(first)}]" if first else "(?!)")

    def find(self, text: str, *, overlapping: bool = False) -> list[tuple[int, int]]:
        """Give the spans of the marks in a text: leftmost, longest, one after the other."""
        spans: list[tuple[int, int]] = []
        for match in self._first.finditer(text):
            start = match.start()
            if spans and start < spans[-1][1] and not overlapping:
                continue
            length = self._longest_at(text, start)
            if length:
                spans.append((start, start + length))
        return spans

    def _longest_at(self, text: str, start: int) -> int:
        for key in (text[start : start + 2], text[start]):
            for length in self._lengths.get(key, ()):
                if start + length <= len(text) and text[start : start + length] in self._texts:
                    return length
        return 0

    def beginnings(self, text: str) -> list[tuple[int, int]]:
        """Give the spans of all characters that some mark begins with."""
        return [match.span() for match in self._first.finditer(text)]

    def may_begin_in(self, texts: Iterable[str]) -> bool:
        """Say whether any text has a character that some mark begins with."""
        return any(self._first.search(text) for text in texts)

    def blunt(self, text: str) -> str:
        """Replace every character that some mark begins with by a harmless one."""
        return self._first.sub("x", text)

    def count(self, text: str) -> Counter[str]:
        """Count each mark in a text."""
        return Counter(text[start:end] for start, end in self.find(text))

    def cut(self, text: str) -> list[str]:
        """Cut a text after the first character of each mark in it, so that none is left."""
        cuts = [start + 1 for start, _ in self.find(text, overlapping=True)]
        edges = [0, *cuts, len(text)]
        return [text[a:b] for a, b in pairwise(edges) if a < b]


class _Hold:
    """Texts taken out of messages, and the numbers that stand in for them.

    The number begins with a digit that it has nowhere else, so that it cannot be found shifted
    when digits of a message come before it; it occurs in none of the texts.
    """

    def __init__(self, markers: Markers, texts: Sequence[str]) -> None:
        self._markers = markers
        self._indices: dict[str, int] = {}
        self._nonce = _new_nonce(texts)
        self._pattern = re.compile(self._nonce + rf"(\d{{{_INDEX_DIGITS}}})")
        self.sentinel = self._stand_in(_SENTINEL_INDEX)
        """Marks a place in a text; never part of what is held."""

    def take(self, text: str, keep: Sequence[int] = ()) -> str:
        """Take the marks out of a text, except those that begin at the places in `keep`."""
        return self._replace(text, [s for s in self._markers.find(text) if s[0] not in keep])

    def take_beginnings(self, text: str) -> str:
        """Take out every character that some mark begins with."""
        return self._replace(text, self._markers.beginnings(text))

    def _replace(self, text: str, spans: Sequence[tuple[int, int]]) -> str:
        parts: list[str] = []
        done = 0
        for start, end in spans:
            index = self._indices.setdefault(text[start:end], len(self._indices))
            parts += [text[done:start], self._stand_in(index)]
            done = end
        return "".join(parts) + text[done:]

    def split(self, rendered: str) -> list[tuple[str, bool]]:
        """Split rendered text into pieces to be tokenized, each with whether it was held."""
        held = {index: text for text, index in self._indices.items()}
        pieces: list[tuple[str, bool]] = []
        for position, part in enumerate(self._pattern.split(rendered)):
            piece = (held.get(int(part), ""), True) if position % 2 else (part, False)
            if not piece[0]:
                continue
            if pieces and pieces[-1][1] and piece[1]:
                piece = (pieces.pop()[0] + piece[0], True)
            pieces.append(piece)
        return pieces

    def restore(self, rendered: str) -> str:
        """Put the held texts back, for people to read."""
        return "".join(text for text, _ in self.split(rendered))

    def _stand_in(self, index: int) -> str:
        return f"{self._nonce}{index:0{_INDEX_DIGITS}d}"


def _new_nonce(texts: Sequence[str]) -> str:
    chance = random.SystemRandom()
    while True:
        nonce = "7" + "".join(chance.choice("012345689") for _ in range(_NONCE_DIGITS - 1))
        if not any(nonce in text for text in texts):
            return nonce
