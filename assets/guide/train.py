"""Train the Guide: corpus -> tokenizer -> network -> GGUF -> quantized assets/guide.gguf.

Runs offline on a CPU; seeds are fixed. `python assets/guide/train.py --help` lists the options.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import corpus
import export
import torch
from bpe import train_tokenizer
from conversations import Batch, Conversations, Mix, batches
from muon import Muon
from network import Network, Shape
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

AVERAGED_FROM = 0.7  # of a round: before it the weights still move far
MISSED_LOSS = 0.7  # half right at a token is not known


@dataclass(frozen=True, slots=True)
class Round:
    """One round of training, with its own rise and fall of the learning rate."""

    steps: int
    rate: float
    mix: Mix
    more: bool = False  # with the phrasings of asks/
    average: float = 0.0  # how much of the averaged weights stays at each step; 0: no averaging


# The first round learns the wording of the answers, the second which question means which. The
# third meets more phrasings, and more questions that follow on the answer before. The fourth asks
# them plainly, in lower case as the chat template does, and again as often as they are missed.
ROUNDS = (
    Round(1000, 3e-3, Mix(cut=0.7, again=0.0)),
    Round(850, 2.5e-3, Mix(cut=0.85, again=0.3)),
    Round(
        1070,
        2e-3,
        Mix(cut=0.92, again=0.4, by_hand=0.8, follow=0.5, lead=0.02, to_the_point=True),
        more=True,
        average=0.98,
    ),
    Round(
        1300,
        2e-3,
        Mix(
            cut=0.93,
            again=0.5,
            by_hand=0.75,
            follow=0.5,
            lead=0.02,
            to_the_point=True,
            plain=0.5,
            broken=0.15,
            lower=True,
        ),
        more=True,
        average=0.98,
    ),
)


def keep_memory() -> None:
    """Tell glibc to keep freed memory; otherwise every step maps its tensors anew."""
    if platform.libc_ver()[0] == "glibc":
        trim_threshold, top_pad, mmap_max = -1, -2, -4
        library = ctypes.CDLL(None)
        for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**28)):
            library.mallopt(parameter, value)


def optimizers(network: Network, rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers and AdamW for everything else."""
    matrices = [p for p in network.blk.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in network.parameters() if id(p) not in chosen]
    return [
        Muon(matrices, lr=rate),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def rate_at(step: int, done: float) -> float:
    """Return the share of the full learning rate: a short rise, a plateau, a linear fall to 0."""
    return min(1.0, (step + 1) / 30, (1 - done) / 0.6)


def report_missed(chats: Conversations, batch: Batch, losses: Tensor) -> None:
    """Hand back the questions whose answer was not begun well."""
    known = losses.numpy()
    for i, asked in batch.asked:
        if known[i, asked.start : asked.stop].max() > MISSED_LOSS:
            chats.miss(asked.question)


def step_once(network: Network, chosen: list[torch.optim.Optimizer], batch: Batch) -> Tensor:
    """Learn from one batch; return the loss of every token, 0 where none is taken."""
    hidden = network(batch.tokens, batch.positions, batch.mask)
    wanted = batch.targets >= 0
    each = F.cross_entropy(network.logits(hidden[wanted]), batch.targets[wanted], reduction="none")
    network.zero_grad(set_to_none=True)
    each.mean().backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimizer in chosen:
        optimizer.step()
    return torch.zeros(wanted.shape).masked_scatter_(wanted, each.detach())


def train(
    network: Network, chats: Conversations, part: Round, tokens_per_step: int, seconds: float
) -> None:
    """Train the network in place for one round, or for a part of it that fits in some seconds."""
    network.train()
    chosen = optimizers(network, part.rate)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(part.average))
    began, mean, done = time.monotonic(), 0.0, 0.0
    for step, batch in enumerate(batches(chats, tokens_per_step, part.steps)):
        elapsed = time.monotonic() - began
        done = max(step / part.steps, elapsed / seconds)
        if done >= 1:
            break
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = part.rate * rate_at(step, done)
        losses = step_once(network, chosen, batch)
        report_missed(chats, batch, losses)
        if part.average and done > AVERAGED_FROM:
            averaged.update_parameters(network)
        mean += (float(losses.sum() / (batch.targets >= 0).sum()) - mean) / min(step + 1, 25)
        if step % 25 == 24 or step == part.steps - 1:
            print(f"step {step + 1} loss {mean:.3f} {elapsed:.0f} s", flush=True)
    if part.average:
        network.load_state_dict(averaged.module.state_dict())


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens-per-step", type=int, default=2560)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quant", default="Q8_0")
    parser.add_argument("--first-round", type=int, default=0, help="go on from a saved round")
    parser.add_argument("--seconds", type=float, default=1e9, help="end each round after these")
    parser.add_argument("--build", type=Path, default=Path("build/guide"), help="working folder")
    parser.add_argument("--out", type=Path, default=corpus.HERE.parent / "guide.gguf")
    return parser.parse_args()


def tokenizer_in(build: Path, seed: int, new: bool) -> Tokenizer:
    """Return the tokenizer; it comes from the first questions, so that later ones keep it."""
    path = build / "tokenizer.json"
    if new:
        train_tokenizer(corpus.questions(more=False), seed).save(str(path))
    return Tokenizer.from_file(str(path))


def main() -> None:
    """Run the whole way from the corpus to the quantized file."""
    options = parse()
    keep_memory()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    options.build.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_in(options.build, options.seed, new=not options.first_round)
    shape = Shape(tokenizer.get_vocab_size())
    (options.build / "shape.json").write_text(json.dumps(asdict(shape)))
    network = Network(shape)
    weights = sum(p.numel() for p in network.parameters())
    print(f"{shape.vocabulary} tokens, {weights} weights", flush=True)
    if options.first_round:
        saved = options.build / f"weights-{options.first_round}.pt"
        network.load_state_dict(torch.load(saved))
    for i, part in enumerate(ROUNDS[options.first_round :], options.first_round):
        questions = corpus.questions(part.more)
        print(f"round {i + 1}: {len(questions)} questions", flush=True)
        chats = Conversations(tokenizer, questions, options.seed + i, part.mix)
        train(network, chats, part, options.tokens_per_step, options.seconds)
        torch.save(network.state_dict(), options.build / f"weights-{i + 1}.pt")
    network.eval()
    full = options.build / "guide-f32.gguf"
    export.write_f32(network, tokenizer, full)
    export.quantize(full, options.out, options.quant)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
