"""What each layer keeps of a conversation: KV cache and recurrent state, exactly.

Sizes are llama.cpp's (llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp) for
one conversation at a time, with sliding windows kept short. Knows nothing of devices.
"""

from collections.abc import Mapping
from types import MappingProxyType

from localchat.fit.graphs import Job
from localchat.fit.layers import Layer
from localchat.fit.params import EngineParams
from localchat.models import quants

TYPES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        form.name.lower(): (form.block_elements, form.block_bytes)
        for form in quants.TENSOR_TYPES.values()
    }
)
"""How many numbers a block of each type has, and how many bytes."""


def layer_bytes(layer: Layer, job: Job, params: EngineParams, widest_values: int) -> int:
    """Return what one layer keeps; `widest_values` is the most numbers in a layer's values.

    Without flash attention all layers keep as many as the widest (llama-kv-cache.cpp).
    """
    total = 0
    if layer.attention and not layer.shares_kv:
        group = layer.attention
        keys = row_bytes(params.kv_type_k, group.kv_heads * group.key_dims)
        width = group.kv_heads * group.value_dims if job.flash else widest_values
        total += job.cells(group.window_tokens) * (keys + row_bytes(params.kv_type_v, width))
    if layer.latent:
        row = row_bytes(params.kv_type_k, layer.latent.rank + layer.latent.rope_dims)
        total += job.context_tokens * row
    if layer.recurrent:
        total += layer.recurrent.state_bytes // layer.recurrent.layers
    return total


def row_bytes(kv_type: str, values: int) -> int:
    """Return what so many numbers take in a type of the KV cache."""
    elements, size = TYPES[kv_type]
    return values * size // elements


def is_quantized(kv_type: str) -> bool:
    """Say whether a type of the KV cache stores numbers in blocks."""
    return TYPES[kv_type][0] > 1
