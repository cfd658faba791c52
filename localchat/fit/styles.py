"""How architectures compute their layers, where it matters for memory.

Facts of llama.cpp's src/models. An architecture that is not listed computes as Llama does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

State = Literal["state space", "delta net", "short convolution", "linear attention"]


@dataclass(frozen=True, slots=True)
class Style:
    """How an architecture computes its layers."""

    has_gate: bool = True
    """The feed-forward has two halves of which one gates the other."""
    fused_gate: bool = False
    """Both halves come from one product."""
    fused_keys: bool = False
    """Queries, keys and values come from one product."""
    gated_attention: bool = False
    """The queries' product also makes a gate for what attention returns."""
    value_norms: bool = False
    ropes: bool = True
    """Queries and keys are turned by their positions."""
    positions: int = 1
    """How many a token has: more than one where pictures could stand between the words."""
    pre_norm: bool = True
    parallel: bool = False
    """Attention and feed-forward read the same norm."""
    residual_first: bool = False
    """The sum after the feed-forward stands in the place of what went in, not of what came out."""
    mixer_residual_first: bool = False
    """The same for the sum after attention or a state."""
    state: State = "state space"
    """What a recurrent layer is."""
    repeats_keys: bool = False
    """The delta net's keys are repeated for each of its heads."""
    copies_head: bool = False
    """A matrix that serves at both ends is held twice even in main memory."""
    streams: int = 1
    """Several versions of the text are kept of which one is worked on (AltUp)."""


_PLAIN: Final = Style()
_UNGATED: Final = Style(has_gate=False)
_PARALLEL: Final = Style(parallel=True)
_OLD: Final = Style(has_gate=False, fused_keys=True, ropes=False)
_AFTER: Final = Style(pre_norm=False)
_CONVOLUTION: Final = Style(
    residual_first=True, mixer_residual_first=True, state="short convolution"
)
_DELTA: Final = Style(gated_attention=True, positions=4, state="delta net")
_NO_ROPE: Final = Style(ropes=False)
_NEMOTRON_H: Final = Style(has_gate=False, ropes=False)
_PICTURES: Final = Style(positions=4)
_LINEAR: Final = Style(state="linear attention")

_STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "arwkv7": _LINEAR,
        "bloom": _OLD,
        "codeshell": _UNGATED,
        "cohere2": _PARALLEL,
        "cohere2moe": _PARALLEL,
        "command-r": _PARALLEL,
        "exaone4": _AFTER,
        "falcon": Style(has_gate=False, fused_keys=True, parallel=True),
        "gemma3n": Style(value_norms=True, copies_head=True, streams=4),
        "gemma4": Style(value_norms=True, copies_head=True),
        "glm4": Style(fused_gate=True),
        "gpt2": _OLD,
        "gptneox": Style(has_gate=False, fused_keys=True),
        "granitehybrid": _NO_ROPE,
        "jamba": _NO_ROPE,
        "kimi-k3": _LINEAR,
        "kimi-linear": _LINEAR,
        "lfm2": _CONVOLUTION,
        "lfm2moe": _CONVOLUTION,
        "minimax-01": _LINEAR,
        "mpt": _OLD,
        "nemotron": _UNGATED,
        "nemotron_h": _NEMOTRON_H,
        "nemotron_h_moe": _NEMOTRON_H,
        "olmo2": _AFTER,
        "phi2": Style(has_gate=False, fused_keys=True, parallel=True),
        "phi3": Style(fused_keys=True, fused_gate=True, residual_first=True),
        "qwen2vl": _PICTURES,
        "qwen35": _DELTA,
        "qwen35moe": _DELTA,
        "qwen3next": Style(gated_attention=True, state="delta net", repeats_keys=True),
        "qwen3vl": _PICTURES,
        "qwen3vlmoe": _PICTURES,
        "rwkv6": _LINEAR,
        "rwkv6qwen2": _LINEAR,
        "rwkv7": _LINEAR,
        "starcoder2": _UNGATED,
    }
)


def of(architecture: str) -> Style:
    """Return the style of an architecture, Llama's when nothing else is known."""
    return _STYLES.get(architecture, _PLAIN)
