"""Models cut down to a few of their layers, with weights of zero: what a speed probe loads.

A header says everything that the time of a token depends on: shapes, formats, how many layers. So
a sparse file with the first layers of a header decodes as fast as those layers of the real model
would, before one byte of its weights is here. The vocabulary is left out but for its size. Norms
are one and routers are random, so that experts take turns as they do in earnest.
"""

import math
import random
import re
import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from localchat.models import gguf, quants
from localchat.models.header import Array, Header

FILLED_TOKENS: Final = 64
"""Only these tokens have an embedding; all others are zero."""

_U32, _F32, _STRING, _ARRAY = 4, 6, 8, 9
_SIZES = MappingProxyType(
    {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
)  # what a number of each GGUF type takes
_ALIGNMENT_BYTES = 32
_LONGEST_PERIOD = 12
_MOST_LAYERS = 64
_VOCABULARY = 4096
_LAYER = re.compile(r"^blk\.(\d+)\.(.+)$")
_WINDOW_PERIODS = MappingProxyType(
    {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "llama4": 4,
     "exaone4": 4, "exaone-moe": 4, "olmo2": 4, "afmoe": 4, "plamo3": 8, "smallthinker": 4}
)  # fmt: skip
"""After how many layers windows and full attention come round again, where the file does not say
(llama.cpp, src/models)."""

Quantize = Callable[[int, Sequence[float]], bytes]
"""Stores numbers in a format, given by its number in ggml, as rows of blocks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One metadata entry, its value as it lies in the file."""

    key: str
    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Blank:
    """A tensor, as far as a header describes it."""

    name: str
    shape: tuple[int, ...]
    kind: int
    """The number of its format in ggml."""
    size_bytes: int

    @property
    def layer(self) -> int | None:
        """The layer it belongs to; None for embeddings and the output head."""
        place = _LAYER.match(self.name)
        return int(place[1]) if place else None


@dataclass(frozen=True, slots=True)
class Outline:
    """What is kept of a header to write truncated models from it."""

    architecture: str
    entries: tuple[Entry, ...]
    tensors: tuple[Blank, ...]
    layers: int
    stated_layers: int
    """As the file counts them, with layers that only predict ahead."""
    leading_layers: int
    """The first layers, which are unlike the others."""
    period: int
    """After so many layers the same kinds of layer come round again."""
    vocabulary: int
    experts_share: float
    """Of the routed experts, how many work on a token; 1 where there are none."""
    heads: int
    kv_heads: int
    head_dims: int
    """Of the attention; 0 where the file does not say it plainly."""

    def layer_bytes(self, first: int, end: int) -> float:
        """Add up what a token reads of the layers from `first` to before `end`."""
        return sum(
            tensor.size_bytes * (self.experts_share if "_exps." in tensor.name else 1.0)
            for tensor in self.tensors
            if tensor.layer is not None and first <= tensor.layer < end
        )

    def file_bytes(self, layers: int) -> int:
        """Add up all tensors of a model with so many layers."""
        kept = (t for t in self.tensors if t.layer is None or t.layer < layers)
        return sum(tensor.size_bytes for tensor in kept)


def outline(path: Path) -> Outline:
    """Read what stands before the weights of a GGUF; the weights themselves may be missing.

    Raises BadModel or ModelNotFound.
    """
    with path.open("rb") as source:
        header = gguf.parse(source, path.name, 2**62)
    with path.open("rb") as source:
        raw = source.read(header.data_offset_bytes)
    arch = header.architecture
    stated = header.layers
    layers = stated - header.number(f"{arch}.nextn_predict_layers")
    kinds = {form.name: number for number, form in quants.TENSOR_TYPES.items()}
    tensors = tuple(
        Blank(t.name, t.shape, kinds[t.type.name], t.size_bytes) for t in header.tensors
    )
    used, count = (header.number(f"{arch}.expert{each}_count") for each in ("_used", ""))
    leading = header.number(f"{arch}.leading_dense_block_count")
    return Outline(
        architecture=arch,
        entries=tuple(_entries(raw)),
        tensors=tensors,
        layers=layers,
        stated_layers=stated,
        leading_layers=leading,
        period=_period(header, tensors, leading, layers),
        vocabulary=next((t.shape[-1] for t in tensors if t.name == "token_embd.weight"), 0),
        experts_share=used / count if count and used else 1.0,
        heads=header.number(f"{arch}.attention.head_count"),
        kv_heads=header.number(f"{arch}.attention.head_count_kv"),
        head_dims=header.number(f"{arch}.attention.key_length"),
    )


def plain(
    *, width: int, feed_forward: int, heads: int, kv_heads: int, head_dims: int, kind: int
) -> Outline:
    """Describe a Llama of our own with any number of layers, all weights in format `kind`."""
    numbers = {
        "context_length": 8192, "embedding_length": width, "block_count": _MOST_LAYERS,
        "feed_forward_length": feed_forward, "attention.head_count": heads,
        "attention.head_count_kv": kv_heads, "attention.key_length": head_dims,
        "attention.value_length": head_dims, "rope.dimension_count": head_dims,
    }  # fmt: skip
    epsilon = Entry("llama.attention.layer_norm_rms_epsilon", _F32, struct.pack("<f", 1e-5))
    entries = [_number(f"llama.{key}", value) for key, value in numbers.items()]
    matrices = {
        "attn_q": (width, heads * head_dims), "attn_k": (width, kv_heads * head_dims),
        "attn_v": (width, kv_heads * head_dims), "attn_output": (heads * head_dims, width),
        "ffn_gate": (width, feed_forward), "ffn_up": (width, feed_forward),
        "ffn_down": (feed_forward, width),
    }  # fmt: skip
    tensors = [_matrix(name, (width, _VOCABULARY), kind) for name in ("token_embd", "output")]
    tensors.append(_norm("output_norm", width))
    for layer in range(_MOST_LAYERS):
        tensors += [_norm(f"blk.{layer}.{name}", width) for name in ("attn_norm", "ffn_norm")]
        tensors += [_matrix(f"blk.{layer}.{n}", dims, kind) for n, dims in matrices.items()]
    return Outline(
        "llama", (_text("general.architecture", "llama"), *entries, epsilon), tuple(tensors),
        layers=_MOST_LAYERS, stated_layers=_MOST_LAYERS, leading_layers=0, period=1,
        vocabulary=_VOCABULARY, experts_share=1.0,
        heads=heads, kv_heads=kv_heads, head_dims=head_dims,
    )  # fmt: skip


def _matrix(name: str, shape: tuple[int, int], kind: int) -> Blank:
    form = quants.TENSOR_TYPES[kind]
    n_bytes = math.prod(shape) // form.block_elements * form.block_bytes
    return Blank(f"{name}.weight", shape, kind, n_bytes)


def _norm(name: str, width: int) -> Blank:
    return Blank(f"{name}.weight", (width,), 0, 4 * width)


def write(path: Path, model: Outline, layers: int, quantize: Quantize) -> None:
    """Write the first `layers` layers of a model as a sparse file. Raises OSError."""
    kept = tuple(t for t in model.tensors if t.layer is None or t.layer < layers)
    entries = tuple(_kept_entries(model, layers))
    offsets, end = [], 0
    for tensor in kept:
        offsets.append(end)
        end += _padded(tensor.size_bytes)
    head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(kept), len(entries)))
    for entry in entries:
        head += _string(entry.key) + struct.pack("<I", entry.kind) + entry.value
    for tensor, offset in zip(kept, offsets, strict=True):
        head += _string(tensor.name) + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape)
        head += struct.pack("<IQ", tensor.kind, offset)
    start = _padded(len(head))
    with path.open("wb") as file:
        file.write(head)
        file.truncate(start + end)
        for tensor, offset in zip(kept, offsets, strict=True):
            if content := _content(tensor, quantize):
                file.seek(start + offset)
                file.write(content)


