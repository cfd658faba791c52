"""Train the tokenizer: byte-level BPE with the split that llama.cpp calls "qwen2"."""

from __future__ import annotations

import random
from collections.abc import Sequence

import corpus
import export
from augment import vary
from conversations import SYSTEM_PROMPTS
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 2560
# The pre-tokenizer that llama.cpp calls "qwen2"; both sides must split alike.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(questions: Sequence[corpus.Question], seed: int) -> Tokenizer:
    """Learn the byte-level BPE on the answers and on a varied sample of the questions."""
    rng = random.Random(seed)
    texts = [fact.answer for fact in corpus.facts().values()] * 20
    texts += [vary(q.text, rng) for q in rng.sample(questions, 20000)]
    texts += ["user\n", "assistant\n", "system\n", *SYSTEM_PROMPTS] * 50
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(export.CONTROL_TOKENS),
        initial_alphabet=alphabet,
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
