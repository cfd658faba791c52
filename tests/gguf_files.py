"""Writes GGUF files of any shape and quantization from a list of tensors and metadata.

The weights are random and fast to make: blocks of any quantized type are random bytes whose scales
are set so that the values stay small. Knows nothing of architectures.
"""

import functools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import gguf
import numpy as np

Vocabulary = Literal["bpe", "spm"]
Tensor = tuple[str, tuple[int, ...]]
"""Name and shape in ggml's order: the length of a row first."""

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
"""The control tokens that it needs, and one that ends a text."""

_F32_MATRICES = ("ffn_gate_inp", "conv1d", "shortconv.conv", "altup_correct", "altup_predict")
_POOL_BYTES = 1 << 22
_SCALES: dict[str, tuple[tuple[int, ...], float]] = {
    # Where in a block the F16 scales stand, and about how far values spread at a scale of 1.
    "Q4_0": ((0,), 5),
    "Q4_1": ((0,), 5),
    "Q5_0": ((0,), 9),
    "Q5_1": ((0,), 9),
    "Q8_0": ((0,), 74),
    "IQ4_NL": ((0,), 70),
    "Q2_K": ((80,), 15),
    "Q3_K": ((108,), 40),
    "Q4_K": ((0,), 180),
    "Q5_K": ((0,), 360),
    "Q6_K": ((208,), 1400),
    "IQ4_XS": ((0,), 1300),
    "IQ3_XXS": ((0,), 150),
    "IQ3_S": ((0,), 150),
    "IQ2_XXS": ((0,), 60),
    "IQ2_XS": ((0,), 60),
    "IQ2_S": ((0,), 60),
}
_MINIMA = {"Q4_1": (2, 7.5), "Q5_1": (2, 15.5), "Q2_K": (82, 1.5), "Q4_K": (2, 7.5)}
_MINIMA["Q5_K"] = (2, 15.5)
"""Where the scale of what is subtracted stands, and how large it is against the other scale."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, weights apart."""

    architecture: str
    metadata: Mapping[str, Any]
    """Keys without the architecture in front."""
    tensors: Sequence[Tensor]
    vocabulary: Vocabulary
    n_tokens: int


def write(path: Path, content: Content, quant: str, head_quant: str | None) -> Path:
    """Write a whole file with random weights; control tokens get none, and are never sampled."""
    sizes = _write_header(path, content, quant, head_quant)
    rng = np.random.default_rng(7)
    skipped = _control_ids(content.vocabulary)
    with path.open("r+b") as file:
        for (name, shape), kind, offset in sizes:
            file.seek(offset)
            has_tokens = name in ("token_embd.weight", "output.weight")
            rows = skipped if has_tokens else range(0)
            _write_weights(file, name, shape, kind, rows, rng)
        file.seek(0, os.SEEK_END)
        file.truncate(_padded(file.tell()))
    return path


def write_sparse(path: Path, content: Content, quant: str, head_quant: str | None) -> Path:
    """Write the header and give the file its true size without writing the weights."""
    *_, ((_, shape), kind, offset) = _write_header(path, content, quant, head_quant)
    with path.open("r+b") as file:
        file.truncate(_padded(offset + n_bytes(shape, kind)))
    return path


def write_header(path: Path, content: Content, quant: str, head_quant: str | None) -> Path:
    """Write what stands before the weights and nothing else, as if only that had been fetched."""
    _write_header(path, content, quant, head_quant)
    return path