# --- what is kept of a header --------------------------------------------------------------------


def _entries(raw: bytes) -> list[Entry]:
    """Walk over the metadata, which `gguf.parse` has found sound."""
    (count,) = struct.unpack_from("<Q", raw, 16)
    at, found = 24, []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", raw, at)
        key = raw[at + 8 : at + 8 + length].decode("utf-8", errors="replace")
        at += 8 + length
        (kind,) = struct.unpack_from("<I", raw, at)
        end = _value_end(raw, at + 4, kind)
        if not key.startswith(("tokenizer.", "split.", "general.alignment")):
            found.append(Entry(key, kind, raw[at + 4 : end]))
        at = end
    return found


def _value_end(raw: bytes, at: int, kind: int) -> int:
    if kind == _STRING:
        return int(at + 8 + struct.unpack_from("<Q", raw, at)[0])
    if kind != _ARRAY:
        return at + _SIZES[kind]
    item, length = struct.unpack_from("<IQ", raw, at)
    at += 12
    if item != _STRING:
        return int(at + length * _SIZES[item])
    for _ in range(length):
        at = _value_end(raw, at, _STRING)
    return at


def _kept_entries(model: Outline, layers: int) -> list[Entry]:
    arch = f"{model.architecture}."
    changed = {
        f"{arch}block_count": layers,
        f"{arch}nextn_predict_layers": 0,
        f"{arch}attention.shared_kv_layers": None,
    }
    kept = []
    for entry in model.entries:
        value: int | None = changed.get(entry.key, -1)
        if value is None:
            (shared,) = struct.unpack("<I", entry.value)
            value = shared * layers // max(1, model.layers)
        if value != -1:
            entry = replace(entry, value=struct.pack("<I", value))
        elif entry.key.startswith(arch) and entry.kind == _ARRAY:
            entry = _shortened(entry, model.stated_layers, layers)
        if entry.key != f"{arch}vocab_size":
            kept.append(entry)
    vocabulary = _number(f"{arch}vocab_size", model.vocabulary)
    return [*kept, vocabulary, _text("tokenizer.ggml.model", "no_vocab")]


