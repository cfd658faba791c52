"""What a model takes of each device, as a closed form: no engine, no file, under a millisecond.

Weights and KV cache follow llama.cpp's rules exactly; scratch memory is modelled. Holds itself
against llama.cpp's dry run in the tests. Knows nothing of what fits.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from localchat.fit.candidate import Candidate
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.fit.params import CONTEXT_STEP_TOKENS, OUTPUT_ROWS, EngineParams
from localchat.machine.hardware import Hardware
from localchat.models.shapes import Shape

DEFAULT_CONTEXT_TOKENS: Final = 8192

_TYPE_BYTES = MappingProxyType(
    {
        "f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32,
        "q4_1": 20 / 32, "q4_0": 18 / 32, "iq4_nl": 18 / 32,
    }
)  # fmt: skip


def footprint(candidate: Candidate, params: EngineParams, hardware: Hardware) -> Footprint:
    """Compute what a model takes with these parameters on this machine."""
    context = context_tokens(candidate, params)
    weights = candidate.weights
    gpu = hardware.gpus[0] if hardware.gpus else None
    layers = len(weights.layers_bytes)
    offloaded = _offloaded_layers(params, layers) if gpu else 0
    first = layers + 1 - offloaded if offloaded else layers + 1
    kv = tuple(_kv_by_layer(candidate.shape, context, params))
    compute = _compute_bytes(candidate.shape, context, params.ubatch_tokens)
    on_gpu = sum(weights.layers_bytes[first:]) + (weights.output_bytes if offloaded else 0)
    copied = weights.tied and offloaded
    in_main = weights.total_bytes - on_gpu
    if copied:
        in_main = weights.embedding_bytes + sum(weights.layers_bytes[:first])
    if params.experts_on_cpu and offloaded:
        moved = sum(weights.experts_bytes[first:])
        on_gpu, in_main = on_gpu - moved, in_main + moved
    main_compute = compute if not offloaded else compute // 8
    devices = [DeviceMemory(MAIN_MEMORY, in_main, sum(kv[:first]), main_compute)]
    if gpu and offloaded:
        devices.append(DeviceMemory(gpu.name, on_gpu, sum(kv[first:]), compute))
    return Footprint(tuple(devices), _runtime_bytes(candidate), context, "formula")


def context_tokens(candidate: Candidate, params: EngineParams) -> int:
    """Return the context as it will be: the default resolved, rounded up to a multiple of 256."""
    wanted = params.context_tokens
    if not wanted:
        trained = candidate.trained_context_tokens or DEFAULT_CONTEXT_TOKENS
        wanted = min(trained, DEFAULT_CONTEXT_TOKENS)
    return _padded(wanted)


def max_context_tokens(
    candidate: Candidate,
    params: EngineParams,
    hardware: Hardware,
    fits: Callable[[Footprint], bool],
) -> int:
    """Find the largest context that fits, a multiple of 256, within what the model was trained for.

    0 when not even 256 tokens fit.
    """
    most = (candidate.trained_context_tokens or DEFAULT_CONTEXT_TOKENS) // CONTEXT_STEP_TOKENS
    low, high = 0, max(1, most)
    while low < high:
        middle = (low + high + 1) // 2
        tried = replace(params, context_tokens=middle * CONTEXT_STEP_TOKENS)
        if fits(footprint(candidate, tried, hardware)):
            low = middle
        else:
            high = middle - 1
    return low * CONTEXT_STEP_TOKENS


def _offloaded_layers(params: EngineParams, layers: int) -> int:
    wanted = params.gpu_layers
    return layers + 1 if wanted < 0 else min(wanted, layers + 1)


def _kv_by_layer(shape: Shape, context: int, params: EngineParams) -> Iterator[int]:
    key, value = _TYPE_BYTES[params.kv_type_k], _TYPE_BYTES[params.kv_type_v]
    total = 0.0
    for group in shape.attention:
        cells = context
        if group.window_tokens:
            cells = min(context, _padded(group.window_tokens + params.ubatch_tokens))
        width = group.key_dims * key + group.value_dims * value
        total += cells * group.layers * group.kv_heads * width
    if shape.latent:
        total += context * shape.latent.kv_values_per_token * key
    if shape.recurrent:
        total += shape.recurrent.state_bytes
    share, rest = divmod(int(total), shape.layers)
    yield share + rest
    for _ in range(shape.layers - 1):
        yield share


def _compute_bytes(shape: Shape, context: int, ubatch: int) -> int:
    width = shape.embedding or 4096
    inner = shape.feed_forward or 2 * width
    if shape.experts:
        inner = max(inner, shape.experts.feed_forward * shape.experts.used)
    mask = context * ubatch * 2
    activations = (3 * inner + 4 * width) * ubatch * 4
    return mask + activations + (shape.vocabulary or 0) * OUTPUT_ROWS * 4


def _runtime_bytes(candidate: Candidate) -> int:
    return 100 * 2**20 + (candidate.shape.vocabulary or 0) * 200


def _padded(tokens: int) -> int:
    return -(-tokens // CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS
