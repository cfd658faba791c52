"""Train the Guide: corpus -> tokenizer -> network -> GGUF -> quantized assets/guide.gguf.

Runs offline on a CPU; seeds are fixed. `python assets/guide/train.py --help` lists the options.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import corpus
import export
import torch
from bpe import train_tokenizer
from conversations import Batch, Conversations, batches
from muon import Muon
from network import Network, Shape
from torch import Tensor
from torch.nn import functional as F

FIRST_TOKENS = 6  # the beginning of an answer, which decides it
MISSED_LOSS = 0.7  # half right at a token is not known


@dataclass(frozen=True, slots=True)
class Round:
    """One round of training, with its own rise and fall of the learning rate."""

    steps: int
    rate: float
    cut: float  # share of answers that are cut after a few tokens
    again: float  # share of draws that come from the missed questions


# The first round learns the wording of the answers, the second which question means which.
ROUNDS = (Round(1000, 3e-3, 0.7, 0.0), Round(850, 2.5e-3, 0.85, 0.3))


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


def report_missed(chats: Conversations, batch: Batch, losses: Tensor) -> None:
    """Hand back the questions whose answer was not begun well."""
    first = losses.unfold(1, FIRST_TOKENS, 1).amax(-1)
    for i, at, question in batch.asked:
        if first[i, min(at, first.shape[1] - 1)] > MISSED_LOSS:
            chats.miss(question)


def train(network: Network, chats: Conversations, part: Round, tokens_per_step: int) -> None:
    """Train the network in place for one round."""
    network.train()
    chosen = optimizers(network, part.rate)
    began, mean = time.monotonic(), 0.0
    for step, batch in enumerate(batches(chats, tokens_per_step, part.steps)):
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = part.rate * rate_at(step, part.steps)
        hidden = network(batch.tokens, batch.positions, batch.mask)
        wanted = batch.targets >= 0
        each = F.cross_entropy(
            network.logits(hidden[wanted]), batch.targets[wanted], reduction="none"
        )
        network.zero_grad(set_to_none=True)
        loss = each.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in chosen:
            optimizer.step()
        losses = torch.zeros(wanted.shape).masked_scatter_(wanted, each.detach())
        report_missed(chats, batch, losses)
        mean += (float(loss.detach()) - mean) / min(step + 1, 25)
        if step % 25 == 24 or step == part.steps - 1:
            print(f"step {step + 1} loss {mean:.3f} {time.monotonic() - began:.0f} s", flush=True)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens-per-step", type=int, default=2560)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quant", default="Q8_0")
    parser.add_argument("--first-round", type=int, default=0, help="go on from a saved round")
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
    shape = Shape(tokenizer.get_vocab_size())
    (options.build / "shape.json").write_text(json.dumps(asdict(shape)))
    network = Network(shape)
    weights = sum(p.numel() for p in network.parameters())
    print(f"{len(questions)} questions, {shape.vocabulary} tokens, {weights} weights", flush=True)
    if options.first_round:
        saved = options.build / f"weights-{options.first_round}.pt"
        network.load_state_dict(torch.load(saved))
    for i, part in enumerate(ROUNDS[options.first_round :], options.first_round):
        chats = Conversations(tokenizer, questions, options.seed + i, part.cut, part.again)
        train(network, chats, part, options.tokens_per_step)
        torch.save(network.state_dict(), options.build / f"weights-{i + 1}.pt")
    network.eval()
    full = options.build / "guide-f32.gguf"
    export.write_f32(network, tokenizer, full)
    export.quantize(full, options.out, options.quant)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