def _shortened(entry: Entry, stated_layers: int, layers: int) -> Entry:
    item, length = struct.unpack_from("<IQ", entry.value)
    if length != stated_layers or item not in _SIZES:
        return entry
    kept = entry.value[12 : 12 + layers * _SIZES[item]]
    return replace(entry, value=struct.pack("<IQ", item, layers) + kept)


def _period(header: Header, tensors: Sequence[Blank], leading: int, layers: int) -> int:
    signatures = _signatures(header, tensors, layers)
    tail = signatures[leading:]
    found = (
        period
        for period in range(1, min(_LONGEST_PERIOD, len(tail)) + 1)
        if all(a == b for a, b in zip(tail, tail[period:], strict=False))
    )
    arch = header.architecture
    stated = header.number(f"{arch}.attention.sliding_window_pattern")
    windows = 1
    if header.number(f"{arch}.attention.sliding_window"):
        windows = stated or _WINDOW_PERIODS.get(arch, 1)
    return math.lcm(next(found, 1), max(1, windows))


def _signatures(header: Header, tensors: Sequence[Blank], layers: int) -> list[tuple[object, ...]]:
    """Say of each layer what tensors it has and what is said of it alone."""
    parts: list[list[object]] = [[] for _ in range(layers)]
    for tensor in tensors:
        if (place := _LAYER.match(tensor.name)) and int(place[1]) < layers:
            parts[int(place[1])].append((place[2], tensor.shape))
    for key, value in header.metadata.items():
        if isinstance(value, Array) and value.values and value.length == header.layers:
            for part, each in zip(parts, value.values, strict=False):
                part.append((key, each))
    return [tuple(sorted(part, key=str)) for part in parts]


# --- what is written ----------------------------------------------------------------------------


def _content(tensor: Blank, quantize: Quantize) -> bytes:
    """Return what is not zero of a tensor, from its start."""
    if tensor.name == "token_embd.weight":
        rows = min(FILLED_TOKENS, tensor.shape[-1])
        return quantize(tensor.kind, _noise(tensor.shape[0] * rows))
    if tensor.kind == 0 and ("norm" in tensor.name or "rope" in tensor.name):
        return struct.pack("<f", 1.0) * math.prod(tensor.shape)
    if tensor.kind == 0 and tensor.name.endswith("ffn_gate_inp.weight"):
        return _noise(math.prod(tensor.shape)).tobytes()
    return b""


def _noise(count: int) -> "array[float]":
    shorts = array("h", random.Random(7).randbytes(2 * count))
    return array("f", (each / 32768 for each in shorts))


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES


def _string(text: str) -> bytes:
    raw = text.encode("utf-8", errors="replace")
    return struct.pack("<Q", len(raw)) + raw


def _text(key: str, value: str) -> Entry:
    return Entry(key, _STRING, _string(value))


def _number(key: str, value: int) -> Entry:
    return Entry(key, _U32, struct.pack("<I", value))
