"""Which weights ggml keeps in another layout for the processor's kernels, and holds twice for it.

The rules are ggml-cpu's (repack.cpp), for processors with AVX2 or with NEON dot products, which
all of the last ten years have. AMX, which has layouts of another size, is left to the dry run.
Knows nothing of speed.
"""

from localchat.fit import chips
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Hardware
from localchat.models.weights import Weights

_X86 = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
_ARM = frozenset({"Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"})
_ROWS = 8
_HOST_BUFFERS = frozenset({"cuda", "rocm", "vulkan", "sycl"})
"""Backends that offer memory of their own kind for what stays with the processor."""


def formats(params: EngineParams, hardware: Hardware) -> frozenset[str]:
    """Return the number formats whose matrices are repacked where the processor computes."""
    # Where such a GPU is present its pinned memory comes first (make_cpu_buft_list).
    if not params.extra_buffers or any(gpu.backend in _HOST_BUFFERS for gpu in hardware.gpus):
        return frozenset()
    return _ARM if chips.is_arm(hardware.cpu) else _X86


def repacks_head(candidate: Candidate, repacked: frozenset[str]) -> bool:
    """Say whether the output head's matrix is repacked, which goes by eight rows at a time."""
    rows = candidate.shape.vocabulary or 0
    return candidate.weights.head_format in repacked and rows % _ROWS == 0


def copied_share(weights: Weights, repacked: frozenset[str]) -> float:
    """Return which part of the layers' bytes is repacked."""
    total = sum(size for _, size in weights.formats)
    return sum(size for name, size in weights.formats if name in repacked) / total if total else 0
