"""What a model takes of each device, as a closed form: no engine, no file, under a millisecond.

Weights and KV cache follow llama.cpp's rules exactly, and its scratch memory is replayed; the
tests hold the result against llama.cpp's own dry run. Where a GPU computes what lies in main
memory, its scratch memory is an upper bound. Knows nothing of what fits.
"""

import bisect
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from localchat.fit import graphs, kv, layers, repack, runtime, split, styles
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.fit.graphs import Job
from localchat.fit.params import CONTEXT_STEP_TOKENS, EngineParams
from localchat.fit.split import MAIN, Split
from localchat.machine.hardware import Hardware

DEFAULT_CONTEXT_TOKENS: Final = 8192
_COPIES: Final = 4
"""So many ubatches are under way at once when several GPUs work one after another."""
_PIPELINES: Final = frozenset({"cuda", "rocm"})


def footprint(candidate: Candidate, params: EngineParams, hardware: Hardware) -> Footprint:
    """Compute what a model takes with these parameters on this machine."""
    context = context_tokens(candidate, params)
    places = split.split(len(candidate.weights.layers_bytes), params, hardware)
    job = _job(params, context)
    count = len(places.gpus)
    weights = _weights(candidate, params, hardware, places)
    kept = _kept(candidate, params, job, places)
    work = _work(candidate, params, job, places)
    names = (MAIN_MEMORY, *(gpu.name for gpu in places.gpus))
    # The last place of each list is main memory: MAIN is -1.
    devices = tuple(
        DeviceMemory(name, weights[place], kept[place], work[place])
        for name, place in zip(names, (MAIN, *range(count)), strict=True)
    )
    return Footprint(devices, runtime.runtime_bytes(candidate), context, "formula")


def context_tokens(candidate: Candidate, params: EngineParams) -> int:
    """Return the context as it will be: the default resolved, rounded up to a multiple of 256."""
    wanted = params.context_tokens
    if not wanted:
        trained = candidate.trained_context_tokens or DEFAULT_CONTEXT_TOKENS
        wanted = min(trained, DEFAULT_CONTEXT_TOKENS)
    return -(-wanted // CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS


def max_context_tokens(
    candidate: Candidate,
    params: EngineParams,
    hardware: Hardware,
    fits: Callable[[Footprint], bool],
) -> int:
    """Find the largest context that fits, a multiple of 256, within what the model was trained for.

    0 when not even 256 tokens fit.
    """
    trained = candidate.trained_context_tokens or DEFAULT_CONTEXT_TOKENS
    low, high = 0, max(1, trained // CONTEXT_STEP_TOKENS)
    while low < high:
        # The longest context fits often enough to be worth the first look.
        middle = (
            high if low == 0 and high * CONTEXT_STEP_TOKENS >= trained else (low + high + 1) // 2
        )
        tried = replace(params, context_tokens=middle * CONTEXT_STEP_TOKENS)
        if fits(footprint(candidate, tried, hardware)):
            low = middle
        else:
            high = middle - 1
    return low * CONTEXT_STEP_TOKENS


def _job(params: EngineParams, context: int, backend: str = "") -> Job:
    return Job(
        context_tokens=context,
        ubatch_tokens=min(params.ubatch_tokens, params.batch_tokens),
        flash=params.flash_attention != "off",
        rotates_keys=kv.is_quantized(params.kv_type_k),
        rotates_values=kv.is_quantized(params.kv_type_v),
        backend=backend,
    )


def _weights(
    candidate: Candidate, params: EngineParams, hardware: Hardware, places: Split
) -> list[int]:
    """Weights on each GPU, and last in main memory."""
    weights = candidate.weights
    held = [0] * (len(places.gpus) + 1)
    for place, first, end in places.runs:
        aside = sum(weights.experts_bytes[first:end]) if params.experts_on_cpu else 0
        held[place] += sum(weights.layers_bytes[first:end]) - aside
        held[MAIN] += aside
    repacked = repack.formats(params, hardware)
    is_mapped = _is_mapped(candidate, params)
    if is_mapped:
        # The map holds the file's own layout, and what is repacked lies beside it.
        held[MAIN] += int(held[MAIN] * repack.copied_share(weights, repacked))
    in_main = _head_in_main(candidate, is_mapped, repack.repacks_head(candidate, repacked))
    held[places.output] += in_main if places.output == MAIN else weights.output_bytes
    held[MAIN] += weights.embedding_bytes
    return held


def _head_in_main(candidate: Candidate, is_mapped: bool, is_repacked: bool) -> int:
    """What the output head takes in main memory beside the input embedding."""
    weights = candidate.weights
    if not weights.tied:
        return weights.output_bytes * (2 if is_mapped and is_repacked else 1)
    copies = is_repacked or (not is_mapped and styles.of(candidate.architecture).copies_head)
    return weights.output_bytes if copies else weights.head_norm_bytes


def _is_mapped(candidate: Candidate, params: EngineParams) -> bool:
    """Decide as the engine does where nobody says: weights that would be copied are read."""
    if params.mmap is not None:
        return params.mmap
    return not params.extra_buffers or bool(candidate.quant and candidate.quant.is_full_precision)


def _kept(candidate: Candidate, params: EngineParams, job: Job, places: Split) -> list[int]:
    """KV cache and state on each GPU, and last in main memory."""
    held = [0] * (len(places.gpus) + 1)
    groups = candidate.shape.attention
    widest = max((group.kv_heads * group.value_dims for group in groups), default=0)
    for layer, indices in layers.kinds(candidate.shape):
        size = kv.layer_bytes(layer, job, params, widest)
        for place, first, end in places.runs:
            held[place] += size * (
                bisect.bisect(indices, end - 1) - bisect.bisect(indices, first - 1)
            )
    return held


def _work(candidate: Candidate, params: EngineParams, job: Job, places: Split) -> list[int]:
    """Scratch memory on each GPU, and last in main memory."""
    here = graphs.scratch(candidate.architecture, candidate.shape, job)
    if not places.gpus:
        return [here.total_bytes]
    is_whole = places.is_whole and not params.experts_on_cpu
    there = _job(params, job.context_tokens, places.gpus[0].backend)
    scratch = graphs.scratch(candidate.architecture, candidate.shape, there)
    on_gpu = scratch.total_bytes - scratch.tokens_bytes
    if not is_whole:
        # A long prompt is computed on the GPU, to which each matrix is brought for its turn.
        on_gpu += _largest_bytes(candidate)
    elif len(places.gpus) > 1 and places.gpus[0].backend in _PIPELINES:
        on_gpu += (_COPIES - 1) * (scratch.inputs_bytes - scratch.tokens_bytes)
    in_main = here.inputs_bytes + here.embedding_bytes if is_whole else here.total_bytes
    return [on_gpu] * len(places.gpus) + [in_main]


def _largest_bytes(candidate: Candidate) -> int:
    weights = candidate.weights
    if weights.largest_bytes:
        return weights.largest_bytes
    most = max(weights.layers_bytes, default=0)
    experts = max(weights.experts_bytes, default=0)
    return max(experts // 3, (most - experts) // 3)
