"""The graph of one ubatch, architecture by architecture, and the scratch memory that it needs.

llama.cpp reserves scratch memory for a prompt of one ubatch at the full context (llama-context.cpp,
sched_reserve). Layers repeat, so of each run of equal ones a few are enough to see the peak.
Knows nothing of weights, devices or buffers.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from localchat.fit import blocks, gemma, kernels, layers, styles
from localchat.fit.arena import Tape, Tensor
from localchat.fit.blocks import Cache, Scene
from localchat.fit.kernels import Keys
from localchat.fit.layers import Layer
from localchat.fit.params import OUTPUT_ROWS
from localchat.fit.styles import State
from localchat.models.shapes import Attention, Recurrent, Shape

_FLOAT_BYTES: Final = 4
_F16_BYTES: Final = 2
_ID_BYTES: Final = 4
_PLACE_BYTES: Final = 8
_KEPT_TURNS: Final = 2
"""How often the same pair of neighbors is replayed; later turns pack as the second does."""
_ROTATION_DIMS: Final = 64

_STATES: Mapping[State, Callable[[Scene, Tensor, Recurrent], Tensor]] = MappingProxyType(
    {
        "state space": blocks.mamba,
        "delta net": blocks.delta_net,
        "short convolution": blocks.short_convolution,
        "linear attention": blocks.time_mix,
    }
)
_COPYING = frozenset({"metal", "cuda", "rocm"})
"""Backends whose attention may copy the cache of a layer."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of a model, as far as scratch memory follows from it."""

    context_tokens: int
    ubatch_tokens: int
    flash: bool
    rotates_keys: bool
    """The keys' type is quantized."""
    rotates_values: bool
    backend: str = ""
    """Of the GPU that computes; empty for the processor."""

    @property
    def tokens(self) -> int:
        """How many tokens are computed at once."""
        return min(self.ubatch_tokens, self.context_tokens)

    def cells(self, window_tokens: int | None) -> int:
        """Return how many tokens a cache holds (llama-kv-cache-iswa.cpp)."""
        if not window_tokens:
            return self.context_tokens
        return min(self.context_tokens, -(-(window_tokens + self.ubatch_tokens) // 256) * 256)


@dataclass(frozen=True, slots=True)
class Scratch:
    """What one ubatch needs."""

    total_bytes: int
    """Where one device computes everything."""
    inputs_bytes: int
    """Of it, what is filled in before the computation starts."""
    tokens_bytes: int
    """Of the inputs, the tokens and their embeddings, which only the first device needs."""
    embedding_bytes: int
    """What the first step makes of the tokens."""
    windows: tuple[int | None, ...]
    """The kinds of caches, each with a mask of its own."""


def scratch(architecture: str, shape: Shape, job: Job) -> Scratch:
    """Compute the scratch memory of a ubatch at the full context.

    Where attention itself needs scratch memory that grows with the context, contexts between
    powers of two are interpolated: what is reserved is the largest of sums that grow evenly, so
    the line is rather above the truth than below.
    """
    if not job.flash or job.backend in _COPYING:
        return _between(architecture, shape, job)
    # Only the masks grow with the context; they lie below all else, and stay until the end.
    least = Job(job.tokens, job.ubatch_tokens, True, job.rotates_keys, job.rotates_values)
    small = _scratch(architecture, shape, least)
    masks = sum(job.cells(window) - least.cells(window) for window in small.windows)
    masks *= job.tokens * _F16_BYTES
    return Scratch(
        small.total_bytes + masks,
        small.inputs_bytes + masks,
        small.tokens_bytes,
        small.embedding_bytes,
        small.windows,
    )


def _between(architecture: str, shape: Shape, job: Job) -> Scratch:
    above = 1 << max(0, job.context_tokens - 1).bit_length()
    if above == job.context_tokens or above <= 2 * job.ubatch_tokens:
        return _scratch(architecture, shape, job)
    low = _scratch(architecture, shape, replace(job, context_tokens=above // 2))
    high = _scratch(architecture, shape, replace(job, context_tokens=above))
    share = (job.context_tokens - above // 2) / (above // 2)
    return Scratch(
        round(low.total_bytes + (high.total_bytes - low.total_bytes) * share),
        round(low.inputs_bytes + (high.inputs_bytes - low.inputs_bytes) * share),
        high.tokens_bytes,
        high.embedding_bytes,
        high.windows,
    )


@functools.lru_cache(maxsize=2048)
def _scratch(architecture: str, shape: Shape, job: Job) -> Scratch:
    tape, tokens = Tape(), job.tokens
    width = layers.width(shape)
    ids = tape.input(_ID_BYTES * tokens)
    tape.input(width * _FLOAT_BYTES * tokens)
    tokens_bytes = tape.inputs_bytes
    style = styles.of(architecture)
    positions = tape.input(_ID_BYTES * tokens * style.positions)
    heads = shape.heads or max(1, width // blocks.DEFAULT_HEAD_DIMS)
    scene = Scene(tape, style, tokens, width, heads, positions)
    caches = _caches(scene, shape, job)
    if shape.recurrent:
        tape.input(_ID_BYTES)
    wanted = tape.input(_ID_BYTES * OUTPUT_ROWS)
    embedded = scene.row(width, ids)
    current = _computed(scene, shape, caches, embedded, wanted)
    scene.tokens = OUTPUT_ROWS
    scene.row(shape.vocabulary or 0, scene.row(width, current))
    embedding_bytes = (width + shape.per_layer_embedding * shape.layers) * _FLOAT_BYTES * tokens
    sizes = (tape.peak_bytes(), tape.inputs_bytes, tokens_bytes, embedding_bytes)
    return Scratch(*sizes, tuple(caches))


def _computed(
    scene: Scene,
    shape: Shape,
    caches: Mapping[int | None, Cache],
    current: Tensor,
    wanted: Tensor,
) -> Tensor:
    """All layers, of which those that look alike are left out."""
    chosen = _representative(layers.layers(shape))
    if scene.style.streams > 1:
        return gemma.altup_layers(scene, shape, chosen, caches, current)
    further = None
    if shape.per_layer_embedding:
        further = gemma.PerLayer.looked_up(scene, shape, current)
    for number, layer in enumerate(chosen):
        last = wanted if number == len(chosen) - 1 else None
        current = _layer(scene, layer, caches, current, last)
        if further is not None:
            current = further.after(scene, current, last)
    return current


def _layer(
    scene: Scene,
    layer: Layer,
    caches: Mapping[int | None, Cache],
    current: Tensor,
    last: Tensor | None,
) -> Tensor:
    style = scene.style
    normed = current
    if not layer.is_empty or style.parallel:
        normed = scene.row(scene.width, current) if style.pre_norm else current
        out = _mixed(scene, layer, caches, normed)
        if style.parallel and layer.feed_forward:
            inner = blocks.feed_forward(scene, normed, layer.feed_forward)
            out = scene.tape.change(out, inner)
        if last is not None:
            out, current = _picked(scene, last, out, current)
        current = _sum(scene, out, current, style.mixer_residual_first)
    if style.parallel or not (layer.experts or layer.feed_forward):
        return current
    normed = scene.row(scene.width, current) if style.pre_norm else current
    if layer.experts:
        out = blocks.experts(scene, normed, layer.experts)
    else:
        out = blocks.feed_forward(scene, normed, layer.feed_forward)
    return _sum(scene, out, current, style.residual_first)


def _mixed(
    scene: Scene,
    layer: Layer,
    caches: Mapping[int | None, Cache],
    x: Tensor,
) -> Tensor:
    """What attention, a state, or both of them return."""
    out = None
    if layer.recurrent:
        out = _STATES[scene.style.state](scene, x, layer.recurrent)
    attended = None
    if layer.latent:
        attended = blocks.latent_attention(scene, x, layer.latent, caches[None])
    elif group := layer.attention:
        attended = blocks.attention(
            scene, x, group, caches[group.window_tokens], not layer.shares_kv
        )
    if out is not None and attended is not None:
        return scene.tape.change(attended, out)
    both = out if attended is None else attended
    return x if both is None else both


def _sum(scene: Scene, out: Tensor, before: Tensor, before_first: bool) -> Tensor:
    return scene.tape.change(before, out) if before_first else scene.tape.change(out, before)


def _picked(scene: Scene, wanted: Tensor, *rows: Tensor) -> tuple[Tensor, ...]:
    """Go on with the rows whose logits are read: one."""
    scene.tokens = OUTPUT_ROWS
    return tuple(scene.row(scene.width, each, wanted) for each in rows)


def _windows(shape: Shape) -> tuple[int | None, ...]:
    """The kinds of caches: one for all tokens, and one for each length of window."""
    windows = sorted({group.window_tokens for group in shape.attention if group.window_tokens})
    sees_all = windows or shape.latent or shape.attention
    return (*((None,) if sees_all else ()), *windows)


def _caches(scene: Scene, shape: Shape, job: Job) -> Mapping[int | None, Cache]:
    windows = _windows(shape)
    return {window: _cache(scene, shape, job, window, len(windows) == 1) for window in windows}


def _cache(scene: Scene, shape: Shape, job: Job, window: int | None, values_first: bool) -> Cache:
    """What attention of one kind reads: a mask, where new keys go, and rotations."""
    tape, tokens = scene.tape, scene.tokens
    cells = job.cells(window)
    key_places = tape.input(_PLACE_BYTES * tokens)
    # Without flash attention values are kept sideways, and each number goes to its own place.
    wide = 1 if job.flash else max((_values(each) for each in shape.attention), default=1)
    value_places = None if shape.latent else tape.input(_PLACE_BYTES * tokens * wide)
    mask = tape.input(cells * tokens * (_F16_BYTES if job.flash else _FLOAT_BYTES))
    group = next((each for each in shape.attention if each.window_tokens == window), None)
    keys = values = None
    if group and job.rotates_keys and group.key_dims % _ROTATION_DIMS == 0:
        size = group.key_dims & -group.key_dims
        keys = tape.input(size * size * _FLOAT_BYTES)
    if group and job.rotates_values and group.value_dims % _ROTATION_DIMS == 0:
        values = tape.input(_ROTATION_DIMS * _ROTATION_DIMS * _FLOAT_BYTES)
    extra = _extra_bytes(scene, shape, job, group, cells)
    places = (key_places, value_places)
    return Cache(mask, *places, keys, values, cells, job.flash, extra, values_first)


def _extra_bytes(scene: Scene, shape: Shape, job: Job, group: Attention | None, cells: int) -> int:
    """The largest of layers that see the same window."""
    if job.backend not in _COPYING:
        return 0
    read = None
    if group:
        same = [each for each in shape.attention if each.window_tokens == group.window_tokens]
        group = max(same, key=_values)
        keys = group.kv_heads * group.key_dims
        read = Keys(cells, keys, _values(group), scene.heads, group.value_dims)
    elif shape.latent:
        row = shape.latent.rank + shape.latent.rope_dims
        read = Keys(cells, row, 0, scene.heads, shape.latent.rank)
    if read is None:
        return 0
    return kernels.extra_bytes(job.backend, read, scene.tokens, not job.rotates_keys)


def _values(group: Attention) -> int:
    return group.kv_heads * group.value_dims


def _representative(all_layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Leave out the layers whose like has been replayed already; the last one stays."""
    return tuple(_few(all_layers)) + all_layers[-1:]


def _few(all_layers: tuple[Layer, ...]) -> Iterator[Layer]:
    seen: Counter[tuple[int, int]] = Counter()
    before = 0
    for layer in all_layers[:-1]:
        # Equal layers are one object (layers.py), and its identity is quicker to hash.
        pair = (before, id(layer))
        seen[pair] += 1
        if seen[pair] <= _KEPT_TURNS:
            yield layer
        before = id(layer)
