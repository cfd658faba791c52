"""The parts that models are put together from: ends, norms, attention, experts, states.

Names and shapes of tensors follow llama.cpp's src/models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.gguf_files import Tensor


@dataclass(frozen=True, slots=True)
class Size:
    """The sizes of a model; 0 where its class has no such thing."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_dims: int = 32
    feed_forward: int = 256
    vocabulary: int = 320
    context_tokens: int = 8192
    tied: bool = True
    """One matrix at both ends."""
    window_tokens: int = 0
    interval: int = 0
    """Every so many layers sees the whole context; the others a window, or none but a state."""
    window_head_dims: int = 0
    """Width of a head where a window is seen, if another."""
    experts: int = 0
    experts_used: int = 0
    expert_feed_forward: int = 0
    shared_feed_forward: int = 0
    dense_layers: int = 0
    state: int = 0
    groups: int = 0
    state_heads: int = 0
    inner: int = 0
    kernel: int = 0
    latent_rank: int = 0
    query_rank: int = 0
    rope_dims: int = 0
    shared_kv_layers: int = 0
    per_layer_width: int = 0


def metadata(size: Size, **more: Any) -> dict[str, Any]:
    """The keys that every architecture with attention has; `more` with __ for a point."""
    keys = {
        "block_count": size.layers,
        "context_length": size.context_tokens,
        "embedding_length": size.width,
        "feed_forward_length": size.feed_forward,
        "attention.head_count": size.heads,
        "attention.head_count_kv": size.kv_heads,
        "attention.key_length": size.head_dims,
        "attention.value_length": size.head_dims,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.freq_base": 10_000.0,
        "rope.dimension_count": size.head_dims,
    }
    return keys | {key.replace("__", "."): value for key, value in more.items()}


def ends(size: Size, norm: str = "output_norm") -> list[Tensor]:
    """The input embedding, the last norm and, unless tied, the output head."""
    matrix = (size.width, size.vocabulary)
    tensors: list[Tensor] = [("token_embd.weight", matrix), (f"{norm}.weight", (size.width,))]
    return tensors if size.tied else [*tensors, ("output.weight", matrix)]


def layer_tensors(layer: int, parts: Mapping[str, tuple[int, ...]]) -> list[Tensor]:
    """A layer's tensors; names without an ending are weights."""
    tensors = []
    for name, shape in parts.items():
        full = name if name.endswith((".bias", ".scale", "ssm_a", "ssm_d")) else f"{name}.weight"
        tensors.append((f"blk.{layer}.{full}", shape))
    return tensors


def attention(
    size: Size, *, bias: bool = False, head_norms: bool = False, gated: bool = False, head: int = 0
) -> dict[str, tuple[int, ...]]:
    """Attention with grouped queries; `gated` gives each head a gate of its own."""
    head = head or size.head_dims
    queries, keys = size.heads * head, size.kv_heads * head
    parts: dict[str, tuple[int, ...]] = {
        "attn_q": (size.width, queries * (2 if gated else 1)),
        "attn_k": (size.width, keys),
        "attn_v": (size.width, keys),
        "attn_output": (queries, size.width),
    }
    if bias:
        parts |= {"attn_q.bias": (queries,), "attn_k.bias": (keys,), "attn_v.bias": (keys,)}
    if head_norms:
        parts |= {"attn_q_norm": (head,), "attn_k_norm": (head,)}
    return parts


def norms(size: Size, *names: str) -> dict[str, tuple[int, ...]]:
    """Norms over the width."""
    return {name: (size.width,) for name in names}


def feed_forward(size: Size, width: int = 0) -> dict[str, tuple[int, ...]]:
    """A gated feed-forward of the model's width or of another."""
    width = width or size.feed_forward
    inward, outward = (size.width, width), (width, size.width)
    return {"ffn_gate": inward, "ffn_up": inward, "ffn_down": outward}


def experts(size: Size) -> dict[str, tuple[int, ...]]:
    """A router, routed experts and, where there is one, the shared expert."""
    inward = (size.width, size.expert_feed_forward, size.experts)
    parts: dict[str, tuple[int, ...]] = {
        "ffn_gate_inp": (size.width, size.experts),
        "ffn_gate_exps": inward,
        "ffn_up_exps": inward,
        "ffn_down_exps": (size.expert_feed_forward, size.width, size.experts),
    }
    if size.shared_feed_forward:
        inner = (size.width, size.shared_feed_forward)
        parts |= {"ffn_gate_shexp": inner, "ffn_up_shexp": inner, "ffn_down_shexp": inner[::-1]}
    return parts


def expert_metadata(size: Size) -> dict[str, Any]:
    """The keys of a mixture of experts."""
    return {
        "expert_count": size.experts,
        "expert_used_count": size.experts_used,
        "expert_feed_forward_length": size.expert_feed_forward,
    }


def mamba2(size: Size) -> dict[str, tuple[int, ...]]:
    """The state-space mixer of Mamba 2."""
    mixed = size.inner + 2 * size.groups * size.state
    return {
        "ssm_in": (size.width, size.inner + mixed + size.state_heads),
        "ssm_conv1d": (size.kernel, mixed),
        "ssm_conv1d.bias": (mixed,),
        "ssm_dt.bias": (size.state_heads,),
        "ssm_a": (1, size.state_heads),
        "ssm_d": (1, size.state_heads),
        "ssm_norm": (size.inner // size.groups, size.groups),
        "ssm_out": (size.inner, size.width),
    }


def delta_net(size: Size, fused_gates: bool) -> dict[str, tuple[int, ...]]:
    """The gated delta net of Qwen, a recurrent mixer."""
    values, keys = size.state * size.state_heads, size.state * size.groups
    gates: dict[str, tuple[int, ...]] = {"ssm_ba": (size.width, 2 * size.state_heads)}
    if not fused_gates:
        gates = dict.fromkeys(("ssm_beta", "ssm_alpha"), (size.width, size.state_heads))
    return gates | {
        "attn_qkv": (size.width, 2 * keys + values),
        "attn_gate": (size.width, values),
        "ssm_conv1d": (size.kernel, 2 * keys + values),
        "ssm_dt.bias": (size.state_heads,),
        "ssm_a": (size.state_heads,),
        "ssm_norm": (size.state,),
        "ssm_out": (values, size.width),
    }


def state_metadata(size: Size) -> dict[str, Any]:
    """The keys of recurrent state."""
    return {
        "ssm.conv_kernel": size.kernel,
        "ssm.inner_size": size.inner,
        "ssm.state_size": size.state,
        "ssm.time_step_rank": size.state_heads,
        "ssm.group_count": size.groups,
    }


def sees_all(size: Size, layer: int) -> bool:
    """Whether a layer is one of those that see the whole context."""
    return not size.interval or (layer + 1) % size.interval == 0


def window_metadata(size: Size) -> dict[str, Any]:
    """The keys of a sliding window, layer by layer."""
    return {
        "attention.sliding_window": size.window_tokens,
        "attention.sliding_window_pattern": [
            not sees_all(size, layer) for layer in range(size.layers)
        ],
    }
