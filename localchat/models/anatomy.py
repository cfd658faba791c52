"""What the memory of a model follows from, read from its header: its shape, and where bytes lie.

What a layer is shows in the names of its tensors, how wide it is in the metadata; the rules that
are in neither are llama.cpp's (src/models, llama-hparams.cpp). An architecture that is not known
here is read as if it were a plain one, and its shape says that it is a guess.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from localchat.models import windows
from localchat.models.header import Array, Header, Tensor
from localchat.models.shapes import Attention, Experts, Latent, Recurrent, Shape
from localchat.models.weights import Weights

KNOWN = frozenset(
    """
    afmoe apertus arcee arctic baichuan bailingmoe bailingmoe2 bitnet bloom chatglm codeshell
    cohere2 cohere2moe command-r dbrx deci deepseek deepseek2 dots1 ernie4_5 ernie4_5-moe exaone
    exaone-moe exaone4 falcon falcon-h1 gemma gemma2 gemma3 gemma3n gemma4 glm4 glm4moe gpt-oss gpt2
    gptneox granite granitehybrid granitemoe grok hunyuan-dense hunyuan-moe internlm2 jais jamba
    lfm2 lfm2moe llama llama4 mamba mamba2 mellum minicpm minicpm3 minimax-m2 mistral3 mpt
    muse-glimmer nemotron nemotron_h nemotron_h_moe olmo olmo2 olmoe openelm orion phi2 phi3 phimoe
    plamo plamo2 plamo3 qwen qwen2 qwen2moe qwen2vl qwen3 qwen35 qwen35moe qwen3moe qwen3next
    qwen3vl qwen3vlmoe refact rwkv6 rwkv6qwen2 rwkv7 seed_oss smallthinker smollm3 stablelm
    starcoder starcoder2 xverse
    """.split()
)
"""Architectures whose layers are read as llama.cpp reads them."""

_LAYER = re.compile(r"^blk\.(\d+)\.(.+)$")
_EXPERTS = re.compile(r"^ffn_(?:up|down|gate|gate_up)_(?:ch)?exps\.")
_INPUT = re.compile(r"^(?:token_embd|token_types|position_embd|per_layer_token_embd)(?:_norm)?\.")
_RECURRENT = re.compile(r"^(?:ssm_|shortconv\.|time_mix_|attn_kda)")
_KEYS = re.compile(r"^(?:attn_k|attn_kv_a_mqa|attn_kv_b)\.")
_FUSED = re.compile(r"^attn_qkv\.")
_HEAD = "output.weight"
_EMBEDDING = "token_embd.weight"
MOST_LAYERS = 512
MOST_EXPERTS = 512
"""llama.cpp refuses models with more (llama-hparams.h)."""
_GEMMA3N_OWNERS = 20
"""llama.cpp's constant: so many layers of gemma3n own a KV cache."""


def shape(header: Header, *later_parts: Header) -> Shape:
    """Read the shape of a model; of one in several files, give the first header and all others."""
    names = _names(header, *later_parts)
    layers = _layers(header)
    attention, shared = _attention(header, names, layers)
    latent = _latent(header, names, layers)
    recurrent = _recurrent(header, names, layers)
    kept = {layer for group in attention for layer in group.indices} | set(shared)
    kept |= set(latent.indices if latent else ()) | set(recurrent.indices if recurrent else ())
    widths = _per_layer(header, "feed_forward_length", layers)
    return Shape(
        layers=layers,
        attention=attention,
        latent=latent,
        recurrent=recurrent,
        experts=_experts(header, names, layers),
        shared_kv_layers=len(shared),
        stateless_layers=layers - len(kept),
        embedding=_number(header, "embedding_length") or None,
        heads=max(_per_layer(header, "attention.head_count", layers), default=0) or None,
        feed_forward=max(widths, default=0) or None,
        feed_forward_by_layer=widths if len(set(widths)) > 1 else (),
        per_layer_embedding=_number(header, "embedding_length_per_layer_input"),
        vocabulary=_vocabulary(header, *later_parts),
        tied_embeddings=all(
            _HEAD != each.name for part in (header, *later_parts) for each in part.tensors
        ),
        is_guess=header.architecture not in KNOWN,
    )


