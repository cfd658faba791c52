"""Two small vocabularies, written as GGUF files without weights and loaded as such.

`bpe` cuts bytes as GPT-2 does; `spm` is SentencePiece, with a space put in front of text. Both have
control, user-defined and unknown tokens, also such that try to trip: marks inside marks.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import gguf
from llama_cpp import llama_cpp

from localchat.engine.vocab import Vocab
from tests.gguf_files import byte_letters

Kind = Literal["bpe", "spm"]

CONTROL = (
    "<|im_start|>",
    "<|im_end|>",
    "<|start|>",
    "[INST]",
    "[/INST]",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
)
USER_DEFINED = ("<think>", "</think>", "<im>", "<<im>>", "<b>", "  ", "\n\n", "word", "é", "<|x|>")
_WORDS = ("he", "hel", "hell", "hello", "th", "the", "in", "sy", "sys", "er", "st", "im")
_SHAPE = {"context_length": 64, "embedding_length": 32, "feed_forward_length": 32}


def write(
    path: Path, kind: Kind, *, control: Sequence[str] = CONTROL, add_bos: bool = True
) -> Path:
    """Write a vocabulary with these control tokens besides <s> and </s>."""
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in _SHAPE.items():
        writer.add_uint32(f"llama.{name}", value)
    writer.add_uint32("llama.block_count", 1)
    writer.add_uint32("llama.attention.head_count", 1)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    tokens = [("<unk>", 2), ("<s>", 3), ("</s>", 3)]
    tokens += [(text, 3) for text in control]
    tokens += [(text, 4) for text in USER_DEFINED]
    tokens += _add_words(writer, kind)
    names = list(dict.fromkeys(text for text, _ in tokens))
    types = dict(reversed(tokens))
    writer.add_token_list(names)
    writer.add_token_types([types[name] for name in names])
    writer.add_token_scores([-float(i) for i in range(len(names))])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(add_bos)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def _add_words(writer: gguf.GGUFWriter, kind: Kind) -> list[tuple[str, int]]:
    """Add what belongs to one kind alone; give its tokens, each with its type."""
    if kind == "bpe":
        tokens = [(text, 1) for text in byte_letters() if text not in USER_DEFINED]
        tokens += [(text, 1) for word in _WORDS for text in (word, "Ġ" + word)]
        tokens.append(("Ġh", 1))
        merges = [f"{w[:-1]} {w[-1]}" for w in _WORDS] + ["Ġ h"]
        merges += [f"Ġ{w[:-1]} {w[-1]}" for w in _WORDS if w.startswith("he")]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_merges(merges)
        return tokens
    tokens = [(f"<0x{byte:02X}>", 6) for byte in range(256)]
    tokens += [(chr(code), 1) for code in range(33, 127)] + [("▁", 1)]
    tokens += [(text, 1) for word in _WORDS for text in (word, "▁" + word)]
    writer.add_tokenizer_model("llama")
    writer.add_add_space_prefix(True)
    return tokens


@contextlib.contextmanager
def loaded(path: Path) -> Iterator[Vocab]:
    """Load a vocabulary, and free it in the end."""
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    assert model, f"{path} could not be loaded"
    try:
        yield Vocab(llama_cpp.llama_model_get_vocab(model))
    finally:
        llama_cpp.llama_model_free(model)
