"""What a backend's flash attention keeps beside its result, which ggml reserves with it.

Rules of ggml-metal-ops.cpp (ggml_metal_op_flash_attn_ext_extra_*) and ggml-cuda's fattn.cu: both
may copy the keys and values of one layer to F16. Knows nothing of graphs.
"""

from dataclasses import dataclass
from typing import Final

_F16_BYTES: Final = 2
_FLOAT_BYTES: Final = 4
_METAL_GROUPS: Final = 32
_METAL_TOKENS: Final = 32
_METAL_CELLS: Final = 64
_METAL_QUERIES: Final = 8


@dataclass(frozen=True, slots=True)
class Keys:
    """What attention reads of one layer's cache."""

    cells: int
    keys: int
    """Numbers in the keys of a token, all heads together."""
    values: int
    """The same of the values; 0 where they are a view of the keys."""
    heads: int
    value_dims: int
    """Numbers in what one head returns."""


def extra_bytes(backend: str, read: Keys, tokens: int, keys_are_f16: bool) -> int:
    """Return what is reserved beside the result of attention for a ubatch of `tokens`."""
    copy = read.cells * (read.keys + read.values) * _F16_BYTES
    if backend in ("cuda", "rocm"):
        return 0 if keys_are_f16 else copy
    if backend != "metal":
        return 0
    parts = min(tokens, _METAL_TOKENS) * read.heads * _METAL_GROUPS * (read.value_dims + 2)
    padding = _METAL_CELLS * ((read.keys + read.values) * _F16_BYTES + tokens * _F16_BYTES)
    blocks = -(-read.cells // _METAL_CELLS) * -(-tokens // _METAL_QUERIES)
    return copy + parts * _FLOAT_BYTES + padding + blocks