def weights(header: Header, *later_parts: Header) -> Weights:
    """Add up where the bytes of a model lie; give the headers of all its parts."""
    layers = _layers(header)
    layer_bytes, expert_bytes = [0] * layers, [0] * layers
    formats: Counter[str] = Counter()
    embedding = head = largest = 0
    matrices: dict[str, Tensor] = {}
    for tensor in (tensor for part in (header, *later_parts) for tensor in part.tensors):
        if place := _LAYER.match(tensor.name):
            # Layers that only predict further ahead come last, and llama.cpp leaves them out.
            if int(place[1]) >= layers:
                continue
            layer_bytes[int(place[1])] += tensor.size_bytes
            if _EXPERTS.match(place[2]):
                expert_bytes[int(place[1])] += tensor.size_bytes
            if len(tensor.shape) > 1:
                formats[tensor.type.name] += tensor.size_bytes
                largest = max(largest, tensor.size_bytes)
        elif _INPUT.match(tensor.name):
            embedding += tensor.size_bytes
        else:
            head += tensor.size_bytes
        if tensor.name in (_EMBEDDING, _HEAD):
            matrices[tensor.name] = tensor
    tied = _HEAD not in matrices
    matrix = matrices.get(_EMBEDDING if tied else _HEAD)
    copy_bytes = matrix.size_bytes if matrix and tied else 0
    return Weights(
        embedding_bytes=embedding,
        output_bytes=head + copy_bytes,
        tied=tied,
        layers_bytes=tuple(layer_bytes),
        experts_bytes=tuple(expert_bytes),
        head_norm_bytes=head if tied else 0,
        head_format=matrix.type.name if matrix else "",
        formats=tuple(formats.items()),
        largest_bytes=largest,
    )


def _attention(
    header: Header, names: Mapping[int, list[str]], layers: int
) -> tuple[tuple[Attention, ...], tuple[int, ...]]:
    """The layers that own a KV cache, and those that read another's."""
    with_keys = tuple(layer for layer in range(layers) if _has_keys(names[layer]))
    if _number(header, "attention.key_length_mla"):
        return (), ()
    owners = layers
    if header.architecture == "gemma3n":
        owners = _GEMMA3N_OWNERS
    owners -= (
        _number(header, "attention.shared_kv_layers") if header.architecture == "gemma4" else 0
    )
    groups: dict[tuple[int, int, int, int | None], list[int]] = defaultdict(list)
    for layer in with_keys:
        if layer < owners:
            groups[_cache(header, layer, layers)].append(layer)
    shared = tuple(range(owners, layers))
    made = (Attention(len(indices), *cache, tuple(indices)) for cache, indices in groups.items())
    return tuple(made), shared


def _cache(header: Header, layer: int, layers: int) -> tuple[int, int, int, int | None]:
    """Heads with keys, numbers in a key and a value, and the window of a layer."""
    heads = _per_layer(header, "attention.head_count", layers)
    kv_heads = _per_layer(header, "attention.head_count_kv", layers) or heads
    most = max(heads, default=0)
    default = _number(header, "embedding_length") // most if most else 0
    window = windows.windows(header, layers)[layer]
    end = "_swa" if window else ""
    dims = [
        _number(header, f"attention.{name}_length{end}")
        or _number(header, f"attention.{name}_length")
        or default
        for name in ("key", "value")
    ]
    return kv_heads[layer] if kv_heads else 0, dims[0], dims[1], window


