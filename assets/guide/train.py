"""Train the Guide: corpus -> tokenizer -> network -> GGUF -> quantized assets/guide.gguf.

Runs offline on a CPU; seeds are fixed. `python assets/guide/train.py --help` lists the options.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import corpus
import export
import torch
from bpe import train_tokenizer
from conversations import Conversations, batches
from muon import Muon
from network import Network, Shape
from torch.nn import functional as F


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
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--tokens-per-step", type=int, default=2560)
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
