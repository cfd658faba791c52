"""How a model is loaded: the one set of parameters that planning, dry runs and loading share.

Knows nothing of llama.cpp's structs: the engine translates.
"""

from dataclasses import dataclass
from typing import Final, Literal

CONTEXT_STEP_TOKENS: Final = 256
"""llama.cpp pads the context to this; asking for a multiple keeps its count and ours equal."""
OUTPUT_ROWS: Final = 1
"""Rows of logits kept: only the last token's are ever read (DESIGN D4)."""


@dataclass(frozen=True, slots=True)
class EngineParams:
    """How a model is loaded: one set of values for planning, dry runs and loading."""

    context_tokens: int = 0
    """0: what the model was trained for, at most 8,192. Rounded up to a multiple of 256."""
    batch_tokens: int = 512
    """The most tokens in one call of the engine; progress and Stop come between calls."""
    ubatch_tokens: int = 512
    threads: int = 0
    """Threads that decode; 0: performance cores within affinity mask and CPU quota."""
    gpu_layers: int = -1
    """-1: as many as the model has. The output head counts as one, and goes first."""
    experts_on_cpu: bool = False
    """Keep the routed experts of all layers in main memory, whatever `gpu_layers` says."""
    kv_type_k: str = "f16"
    kv_type_v: str = "f16"
    flash_attention: Literal["auto", "on", "off"] = "auto"
    mmap: bool | None = None
    """None: off while CPU weights are repacked (they would be held twice), on otherwise."""
    mlock: bool = False
    extra_buffers: bool = True
    """False is the safe mode: weights keep their layout, AMX and repacked kernels stay unused."""
    chat_template: str | None = None
    """The Jinja source to use in place of the model's own."""