def _latent(header: Header, names: Mapping[int, list[str]], layers: int) -> Latent | None:
    key_dims = _number(header, "attention.key_length_mla")
    if not key_dims:
        return None
    rank = _number(header, "attention.kv_lora_rank")
    rope = max(0, _number(header, "attention.key_length") - rank)
    indices = tuple(layer for layer in range(layers) if _has_keys(names[layer]))
    return Latent(
        layers=len(indices),
        rank=rank,
        rope_dims=rope,
        query_rank=_number(header, "attention.q_lora_rank") or None,
        head_dims=key_dims - rope,
        indices=indices,
    )


def _recurrent(header: Header, names: Mapping[int, list[str]], layers: int) -> Recurrent | None:
    """The state of a layer by llama_hparams::n_embd_r and n_embd_s."""
    indices = tuple(
        layer for layer in range(layers) if any(_RECURRENT.match(name) for name in names[layer])
    )
    if not indices:
        return None
    width = _number(header, "embedding_length")
    kernel = _number(header, "ssm.conv_kernel") or 1
    if head := _number(header, "wkv.head_size"):
        shifts = _number(header, "token_shift_count") or 2
        return Recurrent(len(indices), width, 0, head, shifts + 1, indices)
    if cached := _number(header, "shortconv.l_cache"):
        return Recurrent(len(indices), width, 0, 0, cached, indices)
    if head := _number(header, "kda.head_dim"):
        heads = max(_per_layer(header, "attention.head_count", layers), default=0)
        return Recurrent(len(indices), heads * head, heads, head, kernel, indices)
    return Recurrent(
        layers=len(indices),
        inner=_number(header, "ssm.inner_size"),
        groups=_number(header, "ssm.group_count"),
        state=_number(header, "ssm.state_size"),
        kernel=kernel,
        indices=indices,
    )


def _experts(header: Header, names: Mapping[int, list[str]], layers: int) -> Experts | None:
    count = _number(header, "expert_count")
    indices = tuple(
        layer for layer in range(layers) if any(_EXPERTS.match(name) for name in names[layer])
    )
    if not count or not indices:
        return None
    width = _number(header, "expert_feed_forward_length")
    shared = _number(header, "expert_shared_feed_forward_length")
    return Experts(
        count=count,
        used=min(_number(header, "expert_used_count"), MOST_EXPERTS),
        feed_forward=width or _number(header, "feed_forward_length"),
        shared_feed_forward=shared or _number(header, "expert_shared_count") * width or None,
        dense_layers=indices[0],
        dense_feed_forward=_number(header, "feed_forward_length") or None,
        indices=indices,
    )


def _has_keys(names: Sequence[str]) -> bool:
    """Whether a layer attends: the delta nets of qwen35 have a fused matrix too, but a state."""
    if any(_KEYS.match(name) for name in names):
        return True
    recurrent = any(_RECURRENT.match(name) for name in names)
    return not recurrent and any(_FUSED.match(name) for name in names)


def _vocabulary(header: Header, *later_parts: Header) -> int | None:
    for tensor in (tensor for part in (header, *later_parts) for tensor in part.tensors):
        if tensor.name == _EMBEDDING and len(tensor.shape) > 1:
            return tensor.shape[1]
    return None


def _names(*parts: Header) -> Mapping[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for tensor in (tensor for part in parts for tensor in part.tensors):
        if place := _LAYER.match(tensor.name):
            names[int(place[1])].append(place[2])
    return names


def _layers(header: Header) -> int:
    """How many layers run: those that only predict further ahead are left out."""
    running = header.layers - _number(header, "nextn_predict_layers")
    return max(0, min(running, MOST_LAYERS))


def _number(header: Header, key: str) -> int:
    return max(0, header.number(f"{header.architecture}.{key}"))


def _per_layer(header: Header, key: str, layers: int) -> tuple[int, ...]:
    """A number for each layer, which a header says once or as a list; empty when it does not."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(value, Array):
        numbers = tuple(max(0, each) if isinstance(each, int) else 0 for each in value.values or ())
        return (numbers + (0,) * layers)[:layers]
    return (_number(header, key),) * layers if _number(header, key) else ()