def write_split(path: Path, content: Content, max_tensors: int) -> list[Path]:
    """Write a model in F16, its weights all zero, as files of so many tensors each."""
    writer = gguf.GGUFWriter(path, content.architecture, split_max_tensors=max_tensors)
    _add_metadata(writer, content, "F16")
    for name, shape in content.tensors:
        kind = np.float32 if tensor_type((name, shape), "F16", None) == "F32" else np.float16
        writer.add_tensor(name, np.zeros(shape[::-1], dtype=kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sorted(path.parent.glob(f"{path.stem}-*-of-*.gguf"))


def n_bytes(shape: Sequence[int], kind: str) -> int:
    """Return what a tensor takes."""
    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    return int(math.prod(shape) // block * size)


def tensor_type(tensor: Tensor, quant: str, head_quant: str | None) -> str:
    """Choose a tensor's type as quantizers do: vectors and routers F32, odd rows Q8_0 or F16."""
    name, shape = tensor
    is_vector = sum(size > 1 for size in shape) < 2 or name.endswith((".bias", "ssm_norm.weight"))
    if is_vector or any(word in name for word in _F32_MATRICES):
        return "F32"
    is_head = name in ("token_embd.weight", "output.weight", "per_layer_token_embd.weight")
    wanted = head_quant if is_head and head_quant else quant
    block, _ = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[wanted]]
    if shape[0] % block:
        return "Q8_0" if shape[0] % 32 == 0 else "F16"
    return wanted


def _write_header(
    path: Path, content: Content, quant: str, head_quant: str | None
) -> list[tuple[Tensor, str, int]]:
    """Write the header; give each tensor with its type and its place in the file."""
    writer = gguf.GGUFWriter(path, content.architecture)
    _add_metadata(writer, content, quant)
    kinds = [tensor_type(tensor, quant, head_quant) for tensor in content.tensors]
    for (name, shape), kind in zip(content.tensors, kinds, strict=True):
        raw = gguf.GGMLQuantizationType[kind]
        writer.add_tensor_info(name, shape[::-1], np.dtype(object), n_bytes(shape, kind), raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    offset = _padded(path.stat().st_size)
    os.truncate(path, offset)
    placed = []
    for tensor, kind in zip(content.tensors, kinds, strict=True):
        placed.append((tensor, kind, offset))
        offset = _padded(offset + n_bytes(tensor[1], kind))
    return placed


def _add_metadata(writer: Any, content: Content, quant: str) -> None:
    writer.add_name(f"Test {content.architecture}")
    writer.add_file_type(_file_type(quant))
    for key, value in content.metadata.items():
        add_value(writer, f"{content.architecture}.{key}", value)
    _add_vocabulary(writer, content.vocabulary, content.n_tokens)
    writer.add_chat_template(CHATML)


def _padded(size: int) -> int:
    return -(-size // 32) * 32


def _file_type(quant: str) -> int:
    by_name = {kind.name.removeprefix("MOSTLY_"): kind for kind in gguf.LlamaFileType}
    aliases = {"F32": "ALL_F32", "Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
    return int(by_name.get(aliases.get(quant, quant), gguf.LlamaFileType.GUESSED))


def add_value(writer: Any, key: str, value: Any) -> None:
    """Add a key with the type that its value has in Python."""
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, list(value))


# --- weights ------------------------------------------------------------------------------------


def _write_weights(
    file: BinaryIO,
    name: str,
    shape: tuple[int, ...],
    kind: str,
    empty_rows: Sequence[int],
    rng: np.random.Generator,
) -> None:
    total = n_bytes(shape, kind)
    if kind == "F32" and sum(size > 1 for size in shape) < 2:
        np.full(math.prod(shape), _constant(name), dtype=np.float32).tofile(file)
        return
    start = file.tell()
    spread = (3.0 if name.startswith("blk") else 0.5) / math.sqrt(shape[0])
    for piece in _pieces(_pool(kind, spread), total, int(rng.integers(1 << 30))):
        file.write(piece)
    row_bytes = total // (math.prod(shape) // shape[0])
    for row in empty_rows:
        file.seek(start + row * row_bytes)
        file.write(bytes(row_bytes))


def _constant(name: str) -> float:
    if name.endswith("ssm_a"):
        return -1.0
    return 0.0 if name.endswith((".bias", "attn_sinks.weight")) else 1.0


def _pieces(pool: bytes, total: int, turn: int) -> Iterator[memoryview]:
    view = memoryview(pool)
    # Every tensor starts elsewhere in the pool, on a block's border of any type's size.
    first = turn % 64 * (len(pool) // 64)
    head = view[first : first + min(total, len(pool) - first)]
    yield head
    left = total - len(head)
    while left > 0:
        yield view[: min(left, len(pool))]
        left -= len(pool)


@functools.lru_cache(maxsize=32)
def _pool(kind: str, spread: float) -> bytes:
    """Random weights of a type, some 4 MB of them, a multiple of 64 blocks."""
    rng = np.random.default_rng(11)
    _, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    n_blocks = _POOL_BYTES // size // 64 * 64
    if kind in ("F32", "F16"):
        values = rng.standard_normal(n_blocks, dtype=np.float32) * np.float32(spread)
        return bytes(values.astype(np.float16 if kind == "F16" else np.float32).tobytes())
    if kind == "BF16":
        values = rng.standard_normal(n_blocks, dtype=np.float32) * np.float32(spread)
        return bytes((values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    blocks = rng.integers(0, 256, (n_blocks, size), dtype=np.uint8)
    if kind == "MXFP4":
        blocks[:, 0] = 127 + round(math.log2(spread / 4))
        return blocks.tobytes()
    places, width = _SCALES[kind]
    for place in places:
        blocks[:, place : place + 2] = _f16(spread / width)
    if kind in _MINIMA:
        place, ratio = _MINIMA[kind]
        sign = 1 if kind.endswith("_K") else -1
        blocks[:, place : place + 2] = _f16(sign * ratio * spread / width)
    return blocks.tobytes()


def _f16(value: float) -> Any:
    return np.frombuffer(np.float16(value).tobytes(), dtype=np.uint8)


# --- vocabularies -------------------------------------------------------------------------------


def _control_ids(vocabulary: Vocabulary) -> range:
    first = 256 if vocabulary == "bpe" else 259
    return range(first, first + len(CONTROL))


def _add_vocabulary(writer: Any, vocabulary: Vocabulary, n_tokens: int) -> None:
    writer.add_vocab_size(n_tokens)
    control = _control_ids(vocabulary)
    types = [int(gguf.TokenType.NORMAL)] * n_tokens
    types[control.start : control.stop] = [int(gguf.TokenType.CONTROL)] * len(CONTROL)
    if vocabulary == "bpe":
        words, merges = _byte_pairs(n_tokens - control.stop)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([*byte_letters(), *CONTROL, *words])
        writer.add_token_merges(merges)
    else:
        types[:3] = [int(gguf.TokenType.UNKNOWN), *[int(gguf.TokenType.CONTROL)] * 2]
        types[3:259] = [int(gguf.TokenType.BYTE)] * 256
        words, _ = _byte_pairs(n_tokens - control.stop)
        pieces = [f"<0x{byte:02X}>" for byte in range(256)]
        words = tuple(word.replace("Ġ", "▁") for word in words)
        writer.add_tokenizer_model("llama")
        writer.add_token_list(["<unk>", "<s>", "</s>", *pieces, *CONTROL, *words])
        writer.add_token_scores([-float(number) for number in range(n_tokens)])
    writer.add_token_types(types)
    writer.add_bos_token_id(control[2] if vocabulary == "bpe" else 1)
    writer.add_eos_token_id(control[1])
    writer.add_add_bos_token(False)


@functools.cache
def byte_letters() -> tuple[str, ...]:
    """The letters that stand for bytes 0 to 255 in a byte-level BPE, as GPT-2 introduced them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return tuple(chr(b) if b in shown else chr(256 + hidden.index(b)) for b in range(256))


@functools.lru_cache(maxsize=8)
def _byte_pairs(count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words as byte-pair encoding would find them, some six letters long, with their merges."""
    endings = list("etaoinshrdlucmfwypvbgkjqxz")
    starts = ["Ġ", *endings]
    seen = set(starts)
    words: list[str] = []
    merges: list[str] = []
    state = 1
    while len(words) < count:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        left = starts[(state >> 33) % len(starts)]
        right = endings[(state >> 13) % len(endings)]
        word = left + right
        if word in seen:
            continue
        seen.add(word)
        words.append(word)
        merges.append(f"{left} {right}")
        if len(word) <= 6:
            starts.append(word)
        if len(word) <= 4 and left[0] != "Ġ" and len(endings) < 2000:
            endings.append(word)
    return tuple(words), tuple(merges)
