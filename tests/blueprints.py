"""The tensors and metadata of a model of any size, for each kind of architecture.

Names and shapes follow llama.cpp's src/models. Knows nothing of files or of weights' types.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests import model_parts
from tests.gguf_files import Tensor
from tests.model_parts import Size

Blueprint = tuple[Mapping[str, Any], list[Tensor]]
"""Metadata, its keys without the architecture in front, and tensors."""
Builder = Callable[[Size], Blueprint]


def _dense(*, bias: bool = False, head_norms: bool = False) -> Builder:
    """llama, qwen2 (biases) and qwen3 (a norm for each head)."""

    def build(size: Size) -> Blueprint:
        parts = model_parts.norms(size, "attn_norm", "ffn_norm") | model_parts.feed_forward(size)
        parts |= model_parts.attention(size, bias=bias, head_norms=head_norms)
        layers = [
            each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
        ]
        return model_parts.metadata(size), model_parts.ends(size) + layers

    return build


def _per_layer_heads(size: Size) -> Blueprint:
    """deci: heads and feed-forward differ by layer, and some layers have no attention at all."""
    kv_heads = [(size.kv_heads, 0, 1)[layer % 3] for layer in range(size.layers)]
    heads = [size.heads if kv else 0 for kv in kv_heads]
    widths = [size.feed_forward // (1 + layer % 2) for layer in range(size.layers)]
    tensors = model_parts.ends(size)
    for layer, (kv, width) in enumerate(zip(kv_heads, widths, strict=True)):
        parts = model_parts.norms(size, "ffn_norm") | model_parts.feed_forward(size, width)
        if kv:
            keys = (size.width, kv * size.head_dims)
            parts |= (
                model_parts.attention(size)
                | model_parts.norms(size, "attn_norm")
                | {"attn_k": keys, "attn_v": keys}
            )
        tensors += model_parts.layer_tensors(layer, parts)
    more = {"attention__head_count": heads, "attention__head_count_kv": kv_heads}
    return model_parts.metadata(size, feed_forward_length=widths, **more), tensors


def _phi3(size: Size) -> Blueprint:
    rows = (size.heads + 2 * size.kv_heads) * size.head_dims
    parts = model_parts.norms(size, "attn_norm", "ffn_norm") | {
        "attn_qkv": (size.width, rows),
        "attn_output": (size.width, size.width),
        "ffn_up": (size.width, 2 * size.feed_forward),
        "ffn_down": (size.feed_forward, size.width),
    }
    layers = [
        each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
    ]
    return model_parts.metadata(size), model_parts.ends(size) + layers


def _gemma(head_norms: bool) -> Builder:
    """gemma2, and gemma3 with a norm for each head; which layers see a window is the engine's."""

    def build(size: Size) -> Blueprint:
        parts = model_parts.attention(size, head_norms=head_norms) | model_parts.feed_forward(size)
        parts |= model_parts.norms(
            size, "attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"
        )
        layers = [
            each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
        ]
        return model_parts.metadata(
            size, attention__sliding_window=size.window_tokens
        ), model_parts.ends(size) + layers

    return build


_ALTUP, _ALTUP_WIDTH, _LAUREL_RANK = 4, 256, 64
"""Constants of gemma3n in llama.cpp (llama-hparams.h)."""


def _gemma3n(size: Size) -> Blueprint:
    """The first 20 layers own a KV cache; the others read it (a constant in llama.cpp)."""
    per_layer = _ALTUP_WIDTH * size.layers
    tensors: list[Tensor] = [
        *model_parts.ends(size),
        ("altup_proj.weight", (size.width, size.width, _ALTUP - 1)),
        ("altup_unembd_proj.weight", (size.width, size.width, _ALTUP - 1)),
        ("per_layer_token_embd.weight", (per_layer, size.vocabulary)),
        ("per_layer_model_proj.weight", (size.width, per_layer)),
        ("per_layer_proj_norm.weight", (_ALTUP_WIDTH,)),
    ]
    parts = model_parts.attention(size, head_norms=True) | model_parts.feed_forward(size)
    parts |= model_parts.norms(
        size, "attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"
    )
    parts |= model_parts.norms(size, "post_norm", "altup_correct_scale", "altup_router_norm")
    parts |= model_parts.norms(size, "laurel_post_norm") | {
        "inp_gate": (size.width, _ALTUP_WIDTH),
        "proj": (_ALTUP_WIDTH, size.width),
        "altup_correct_coef": (_ALTUP, _ALTUP),
        "altup_predict_coef": (_ALTUP, _ALTUP * _ALTUP),
        "altup_router": (size.width, _ALTUP),
        "laurel_l": (size.width, _LAUREL_RANK),
        "laurel_r": (_LAUREL_RANK, size.width),
    }
    tensors += [
        each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
    ]
    more = {"embedding_length_per_layer_input": _ALTUP_WIDTH, "altup.num_inputs": _ALTUP}
    shared = {"attention.shared_kv_layers": max(size.layers - 20, 0)}
    return model_parts.metadata(size) | model_parts.window_metadata(size) | more | shared, tensors


