"""GGUF files written byte by byte, sound or not."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64 = 4, 5, 6, 7, 8, 9, 10
F32, Q4_0, Q4_K = 0, 2, 12


def string(text: str | bytes) -> bytes:
    """A GGUF string."""
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str | bytes, kind: int, raw: bytes) -> bytes:
    """A metadata entry with a value that is bytes already."""
    return string(key) + struct.pack("<I", kind) + raw


def text(key: str, value: str) -> bytes:
    """A metadata entry that is a text."""
    return entry(key, STRING, string(value))


def number(key: str, value: int) -> bytes:
    """A metadata entry that is a whole number."""
    return entry(key, UINT32, struct.pack("<I", value))


def array(key: str, kind: int, length: int, raw: bytes) -> bytes:
    """A metadata entry that is an array."""
    return entry(key, ARRAY, struct.pack("<IQ", kind, length) + raw)


def tensor(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    """A tensor's entry."""
    sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return string(name) + sizes + struct.pack("<IQ", kind, offset)


LLAMA = (
    text("general.architecture", "llama"),
    text("general.name", "Tiny"),
    number("general.file_type", 14),
    number("llama.context_length", 4096),
    number("llama.block_count", 2),
)
TENSORS = (tensor("a", (32, 4), F32, 0), tensor("b", (256, 2), Q4_K, 512))


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a file; every one can be spoilt."""

    metadata: Sequence[bytes] = LLAMA
    tensors: Sequence[bytes] = TENSORS
    magic: bytes = b"GGUF"
    version: int = 3
    n_metadata: int | None = None
    n_tensors: int | None = None
    data_bytes: int = 512 + 288
    alignment: int = 32

    def raw(self) -> bytes:
        """The file's bytes."""
        n_metadata = len(self.metadata) if self.n_metadata is None else self.n_metadata
        n_tensors = len(self.tensors) if self.n_tensors is None else self.n_tensors
        head = self.magic + struct.pack("<IQQ", self.version, n_tensors, n_metadata)
        head += b"".join(self.metadata) + b"".join(self.tensors)
        return head + bytes(-len(head) % self.alignment) + bytes(self.data_bytes)


def write(path: Path, **parts: Any) -> Path:
    """Write a file of these parts, and the sound ones for the rest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(Parts(**parts).raw())
    return path


def written_by_gguf(path: Path, metadata: Mapping[str, Any], n_words: int = 0) -> Path:
    """Write a file with the `gguf` package: two small tensors, and a vocabulary."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama")
    for key, value in metadata.items():
        if isinstance(value, str):
            writer.add_string(key, value)
        elif isinstance(value, float):
            writer.add_float32(key, value)
        elif isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_uint32(key, value)
    if n_words:
        writer.add_token_list([f"word{number}" for number in range(n_words)])
        writer.add_token_scores([0.0] * n_words)
        writer.add_token_merges([f"wo rd{number}" for number in range(n_words)])
    writer.add_tensor("token_embd.weight", np.zeros((8, 64), dtype=np.float32))
    writer.add_tensor("output.weight", np.zeros((8, 64), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
