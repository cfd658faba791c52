"""Small GGUF models with random weights, for tests that need the real engine.

Three memories: `dense` (llama), `sliding` (gemma2, every other layer sees a short window) and
`hybrid` (lfm2, every other layer a recurrent short convolution). Weights are seeded, so a model
is the same in every run; what it says is noise, but at temperature 0 always the same noise.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np

from tests.gguf_files import CHATML, CONTROL, add_value, byte_letters

Kind = Literal["dense", "sliding", "hybrid"]
_ARCHITECTURES = {"dense": "llama", "sliding": "gemma2", "hybrid": "lfm2"}

CONTROL_NUMBERS = range(256, 256 + len(CONTROL))
CONTROL_IDS = slice(CONTROL_NUMBERS.start, CONTROL_NUMBERS.stop)


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a model to write."""

    layers: int = 2
    width: int = 64
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 128
    vocabulary: int = 320
    context_tokens: int = 1024
    window_tokens: int = 64


TINY = Size()
QWEN_LIKE = Size(
    layers=24,
    width=896,
    heads=14,
    kv_heads=2,
    feed_forward=4864,
    vocabulary=151_936,
    context_tokens=4096,
)
"""The shape of a 0.5B model with a large vocabulary: a fair load for benchmarks."""


def write(
    path: Path,
    kind: Kind = "dense",
    size: Size = TINY,
    *,
    template: str | None = CHATML,
    metadata: dict[str, Any] | None = None,
    architecture: str | None = None,
    seed: int = 7,
) -> Path:
    """Write a model as F16 (norms as F32) and give its path back.

    `metadata` adds or replaces string, int, float and bool keys; `architecture` writes another
    name than the tensors', for files that no engine knows.
    """
    arch = architecture or _ARCHITECTURES[kind]
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name(f"Test {kind}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_shape(writer, arch, kind, size)
    _add_vocabulary(writer, size.vocabulary)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (metadata or {}).items():
        add_value(writer, key, value)
    _Weights(writer, kind, size, seed).add()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_shape(writer: Any, arch: str, kind: Kind, size: Size) -> None:
    writer.add_block_count(size.layers)
    writer.add_context_length(size.context_tokens)
    writer.add_embedding_length(size.width)
    writer.add_feed_forward_length(size.feed_forward)
    writer.add_head_count(size.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(size.vocabulary)
    if kind == "hybrid":
        writer.add_head_count_kv([size.kv_heads * (layer % 2) for layer in range(size.layers)])
        writer.add_uint32(f"{arch}.shortconv.l_cache", 3)
    else:
        writer.add_head_count_kv(size.kv_heads)
    if kind == "sliding":
        writer.add_sliding_window(size.window_tokens)
        writer.add_key_length(size.width // size.heads)
        writer.add_value_length(size.width // size.heads)


def _add_vocabulary(writer: Any, n_tokens: int) -> None:
    words = ["Ġt", "he", "Ġthe", "in", "er"]
    tokens = [*byte_letters(), *CONTROL, *words]
    filler = [f"Ġw{number}" for number in range(n_tokens - len(tokens))]
    types = [gguf.TokenType.NORMAL] * n_tokens
    types[CONTROL_IDS] = [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*tokens, *filler])
    writer.add_token_types(types)
    writer.add_token_merges(["Ġ t", "h e", "Ġt he", "i n", "e r"])
    writer.add_eos_token_id(257)
    writer.add_bos_token_id(258)
    writer.add_add_bos_token(False)


class _Weights:
    """Adds the tensors of a model in their order, which decides what each of them holds."""

    def __init__(self, writer: Any, kind: Kind, size: Size, seed: int) -> None:
        self._writer = writer
        self._kind = kind
        self._size = size
        self._rng = np.random.default_rng(seed)

    def add(self) -> None:
        """Add all of them."""
        size = self._size
        self._matrix("token_embd", size.vocabulary, size.width)
        self._norm("token_embd_norm" if self._kind == "hybrid" else "output_norm", size.width)
        for layer in range(size.layers):
            self._add_layer(layer)

    def _add_layer(self, layer: int) -> None:
        size, block = self._size, f"blk.{layer}"
        self._norm(f"{block}.attn_norm", size.width)
        self._norm(f"{block}.ffn_norm", size.width)
        if self._kind == "hybrid" and layer % 2 == 0:
            self._add_convolution(block)
        else:
            self._add_attention(block)
        if self._kind == "sliding":
            self._norm(f"{block}.post_attention_norm", size.width, 6.0)
            self._norm(f"{block}.post_ffw_norm", size.width, 6.0)
        self._matrix(f"{block}.ffn_gate", size.feed_forward, size.width)
        self._matrix(f"{block}.ffn_up", size.feed_forward, size.width)
        self._matrix(f"{block}.ffn_down", size.width, size.feed_forward)

    def _add_convolution(self, block: str) -> None:
        width = self._size.width
        self._matrix(f"{block}.shortconv.in_proj", 3 * width, width)
        self._matrix(f"{block}.shortconv.out_proj", width, width)
        taps = self._rng.standard_normal((width, 3), dtype=np.float32)
        self._writer.add_tensor(f"{block}.shortconv.conv.weight", taps)

    def _add_attention(self, block: str) -> None:
        size = self._size
        head = size.width // size.heads
        self._matrix(f"{block}.attn_q", size.width, size.width)
        self._matrix(f"{block}.attn_k", size.kv_heads * head, size.width)
        self._matrix(f"{block}.attn_v", size.kv_heads * head, size.width)
        self._matrix(f"{block}.attn_output", size.width, size.width)
        if self._kind == "hybrid":
            self._norm(f"{block}.attn_q_norm", head)
            self._norm(f"{block}.attn_k_norm", head)

    def _matrix(self, name: str, rows: int, columns: int) -> None:
        # Strong layers and weak embeddings: otherwise tied embeddings repeat the last token for
        # ever, and an answer would be the same whatever was lost from the memory.
        scale = (3.0 if name.startswith("blk") else 0.5) / np.sqrt(columns)
        values = self._rng.standard_normal((rows, columns), dtype=np.float32) * scale
        if name == "token_embd":
            # Their logits are 0, never the highest: answers end where the test says.
            values[CONTROL_IDS] = 0.0
        self._writer.add_tensor(f"{name}.weight", values.astype(np.float16))

    def _norm(self, name: str, width: int, value: float = 1.0) -> None:
        values = np.full(width, value, dtype=np.float32)
        self._writer.add_tensor(f"{name}.weight", values)


def byte_token(character: str) -> int:
    """The token that stands for one ASCII character."""
    return character.encode()[0]


def quantize(source: Path, target: Path, file_type: int) -> Path:
    """Quantize with llama.cpp's own quantizer; `file_type` is an LLAMA_FTYPE, such as 15 (Q4_K_M).

    Imports the engine into this process: use it in scripts, or in a process of its own.
    """
    from llama_cpp import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.nthread = 2
    failed = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), params)
    if failed:
        raise RuntimeError(f"llama.cpp could not quantize {source.name}")
    return target
