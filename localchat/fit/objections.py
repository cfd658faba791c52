"""Why a choice is shown but never recommended, though it may fit."""

from localchat.fit import ladder
from localchat.fit.candidate import Candidate
from localchat.fit.quality import Quality
from localchat.machine.hardware import Hardware

_FOUR_BIT_KV = frozenset({"q4_0", "q4_1", "iq4_nl"})
_FOUR_BIT_KV_PARAMETERS = 8e9
_FOUR_BIT_KV_BACKENDS = frozenset({"cuda", "vulkan"})


def of(
    candidate: Candidate,
    kv_types: tuple[str, str],
    context_tokens: int,
    quality: Quality,
    hardware: Hardware,
) -> str:
    """Return the first objection to a choice, in one sentence; empty when there is none."""
    if quality.is_below_floor:
        return quality.floor_reason
    if is_slow_format(candidate, hardware):
        return "Processors are slow with such a format; it is meant for GPUs."
    limit = ladder.limit_tokens(candidate.trained_context_tokens)
    if context_tokens > limit:
        return f"The model was trained for {limit:,} tokens, not for more."
    return _kv_objection(candidate, kv_types, hardware)


def is_slow_format(candidate: Candidate, hardware: Hardware) -> bool:
    """Say whether the format is one of IQ1 to IQ3, and no GPU is there to run it."""
    quant = candidate.quant
    if quant is None or hardware.gpus:
        return False
    return quant.is_i_quant and quant.block_bits_per_weight < 4


def _kv_objection(candidate: Candidate, kv_types: tuple[str, str], hardware: Hardware) -> str:
    key, value = kv_types
    backends = {gpu.backend for gpu in hardware.gpus}
    if key != value and "metal" in backends:
        return "Two types of KV cache make Metal leave the work to the processor, which is slow."
    if not _FOUR_BIT_KV & {key, value}:
        return ""
    if candidate.effective_parameters < _FOUR_BIT_KV_PARAMETERS:
        return "A KV cache of 4 bits harms models below 8B."
    if candidate.shape.recurrent is not None:
        return "A KV cache of 4 bits gains little here, and costs more than in other models."
    if not backends & _FOUR_BIT_KV_BACKENDS:
        return "A KV cache of 4 bits is only worth it on CUDA and Vulkan."
    return ""
