"""Hold llama.cpp's view of the Guide against PyTorch's: the same tokens, nearly the same logits.

Needs the working folder that train.py leaves behind (tokenizer.json, weights-N.pt, guide-f32.gguf).
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import corpus
import llama_cpp
import numpy as np
import torch
from evaluate import Guide, render
from network import Network, Shape
from tokenizers import Tokenizer

SCRAPS = (
    "What is Q4_K_S?", "  two  spaces ", "tabs\tand\nnew\r\nlines\n\n\n", "été naïve ß",
    "😀👨\u200d👩\u200d👧 🇩🇪", "你好，世界", "こんにちは", "안녕", "مرحبا", "नमस्ते",
    "สวัสดี", "Здравствуйте", "αβγ",
    "def f(x):\n    return x ** 2\n", "if (a != b) { c += 1; }", "1234567890", "3.14159e-10",
    "it's I'LL don't WE'RE", "a\u00a0b\u2003c", "--ctx-size 8192", "C:\\temp\\x",
    "https://example.org/?q=1&r=2", '<tag attr="1"/>', "…–—“”", "½ ² Ⅷ", "e\u0301 a\u0308",
    "\x7f\x01", " ", "\n", "\n \n", "   x", "x   ", "%%%", "$100,000.00", "[[[]]]", "a\n\n\nb",
    "SELECT * FROM t WHERE a='b';", "\u200b\u200b", "don’t", "\t\t\tx",
)  # fmt: skip


def strings(count: int, seed: int = 3) -> list[str]:
    """Return scraps of many scripts, questions, and mixtures of both."""
    rng = random.Random(seed)
    texts = list(SCRAPS)
    asked = [q.text for q in rng.sample(corpus.questions(), count)]
    while len(texts) < count:
        parts = [*rng.sample(SCRAPS, 2), asked[len(texts)]]
        rng.shuffle(parts)
        texts.append(rng.choice(("", " ", "\n")).join(parts[: rng.randint(1, 3)]))
    return texts


def different_tokens(guide: Guide, tokenizer: Tokenizer, count: int) -> list[str]:
    """Return the strings that the two tokenizers cut differently."""
    return [
        text
        for text in strings(count)
        if guide.tokenize(text, special=False) != tokenizer.encode(text).ids
    ]


def largest_difference(guide: Guide, network: Network, tokenizer: Tokenizer) -> tuple[float, float]:
    """Return the largest difference of a logit, and the largest logit, over a few chats."""
    worst = largest = 0.0
    known = corpus.facts()
    long_chat = [("What is GGUF?", known["gguf"].answer)] * 20 + [("and a token?", "")]
    for turns in ([("What is Q4_K_S?", "")], [("hello", "")], long_chat):
        ids = tokenizer.encode(render(turns)).ids
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(guide.context), True)
        theirs = np.array(guide.decode(ids)[: network.shape.vocabulary])
        with torch.no_grad():
            tokens = torch.tensor([ids])
            hidden = network(tokens, torch.arange(len(ids)).unsqueeze(0))
            ours = network.logits(hidden[0, -1]).numpy()
        worst = max(worst, float(np.abs(ours - theirs).max()))
        largest = max(largest, float(np.abs(ours).max()))
    return worst, largest


def main() -> None:
    """Print both comparisons; end with status 1 when either fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/guide"))
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.build / "tokenizer.json"))
    weights = torch.load(sorted(options.build.glob("weights-*.pt"))[-1])
    sizes = json.loads((options.build / "shape.json").read_text())
    network = Network(Shape(**sizes))
    network.load_state_dict(weights)
    network.eval()
    guide = Guide(options.build / "guide-f32.gguf", threads=1)
    different = different_tokens(guide, tokenizer, 500)
    worst, largest = largest_difference(guide, network, tokenizer)
    print(f"strings cut differently: {len(different)} of 500 {different[:3]}")
    print(f"largest difference of a logit: {worst:.2e} (largest logit {largest:.1f})")
    raise SystemExit(bool(different) or worst > 0.02)


if __name__ == "__main__":
    main()
