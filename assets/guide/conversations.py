"""Draw conversations from the corpus and pack them into rows of tokens for training.

A conversation has one or more turns in the format of the chat template. Loss is taken on the
answers only. Everything is drawn from one seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import corpus
import torch
from augment import vary
from tokenizers import Tokenizer
from torch import Tensor

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "Be brief.",
    "Answer politely.",
    "You are the Guide.",
    "You are a friendly teacher.",
    "Answer in one sentence.",
    "You are a helpful, honest assistant.",
)
ROW_TOKENS = 256
LONG_ROW_TOKENS = 2048
MISSED_QUESTIONS = 2000
LONG_ROW_EVERY = 24  # every so many steps the rows are long single conversations
NO_LOSS = -1


@dataclass(frozen=True, slots=True)
class Mix:
    """What conversations are made of; all but `lead` are shares."""

    cut: float  # answers that are cut after a few tokens
    again: float  # questions that come from the missed ones
    by_hand: float = 0.6  # questions about a fact that were written by hand
    follow: float = 0.35  # later turns that follow on the turn before
    lead: float = 0.0  # how much more often a chat begins with a fact for each of its follow-ups
    to_the_point: bool = False  # cut behind the token that decides, not after 4 to 12 tokens
    plain: float = 0.15  # questions that are asked as they are written
    broken: float = 0.4  # questions in which merges are left out at random
    lower: bool = False  # all in lower case, as the chat template gives them


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the beginning of an answer stands in a row, and what was asked."""

    start: int
    stop: int
    question: corpus.Question


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer in tokens, with the markers around them."""

    question: corpus.Question
    tokens: list[int]
    targets: list[int]


@dataclass(slots=True)
class Row:
    """One row of a batch: conversations side by side, told apart by their number."""

    tokens: list[int]
    targets: list[int]
    positions: list[int]
    chats: list[int]
    asked: list[Asked]

    def add(self, tokens: list[int], targets: list[int], position: int) -> int:
        """Append tokens at a position and return the next position."""
        self.tokens += tokens
        self.targets += targets
        self.positions += range(position, position + len(tokens))
        return position + len(tokens)

    def join(self, chat: Row, number: int) -> None:
        """Append a whole conversation."""
        here = len(self.tokens)
        self.asked += [Asked(here + a.start, here + a.stop, a.question) for a in chat.asked]
        self.tokens += chat.tokens
        self.targets += chat.targets
        self.positions += chat.positions
        self.chats += [number] * len(chat.tokens)

    def pad(self, size: int) -> None:
        """Fill the row up with nothing."""
        missing = size - len(self.tokens)
        self.tokens += [0] * missing
        self.targets += [NO_LOSS] * missing
        self.positions += [0] * missing
        self.chats += [-1] * missing


def deciding_tokens(answers: dict[str, list[int]]) -> dict[str, int]:
    """Return for each answer how many of its tokens tell it apart from all the others."""

    def shared(mine: list[int], other: list[int]) -> int:
        pairs = enumerate(zip(mine, other, strict=False))
        return next((i for i, (a, b) in pairs if a != b), min(len(mine), len(other)))

    return {
        fact: 1 + max(shared(mine, other) for name, other in answers.items() if name != fact)
        for fact, mine in answers.items()
    }


class Conversations:
    """Draws endless conversations and packs them into rows.

    Questions that training reports as missed come again, with other words around them.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        questions: Sequence[corpus.Question],
        seed: int,
        mix: Mix,
    ) -> None:
        self.rng = random.Random(seed)
        self.mix = mix
        self.missed: dict[str, list[corpus.Question]] = {}
        self.tokenizer = tokenizer
        self.broken = Tokenizer.from_str(tokenizer.to_str())
        self.broken.model.dropout = 0.12
        self.end = tokenizer.token_to_id("<|im_end|>")
        self.user, self.assistant, self.newline = (
            tokenizer.encode(text).ids
            for text in ("<|im_start|>user\n", "<|im_start|>assistant\n", "\n")
        )
        self.pools: dict[tuple[str, bool], list[corpus.Question]] = {}
        self.follow: dict[str, list[corpus.Question]] = {}
        for q in questions:
            if q.after:
                self.follow.setdefault(q.after, []).append(q)
            else:
                self.pools.setdefault((q.fact, q.by_hand), []).append(q)
        self.ids = [fact for fact in corpus.facts() if fact not in ("offtopic", "task")]
        self.weights = [1 + mix.lead * len(self.follow.get(fact, ())) for fact in self.ids]
        self.answers = {f.id: tokenizer.encode(f.answer).ids for f in corpus.facts().values()}
        self.deciding = deciding_tokens(self.answers)

    def miss(self, question: corpus.Question) -> None:
        """Remember a question that was answered badly."""
        queue = self.missed.setdefault(question.after, [])
        if len(queue) < MISSED_QUESTIONS:
            queue.append(question)
        else:
            queue[self.rng.randrange(len(queue))] = question

    def _draw(self, before: str) -> corpus.Question:
        rng = self.rng
        if rng.random() < self.mix.again:
            queue = self.missed.get(before) or self.missed.get("")
            if queue:
                return queue.pop(rng.randrange(len(queue)))
        if before in self.follow and rng.random() < self.mix.follow:
            return rng.choice(self.follow[before])
        roll = rng.random()
        fact = "offtopic" if roll < 0.24 else "task" if roll < 0.28 else self._fact()
        hand, framed = self.pools.get((fact, True), []), self.pools.get((fact, False), [])
        choose_hand = hand and (not framed or rng.random() < self.mix.by_hand)
        return rng.choice(hand if choose_hand else framed)

    def _fact(self) -> str:
        if self.mix.lead:
            return self.rng.choices(self.ids, self.weights)[0]
        return self.rng.choice(self.ids)

    def _length(self, question: corpus.Question, last: bool) -> int:
        # The first words of an answer decide which one it is. A cut answer is also what a chat
        # holds after Esc; that it ends there is never learnt.
        whole, deciding = len(self.answers[question.fact]), self.deciding[question.fact]
        if self.mix.to_the_point:
            # A question that follows on must find its way in the whole answer before it.
            cut = self.mix.cut if last or question.fact not in self.follow else self.mix.cut / 2
            few = deciding + self.rng.randint(1, 5)
        else:
            cut, few = self.mix.cut, self.rng.randint(4, 12)
        return min(few, whole) if self.rng.random() < cut else whole

    def _asked(self, question: corpus.Question) -> list[int]:
        rng, text = self.rng, question.text
        if rng.random() >= self.mix.plain:
            small = corpus.facts()[question.fact].topic == "small talk"
            varied = vary(text, rng, short=small and len(text) < 14)
            if varied.strip() and not corpus.too_close(varied):
                text = varied
        # Now and then merges are left out at random, so that odd spellings are met as pieces.
        encoder = self.broken if rng.random() < self.mix.broken else self.tokenizer
        return encoder.encode(text.strip().lower() if self.mix.lower else text.strip()).ids

    def turn(self, before: str, last: bool) -> Turn:
        """Return a question, perhaps one that follows on the fact `before`, and its answer."""
        question = self._draw(before)
        answer = self.answers[question.fact]
        body = answer[: self._length(question, last)]
        head = [*self.user, *self._asked(question), self.end, *self.newline, *self.assistant]
        last = self.end if len(body) == len(answer) else NO_LOSS
        targets = [NO_LOSS] * (len(head) - 1) + [*body, last] + [NO_LOSS] * (len(self.newline) + 1)
        return Turn(question, [*head, *body, self.end, *self.newline], targets)

    def chat(self, room: int, turns: int, gaps: bool) -> Row:
        """Return one conversation of at most `room` tokens; it is empty when none fits.

        Gaps between the positions of turns stand for long chats at the price of short ones.
        """
        row, before, position, rng = Row([], [], [], [], []), "", 0, self.rng
        if room > 64 and rng.random() < 0.08:
            text = "<|im_start|>system\n" + rng.choice(SYSTEM_PROMPTS) + "<|im_end|>\n"
            ids = self.tokenizer.encode(text).ids
            position = row.add(ids, [NO_LOSS] * len(ids), position)
        for i in range(turns):
            turn = self.turn(before, last=i == turns - 1)
            if len(row.tokens) + len(turn.tokens) > room:
                break
            if gaps and i and rng.random() < 0.3:
                position += rng.randint(0, 500)
            if position + len(turn.tokens) >= LONG_ROW_TOKENS:
                break
            start = len(row.tokens) + next(
                i for i, target in enumerate(turn.targets) if target != NO_LOSS
            )
            stop = start + self.deciding[turn.question.fact]
            row.asked.append(Asked(start, stop, turn.question))
            position = row.add(turn.tokens, turn.targets, position)
            before = turn.question.fact
        return row if before else Row([], [], [], [], [])

    def row(self, size: int) -> Row:
        """Return a full row; a long one is a single conversation."""
        row = Row([], [], [], [], [])
        if size == LONG_ROW_TOKENS:
            row.join(self.chat(size, 1000, gaps=False), 0)
        else:
            for number in range(1000):
                turns = self.rng.choice((1, 1, 1, 2, 3, 6))
                chat = self.chat(size - len(row.tokens), turns, gaps=True)
                if not chat.tokens:
                    break
                row.join(chat, number)
        row.pad(size)
        return row


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of training sees; `mask` keeps the conversations of a row apart."""

    tokens: Tensor
    targets: Tensor
    positions: Tensor
    mask: Tensor
    asked: tuple[tuple[int, Asked], ...]


def batches(chats: Conversations, tokens_per_step: int, steps: int) -> Iterator[Batch]:
    """Yield one batch for each step."""
    for step in range(steps):
        size = LONG_ROW_TOKENS if step % LONG_ROW_EVERY == LONG_ROW_EVERY - 1 else ROW_TOKENS
        rows = [chats.row(size) for _ in range(max(1, tokens_per_step // size))]
        number = torch.tensor([row.chats for row in rows])
        same = number.unsqueeze(2) == number.unsqueeze(1)
        yield Batch(
            torch.tensor([row.tokens for row in rows]),
            torch.tensor([row.targets for row in rows]),
            torch.tensor([row.positions for row in rows]),
            (same & torch.ones(size, size, dtype=torch.bool).tril()).unsqueeze(1),
            tuple((i, asked) for i, row in enumerate(rows) for asked in row.asked),
        )