def _gemma4(size: Size) -> Blueprint:
    """Wider heads where all is seen, shared KV at the end, embeddings for each layer."""
    owners = size.layers - size.shared_kv_layers
    widths = [size.feed_forward * (1 + (layer >= owners)) for layer in range(size.layers)]
    tensors = [*model_parts.ends(size), ("rope_freqs.weight", (size.head_dims // 2,))]
    if size.per_layer_width:
        rows = size.per_layer_width * size.layers
        tensors.append(("per_layer_token_embd.weight", (rows, size.vocabulary)))
        tensors.append(("per_layer_model_proj.weight", (size.width, rows)))
        tensors.append(("per_layer_proj_norm.weight", (size.per_layer_width,)))
    for layer, width in enumerate(widths):
        head = size.head_dims if model_parts.sees_all(size, layer) else size.window_head_dims
        parts = model_parts.attention(size, head_norms=True, head=head) | model_parts.feed_forward(
            size, width
        )
        parts |= model_parts.norms(
            size, "attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"
        )
        parts["layer_output_scale"] = (1,)
        if layer >= owners:
            parts = {name: parts[name] for name in parts if name not in _OWN_KEYS}
        if size.experts:
            parts |= model_parts.experts(size) | {"ffn_gate_inp.scale": (size.width,)}
            parts |= model_parts.norms(size, "pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2")
        if size.per_layer_width:
            inward = (size.width, size.per_layer_width)
            parts |= {"inp_gate": inward, "proj": inward[::-1]} | model_parts.norms(
                size, "post_norm"
            )
        tensors += model_parts.layer_tensors(layer, parts)
    return _gemma4_metadata(size, widths), tensors


def _gemma4_metadata(size: Size, widths: list[int]) -> dict[str, Any]:
    keys = model_parts.metadata(
        size,
        feed_forward_length=widths,
        embedding_length_per_layer_input=size.per_layer_width,
        attention__shared_kv_layers=size.shared_kv_layers,
        attention__key_length_swa=size.window_head_dims,
        attention__value_length_swa=size.window_head_dims,
        rope__dimension_count_swa=size.window_head_dims,
    )
    keys |= model_parts.expert_metadata(size) if size.experts else {}
    return keys | model_parts.window_metadata(size)


_OWN_KEYS = ("attn_k", "attn_v", "attn_k_norm")


def _gpt_oss(size: Size) -> Blueprint:
    parts = model_parts.norms(size, "attn_norm", "post_attention_norm") | model_parts.attention(
        size, bias=True
    )
    parts |= model_parts.experts(size) | {
        "attn_output.bias": (size.width,),
        "attn_sinks": (size.heads,),
        "ffn_gate_inp.bias": (size.experts,),
        "ffn_gate_exps.bias": (size.expert_feed_forward, size.experts),
        "ffn_up_exps.bias": (size.expert_feed_forward, size.experts),
        "ffn_down_exps.bias": (size.width, size.experts),
    }
    layers = [
        each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
    ]
    keys = model_parts.metadata(
        size, attention__sliding_window=size.window_tokens
    ) | model_parts.expert_metadata(size)
    return keys, model_parts.ends(size) + layers


def _deepseek2(size: Size) -> Blueprint:
    """Latent attention: keys and values of all heads share one compressed row."""
    rank, rope, plain = size.latent_rank, size.rope_dims, size.head_dims
    queries = size.heads * (plain + rope)
    attention: dict[str, tuple[int, ...]] = {
        "attn_kv_a_norm": (rank,),
        "attn_kv_a_mqa": (size.width, rank + rope),
        "attn_k_b": (plain, rank, size.heads),
        "attn_v_b": (rank, plain, size.heads),
        "attn_output": (size.heads * plain, size.width),
        "attn_q": (size.width, queries),
    }
    if size.query_rank:
        attention.pop("attn_q")
        attention |= {
            "attn_q_a": (size.width, size.query_rank),
            "attn_q_a_norm": (size.query_rank,),
        }
        attention |= {"attn_q_b": (size.query_rank, queries)}
    tensors = model_parts.ends(size)
    for layer in range(size.layers):
        inner = (
            model_parts.feed_forward(size)
            if layer < size.dense_layers
            else model_parts.experts(size)
        )
        tensors += model_parts.layer_tensors(
            layer, model_parts.norms(size, "attn_norm", "ffn_norm") | attention | inner
        )
    return _latent_metadata(size), tensors


def _latent_metadata(size: Size) -> dict[str, Any]:
    rank, rope, plain = size.latent_rank, size.rope_dims, size.head_dims
    keys = model_parts.metadata(
        size,
        attention__head_count_kv=1,
        attention__key_length=rank + rope,
        attention__value_length=rank,
        attention__key_length_mla=plain + rope,
        attention__value_length_mla=plain,
        attention__kv_lora_rank=rank,
        rope__dimension_count=rope,
        leading_dense_block_count=size.dense_layers,
        expert_shared_count=size.shared_feed_forward // size.expert_feed_forward,
        expert_weights_scale=1.0,
    )
    keys |= {"attention.q_lora_rank": size.query_rank} if size.query_rank else {}
    return keys | model_parts.expert_metadata(size)


def _qwen3moe(size: Size) -> Blueprint:
    parts = model_parts.norms(size, "attn_norm", "ffn_norm") | model_parts.attention(
        size, head_norms=True
    )
    parts |= model_parts.experts(size)
    layers = [
        each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
    ]
    return model_parts.metadata(size) | model_parts.expert_metadata(size), model_parts.ends(
        size
    ) + layers


def _qwen_hybrid(fused_gates: bool) -> Builder:
    """qwen35, and qwen3next and qwen35moe with experts: three delta nets, then attention."""

    def build(size: Size) -> Blueprint:
        inner = model_parts.feed_forward(size)
        if size.experts:
            inner = model_parts.experts(size) | {"ffn_gate_inp_shexp": (size.width,)}
        tensors = model_parts.ends(size)
        for layer in range(size.layers):
            mixer = model_parts.delta_net(size, fused_gates)
            if model_parts.sees_all(size, layer):
                mixer = model_parts.attention(size, head_norms=True, gated=True)
            tensors += model_parts.layer_tensors(
                layer, model_parts.norms(size, "attn_norm", "post_attention_norm") | mixer
            )
            tensors += model_parts.layer_tensors(layer, inner)
        keys = model_parts.metadata(
            size, full_attention_interval=size.interval
        ) | model_parts.state_metadata(size)
        if size.experts:
            keys |= model_parts.expert_metadata(size)
            keys["expert_shared_feed_forward_length"] = size.shared_feed_forward
        quarter = size.head_dims // 4
        sections = [quarter // 4, quarter // 4, quarter // 2 - 2 * (quarter // 4), 0]
        rope = {"rope.dimension_count": quarter, "rope.dimension_sections": sections}
        return keys | rope, tensors

    return build


def _mamba2_model(size: Size) -> Blueprint:
    parts = model_parts.norms(size, "attn_norm") | model_parts.mamba2(size)
    layers = [
        each for layer in range(size.layers) for each in model_parts.layer_tensors(layer, parts)
    ]
    keys: dict[str, Any] = {
        "block_count": size.layers,
        "context_length": size.context_tokens,
        "embedding_length": size.width,
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "attention.layer_norm_rms_epsilon": 1e-5,
    }
    return keys | model_parts.state_metadata(size), model_parts.ends(size) + layers


def _granite_hybrid(size: Size) -> Blueprint:
    inner = model_parts.experts(size) if size.experts else model_parts.feed_forward(size)
    tensors = model_parts.ends(size)
    for layer in range(size.layers):
        mixer = (
            model_parts.attention(size)
            if model_parts.sees_all(size, layer)
            else model_parts.mamba2(size)
        )
        tensors += model_parts.layer_tensors(
            layer, model_parts.norms(size, "attn_norm", "ffn_norm") | mixer | inner
        )
    kv_heads = [size.kv_heads * model_parts.sees_all(size, layer) for layer in range(size.layers)]
    keys = model_parts.metadata(
        size, attention__head_count_kv=kv_heads
    ) | model_parts.state_metadata(size)
    if size.experts:
        keys |= model_parts.expert_metadata(size) | {
            "feed_forward_length": size.expert_feed_forward
        }
        keys["expert_shared_feed_forward_length"] = size.shared_feed_forward
    return keys, tensors


def _lfm2(size: Size) -> Blueprint:
    convolution: dict[str, tuple[int, ...]] = {
        "shortconv.conv": (size.kernel, size.width),
        "shortconv.in_proj": (size.width, 3 * size.width),
        "shortconv.out_proj": (size.width, size.width),
    }
    tensors = model_parts.ends(size, "token_embd_norm")
    for layer in range(size.layers):
        mixer = (
            model_parts.attention(size, head_norms=True)
            if model_parts.sees_all(size, layer)
            else convolution
        )
        inner = model_parts.norms(size, "attn_norm", "ffn_norm") | model_parts.feed_forward(size)
        tensors += model_parts.layer_tensors(layer, mixer | inner)
    kv_heads = [size.kv_heads * model_parts.sees_all(size, layer) for layer in range(size.layers)]
    more = {"attention__head_count_kv": kv_heads, "shortconv__l_cache": size.kernel}
    return model_parts.metadata(size, **more), tensors


BUILDERS: Mapping[str, Builder] = {
    "llama": _dense(),
    "qwen2": _dense(bias=True),
    "qwen3": _dense(head_norms=True),
    "phi3": _phi3,
    "per-layer heads": _per_layer_heads,
    "gemma2": _gemma(head_norms=False),
    "gemma3": _gemma(head_norms=True),
    "gemma3n": _gemma3n,
    "gemma4": _gemma4,
    "gemma4 experts": _gemma4,
    "gpt-oss": _gpt_oss,
    "deepseek2": _deepseek2,
    "qwen3moe": _qwen3moe,
    "qwen35": _qwen_hybrid(fused_gates=False),
    "qwen3next": _qwen_hybrid(fused_gates=True),
    "mamba2": _mamba2_model,
    "granitehybrid": _granite_hybrid,
    "lfm2": _lfm2,
}
"""By the class's name in architectures.toml."""
