"""Train the Guide: corpus -> tokenizer -> network -> GGUF -> quantized assets/guide.gguf.

Runs offline on a CPU; seeds are fixed. `python assets/guide/train.py --help` lists the options.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional as F

import corpus
import export
from augment import vary
from muon import Muon
from network import Network, Shape

VOCABULARY = 2560
# The pre-tokenizer that llama.cpp calls "qwen2"; both sides must split alike.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SYSTEM_PROMPTS = (
    "You are a helpful assistant.", "Be brief.", "Answer politely.", "You are the Guide.",
    "You are a friendly teacher.", "Answer in one sentence.", "You are a helpful, honest assistant.",
)
ROW_TOKENS = 256
LONG_ROW_TOKENS = 2048
LONG_ROW_EVERY = 24


def train_tokenizer(questions: Sequence[corpus.Question], seed: int) -> Tokenizer:
    """Learn the byte-level BPE on the answers and on a varied sample of the questions."""
    rng = random.Random(seed)
    texts = [fact.answer for fact in corpus.facts().values()] * 20
    texts += [vary(q.text, rng) for q in rng.sample(questions, 20000)]
    texts += ["user\n", "assistant\n", "system\n", *SYSTEM_PROMPTS] * 50
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(export.CONTROL_TOKENS),
        initial_alphabet=alphabet, show_progress=False, min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@dataclass(slots=True)
class Row:
    """One row of a batch: several conversations side by side."""

    tokens: list[int]
    targets: list[int]
    positions: list[int]
    chats: list[int]


class Conversations:
    """Draws endless conversations and packs them into rows."""

    def __init__(self, tokenizer: Tokenizer, questions: Sequence[corpus.Question], seed: int):
        self.rng = random.Random(seed)
        self.tokenizer = tokenizer
        self.broken = Tokenizer.from_str(tokenizer.to_str())
        self.broken.model.dropout = 0.12
        self.pools: dict[tuple[str, bool], list[str]] = {}
        self.follow: dict[str, list[corpus.Question]] = {}
        for q in questions:
            if q.after:
                self.follow.setdefault(q.after, []).append(q)
            else:
                self.pools.setdefault((q.fact, q.by_hand), []).append(q.text)
        self.ids = [fact for fact in corpus.facts() if fact not in ("offtopic", "task")]

    def _draw(self, before: str) -> tuple[str, str]:
        rng, roll = self.rng, self.rng.random()
        if before in self.follow and roll < 0.35:
            q = rng.choice(self.follow[before])
            return q.text, q.fact
        roll = rng.random()
        fact = "offtopic" if roll < 0.24 else "task" if roll < 0.28 else rng.choice(self.ids)
        hand, framed = self.pools.get((fact, True), []), self.pools.get((fact, False), [])
        pool = hand if hand and (not framed or rng.random() < 0.6) else framed
        return rng.choice(pool), fact

    def turn(self, before: str) -> tuple[list[int], list[int], str]:
        """Return the tokens of a question, those of its answer, and the fact."""
        while True:
            text, fact = self._draw(before)
            if self.rng.random() < 0.85:
                small = corpus.facts()[fact].topic == "small talk"
                text = vary(text, self.rng, short=small and len(text) < 14)
            if text.strip() and not corpus.too_close(text):
                break
        # Now and then merges are left out at random, so that odd spellings are met as pieces.
        encoder = self.broken if self.rng.random() < 0.4 else self.tokenizer
        asked = encoder.encode(text.strip()).ids
        return asked, self.tokenizer.encode(corpus.facts()[fact].answer).ids, fact

    def chat(self, room: int, turns: int, gaps: bool) -> Row:
        """Return one conversation of at most `room` tokens."""
        row, before, rng = Row([], [], [], []), "", self.rng
        position = 0
        plain = self.tokenizer.encode
        start, end = self.tokenizer.token_to_id("<|im_start|>"), self.tokenizer.token_to_id("<|im_end|>")
        newline = plain("\n").ids
        if room > 64 and rng.random() < 0.08:
            text = [start, *plain("system\n" + rng.choice(SYSTEM_PROMPTS)).ids, end, *newline]
            position = self._add(row, text, [-1] * len(text), position)
        for i in range(turns):
            asked, answer, before = self.turn(before)
            head = [start, *plain("user\n").ids, *asked, end, *newline, start, *plain("assistant\n").ids]
            # Most answers are cut: their first words decide which one it is. A cut answer is
            # also what a chat holds after Esc; that it ends there is never learnt.
            cut = rng.random() < 0.7
            body = answer[: rng.randint(4, 12)] if cut else answer
            said = [*body, end]
            targets = [-1] * (len(head) - 1) + said
            if cut and len(body) < len(answer):
                targets[-1] = -1
            tokens = head + said + newline
            targets += [-1] * (len(tokens) - len(targets))
            if len(row.tokens) + len(tokens) > room:
                break
            if gaps and i and rng.random() < 0.3:
                position += rng.randint(0, 500)
            if position + len(tokens) >= LONG_ROW_TOKENS:
                break
            position = self._add(row, tokens, targets, position)
        return row if before else Row([], [], [], [])

    @staticmethod
    def _add(row: Row, tokens: list[int], targets: list[int], position: int) -> int:
        row.tokens += tokens
        row.targets += targets
        row.positions += range(position, position + len(tokens))
        return position + len(tokens)

    def row(self, size: int) -> Row:
        """Return a full row; a long one is a single conversation."""
        if size == LONG_ROW_TOKENS:
            packed = self.chat(size, 1000, gaps=False)
            packed.chats = [0] * len(packed.tokens)
        else:
            packed = Row([], [], [], [])
            for number in range(1000):
                turns = self.rng.choice((1, 1, 1, 2, 3, 6))
                chat = self.chat(size - len(packed.tokens), turns, gaps=True)
                if not chat.tokens:
                    break
                packed.tokens += chat.tokens
                packed.targets += chat.targets
                packed.positions += chat.positions
                packed.chats += [number] * len(chat.tokens)
        missing = size - len(packed.tokens)
        packed.tokens += [0] * missing
        packed.targets += [-1] * missing
        packed.positions += [0] * missing
        packed.chats += [-1] * missing
        return packed


def batches(
    chats: Conversations, tokens_per_step: int, steps: int
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield tokens, targets, positions and attention masks, one set for each step."""
    for step in range(steps):
        size = LONG_ROW_TOKENS if step % LONG_ROW_EVERY == LONG_ROW_EVERY - 1 else ROW_TOKENS
        rows = [chats.row(size) for _ in range(max(1, tokens_per_step // size))]
        number = torch.tensor([row.chats for row in rows])
        same = number.unsqueeze(2) == number.unsqueeze(1)
        mask = (same & torch.ones(size, size, dtype=torch.bool).tril()).unsqueeze(1)
        yield (
            torch.tensor([row.tokens for row in rows]),
            torch.tensor([row.targets for row in rows]),
            torch.tensor([row.positions for row in rows]),
            mask,
        )


def optimizers(network: Network, rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers and AdamW for everything else."""
    matrices = [p for p in network.blk.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in network.parameters() if id(p) not in chosen]
    return [
        Muon(matrices, lr=rate),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def rate_at(step: int, steps: int) -> float:
    """Return the share of the full learning rate: a short rise, a plateau, a linear fall."""
    return min(1.0, (step + 1) / 30, (steps - step) / (0.6 * steps))


def train(network: Network, chats: Conversations, options: argparse.Namespace) -> None:
    """Train the network in place."""
    network.train()
    chosen = optimizers(network, options.rate)
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(batches(chats, options.tokens_per_step, options.steps)):
        tokens, targets, positions, mask = batch
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = options.rate * rate_at(step, options.steps)
        hidden = network(tokens, positions, mask)
        wanted = targets >= 0
        loss = F.cross_entropy(network.logits(hidden[wanted]), targets[wanted])
        network.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in chosen:
            optimizer.step()
        mean += (float(loss.detach()) - mean) / min(step + 1, 25)
        if step % 25 == 24 or step == options.steps - 1:
            print(f"step {step + 1} loss {mean:.3f} {time.monotonic() - began:.0f} s", flush=True)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--tokens-per-step", type=int, default=4096)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--ffn-width", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quant", default="Q8_0")
    parser.add_argument("--build", type=Path, default=Path("build/guide"), help="working folder")
    parser.add_argument("--out", type=Path, default=corpus.HERE.parent / "guide.gguf")
    return parser.parse_args()


def main() -> None:
    """Run the whole way from the corpus to the quantized file."""
    options = parse()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    options.build.mkdir(parents=True, exist_ok=True)
    questions = corpus.questions()
    tokenizer = train_tokenizer(questions, options.seed)
    tokenizer.save(str(options.build / "tokenizer.json"))
    shape = Shape(tokenizer.get_vocab_size(), layers=options.layers, ffn_width=options.ffn_width)
    network = Network(shape, options.dropout)
    weights = sum(p.numel() for p in network.parameters())
    print(f"{len(questions)} questions, {shape.vocabulary} tokens, {weights} weights", flush=True)
    train(network, Conversations(tokenizer, questions, options.seed), options)
    network.eval()
    torch.save(network.state_dict(), options.build / "weights.pt")
    (options.build / "shape.json").write_text(json.dumps(asdict(shape)))
    full = options.build / "guide-f32.gguf"
    export.write_f32(network, tokenizer, full)
    export.quantize(full, options.out, options.quant)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
