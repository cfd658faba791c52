"""Models cut down to a few of their layers, with weights of zero: what a speed probe loads.

A header says everything that the time of a token depends on: shapes, formats, how many layers. So
a sparse file with the first layers of a header decodes as fast as those layers of the real model
would, before one byte of its weights is here. The vocabulary is left out but for its size. Norms
are one and routers are random, so that experts take turns as they do in earnest.
"""

import math
import random
import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from localchat.engine.metabytes import (
    ARRAY,
    NUMBER_BYTES,
    Entry,
    number_entry,
    packed,
    text_entry,
)
from localchat.engine.outline import Blank, Outline

FILLED_TOKENS: Final = 64
"""Only these tokens have an embedding; all others are zero."""

_ALIGNMENT_BYTES = 32

Quantize = Callable[[int, Sequence[float]], bytes]
"""Stores numbers in a format, given by its number in ggml, as rows of blocks."""


def write(path: Path, model: Outline, layers: int, quantize: Quantize) -> None:
    """Write the first `layers` layers of a model as a sparse file. Raises OSError."""
    kept = model.cut(layers)
    entries = tuple(_kept_entries(model, layers))
    offsets, end = [], 0
    for tensor in kept:
        offsets.append(end)
        end += _padded(tensor.size_bytes)
    head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(kept), len(entries)))
    for entry in entries:
        head += packed(entry.key) + struct.pack("<I", entry.kind) + entry.value
    for tensor, offset in zip(kept, offsets, strict=True):
        head += packed(tensor.name) + struct.pack("<I", len(tensor.shape))
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
        elif entry.key.startswith(arch) and entry.kind == ARRAY:
            entry = _shortened(entry, model.stated_layers, layers)
        if entry.key != f"{arch}vocab_size":
            kept.append(entry)
    vocabulary = number_entry(f"{arch}vocab_size", model.vocabulary)
    return [*kept, vocabulary, text_entry("tokenizer.ggml.model", "no_vocab")]


def _shortened(entry: Entry, stated_layers: int, layers: int) -> Entry:
    item, length = struct.unpack_from("<IQ", entry.value)
    if length != stated_layers or item not in NUMBER_BYTES:
        return entry
    kept = entry.value[12 : 12 + layers * NUMBER_BYTES[item]]
    return replace(entry, value=struct.pack("<IQ", item, layers) + kept)


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
