"""What was measured on this machine: decode rates of probes, benchmarks and every chat.

The values and how they are kept: one JSON file for all machines and engine builds that share it,
bounded, the newest kept. Knows nothing of how rates are predicted from them.
"""

from dataclasses import dataclass
from typing import Literal

from localchat.fit.work import Work

Kind = Literal["chat", "bench", "probe"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """How long one token of decoding took, and what it made the devices do."""

    kind: Kind
    file: str
    """Which model file, as `identity` names it; of a probe, the header it was cut from."""
    format: str
    """The number format of most weights, such as "Q4_K"."""
    host: Work
    gpu: Work
    threads: int
    extra_buffers: bool
    kv_type: str
    token_seconds: float
    """Median or mean time of one token."""
    spread: float
    """How far repeated measurements lay apart: half of (largest - smallest) / middle."""
    prefill_tokens_per_second: float | None = None
