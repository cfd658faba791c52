"""What the memory of a model follows from, read from its header: its shape, and where bytes lie.

The rules of each architecture are llama.cpp's (src/models/*.cpp). One that is not known here is
read as if it were a plain transformer, and its shape says that it is a guess.
"""

import re
from collections import Counter
from collections.abc import Sequence

from localchat.models.header import Array, Header, Tensor
from localchat.models.shapes import Attention, Experts, Shape
from localchat.models.weights import Weights

_LAYER = re.compile(r"^blk\.(\d+)\.(.+)$")
_EXPERTS = re.compile(r"^ffn_(up|down|gate|gate_up)_(ch)?exps\.")
_INPUT = re.compile(r"^(token_embd|token_types|position_embd|per_layer_token_embd)(_norm)?\.")
_HEAD = "output.weight"
_EMBEDDING = "token_embd.weight"


def shape(header: Header, *later_parts: Header) -> Shape:
    """Read the shape of a model; of one in several files, give the first header and all others."""
    tensors = {tensor.name: tensor for each in (header, *later_parts) for tensor in each.tensors}
    layers = header.layers
    embedding = _number(header, "embedding_length")
    heads = _per_layer(header, "attention.head_count", layers)
    kv_heads = _per_layer(header, "attention.head_count_kv", layers) or heads
    most = max(heads, default=0)
    default = embedding // most if most else 0
    key_dims = _number(header, "attention.key_length") or default
    value_dims = _number(header, "attention.value_length") or default
    groups = Counter(kv_heads)
    attention = tuple(
        Attention(count, each, key_dims, value_dims, None, _indices(kv_heads, each))
        for each, count in groups.items()
        if each
    )
    matrix = tensors.get(_EMBEDDING)
    return Shape(
        layers=layers,
        attention=attention,
        experts=_experts(header),
        stateless_layers=groups[0],
        embedding=embedding or None,
        heads=max(heads, default=0) or None,
        feed_forward=max(_per_layer(header, "feed_forward_length", layers), default=0) or None,
        vocabulary=matrix.shape[-1] if matrix and matrix.shape else None,
        tied_embeddings=_HEAD not in tensors,
    )


def weights(header: Header, *later_parts: Header) -> Weights:
    """Add up where the bytes of a model lie; give the headers of all its parts."""
    tensors = [tensor for each in (header, *later_parts) for tensor in each.tensors]
    layers = header.layers
    layer_bytes, expert_bytes = [0] * layers, [0] * layers
    embedding = head = 0
    for tensor in tensors:
        if (place := _LAYER.match(tensor.name)) and int(place[1]) < layers:
            layer_bytes[int(place[1])] += tensor.size_bytes
            if _EXPERTS.match(place[2]):
                expert_bytes[int(place[1])] += tensor.size_bytes
        elif _INPUT.match(tensor.name):
            embedding += tensor.size_bytes
        else:
            head += tensor.size_bytes
    matrix = _named(tensors, _EMBEDDING)
    tied = _named(tensors, _HEAD) is None
    copy = matrix.size_bytes if matrix and tied else 0
    return Weights(
        embedding_bytes=embedding,
        output_bytes=head + copy,
        tied=tied,
        layers_bytes=tuple(layer_bytes),
        experts_bytes=tuple(expert_bytes),
        head_norm_bytes=head if tied else 0,
    )


def _named(tensors: Sequence[Tensor], name: str) -> Tensor | None:
    return next((tensor for tensor in tensors if tensor.name == name), None)


def _experts(header: Header) -> Experts | None:
    count = _number(header, "expert_count")
    if not count:
        return None
    return Experts(
        count=count,
        used=_number(header, "expert_used_count"),
        feed_forward=_number(header, "expert_feed_forward_length")
        or _number(header, "feed_forward_length"),
        shared_feed_forward=_number(header, "expert_shared_feed_forward_length") or None,
        dense_layers=_number(header, "leading_dense_block_count"),
    )


def _number(header: Header, key: str) -> int:
    return header.number(f"{header.architecture}.{key}")


def _per_layer(header: Header, key: str, layers: int) -> tuple[int, ...]:
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, Array):
        numbers = tuple(int(each) for each in value.values or ())
        return (numbers + (0,) * layers)[:layers]
    return (_number(header, key),) * layers if _number(header, key) else ()


def _indices(values: Sequence[int], wanted: int) -> tuple[int, ...]:
    return tuple(index for index, value in enumerate(values) if value == wanted)
