"""What the parts of a layer leave in scratch memory, as llama.cpp's graphs compute them.

Follows llama-graph.cpp and src/models: which results a part makes, in which order, and which may
stand in the place of an operand. A result that is the size of a few numbers a token is left out.
Knows nothing of whole models: `graphs` puts the parts together.
"""

from dataclasses import dataclass
from typing import Final

from localchat.fit.arena import Tape, Tensor
from localchat.fit.styles import Style
from localchat.models.shapes import Attention, Experts, Latent, Recurrent

_FLOAT_BYTES: Final = 4
_MAMBA_HEAD: Final = 64
"""Width of a head in Mamba 2 models."""
DEFAULT_HEAD_DIMS: Final = 128
"""Width of a head with latent attention where nothing says it."""


@dataclass(slots=True)
class Scene:
    """A tape with what all parts of its layers share."""

    tape: Tape
    style: Style
    tokens: int
    width: int
    heads: int
    positions: Tensor

    def row(self, values: int, *sources: Tensor) -> Tensor:
        """Make so many numbers for each token."""
        return self.tape.make(values * _FLOAT_BYTES * self.tokens, *sources)


@dataclass(frozen=True, slots=True)
class Cache:
    """What attention of one kind of layer reads besides its operands."""

    mask: Tensor
    key_places: Tensor
    """Where in the cache the new keys go."""
    value_places: Tensor | None
    key_rotation: Tensor | None
    value_rotation: Tensor | None
    cells: int
    flash: bool
    extra_bytes: int
    """What the device's kernel for attention needs beside its result."""
    values_first: bool
    """Values are computed before keys: the order without sliding windows."""


def attention(scene: Scene, x: Tensor, group: Attention, cache: Cache, owns: bool) -> Tensor:
    """Attend over a KV cache; without `owns` the keys are another layer's."""
    queries = scene.heads * group.key_dims
    keys, values = group.kv_heads * group.key_dims, group.kv_heads * group.value_dims
    fused = full = None
    if scene.style.fused_keys:
        fused = scene.row(queries + keys + values, x)
        q = scene.row(queries, fused, scene.positions)
    elif scene.style.gated_attention:
        full = scene.row(2 * queries, x)
        q = scene.row(queries, full)
    else:
        q = _turned(scene, scene.row(queries, x), queries)
    q = _rotated(scene, q, queries, cache.key_rotation)
    if owns:
        source = x if fused is None else fused
        for is_values in (cache.values_first, not cache.values_first):
            if is_values:
                _store(scene, _values(scene, source, values, cache), cache.value_places)
            else:
                _store(scene, _keys(scene, source, keys, cache), cache.key_places)
    out = _attended(scene, q, group, cache)
    if full is not None:
        out = scene.tape.change(scene.row(queries, full), also=(out,))
    return scene.row(scene.width, out)


def latent_attention(scene: Scene, x: Tensor, latent: Latent, cache: Cache) -> Tensor:
    """Attend over compressed keys: queries are brought to their width, results back (MLA)."""
    plain = latent.head_dims or DEFAULT_HEAD_DIMS
    heads, rank, rope = scene.heads, latent.rank, latent.rope_dims
    source = x if not latent.query_rank else scene.row(latent.query_rank, x)
    q = scene.row(heads * (plain + rope), source)
    absorbed = scene.row(heads * rank, q)
    placed = scene.row(heads * rope, q, scene.positions)
    q = scene.row(heads * (rank + rope), absorbed, placed)
    compressed = scene.row(rank + rope, x)
    normed = scene.row(rank, compressed)
    placed = scene.row(rope, compressed, scene.positions)
    _store(scene, scene.row(rank + rope, normed, placed), cache.key_places)
    if cache.flash:
        out = _flash(scene, heads * rank, q, cache)
    else:
        scores = scene.row(heads * cache.cells, q)
        out = scene.row(heads * rank, scene.tape.change(scores, also=(cache.mask,)))
    out = scene.row(heads * plain, scene.row(heads * plain, out))
    return scene.row(scene.width, out)


def feed_forward(scene: Scene, x: Tensor, inner: int) -> Tensor:
    """Widen, gate, and narrow again."""
    if scene.style.fused_gate:
        acted = scene.row(inner, scene.row(2 * inner, x))
    elif scene.style.has_gate:
        acted = scene.row(inner, scene.row(inner, x), scene.row(inner, x))
    else:
        acted = scene.row(inner, x)
    return scene.row(scene.width, acted)


def experts(scene: Scene, x: Tensor, group: Experts) -> Tensor:
    """Choose some experts for each token, run them, and add up what they say."""
    used, width = max(1, group.used), scene.width
    chances = scene.row(group.count, x)
    order = scene.row(group.count, chances)
    weights = scene.row(used, chances, order)
    weights = scene.row(used, weights, scene.row(1, weights))
    inner = used * group.feed_forward
    gate = scene.row(inner, x, order)
    acted = gate
    if scene.style.has_gate:
        acted = scene.row(inner, gate, scene.row(inner, x, order))
    each = scene.row(used * width, acted, order)
    each = scene.tape.change(each, also=(weights,))
    total = scene.row(width, each, each)
    for _ in range(used - 2):
        total = scene.tape.change(total, also=(each,))
    if group.shared_feed_forward:
        shared = feed_forward(scene, x, group.shared_feed_forward)
        total = scene.tape.change(total, shared)
    return total


def mamba(scene: Scene, x: Tensor, state: Recurrent) -> Tensor:
    """A state-space layer (mamba-base.cpp, build_mamba2_layer)."""
    mixed = state.inner + 2 * state.groups * state.state
    heads = max(1, state.inner // _MAMBA_HEAD)
    before = scene.tape.make((state.kernel - 1) * mixed * _FLOAT_BYTES)
    projected = scene.row(state.inner + mixed + heads, x)
    convolved = _convolved(scene, projected, before, mixed, state)
    steps = scene.row(heads, projected)
    state_bytes = state.inner * state.state * _FLOAT_BYTES
    out_bytes = state.inner * _FLOAT_BYTES * scene.tokens
    scanned = scene.tape.make(out_bytes + state_bytes, convolved, steps)
    scene.tape.read(scanned)
    gate = scene.row(state.inner, projected)
    skipped = scene.row(state.inner, convolved)
    out = scene.tape.change(skipped, also=(scanned,))
    out = scene.row(state.inner, gate, out)
    return scene.row(scene.width, scene.row(state.inner, out))


def delta_net(scene: Scene, x: Tensor, state: Recurrent) -> Tensor:
    """A gated delta net (qwen3next.cpp, delta-net-base.cpp)."""
    keys = state.groups * state.state
    mixed = state.inner + 2 * keys
    before = scene.tape.make((state.kernel - 1) * mixed * _FLOAT_BYTES)
    projected = scene.row(mixed, x)
    joined = _joined(scene, projected, before, mixed, state.kernel)
    scene.tape.read(joined)
    state_bytes = state.inner * state.state * _FLOAT_BYTES
    remembered = scene.tape.make(state_bytes)
    convolved = scene.row(mixed, joined)
    pair = []
    for _ in range(2):
        each = scene.row(keys, convolved)
        pair.append(scene.row(state.inner, each) if scene.style.repeats_keys else each)
    heads = max(1, state.inner // max(1, state.state))
    decay, rate = scene.row(heads, x), scene.row(heads, x)
    out_bytes = state.inner * _FLOAT_BYTES * scene.tokens + state_bytes
    out = scene.tape.make(out_bytes, *pair, convolved, decay, rate, remembered)
    scene.tape.read(out)
    normed = scene.row(state.inner, out)
    gate = scene.row(state.inner, scene.row(state.inner, x))
    return scene.row(scene.width, scene.tape.change(normed, gate))


def short_convolution(scene: Scene, x: Tensor, state: Recurrent) -> Tensor:
    """A gated convolution over a few tokens (lfm2.cpp)."""
    before = scene.tape.make((state.kernel - 1) * state.inner * _FLOAT_BYTES)
    parts = scene.row(3 * state.inner, x)
    gated = scene.row(state.inner, parts, parts)
    convolved = _convolved(scene, gated, before, state.inner, state)
    return scene.row(scene.width, scene.tape.change(convolved, also=(parts,)))


def time_mix(scene: Scene, x: Tensor, state: Recurrent) -> Tensor:
    """A layer of RWKV or of another linear attention: about what its widest step holds."""
    shifted = scene.row(state.inner, x)
    parts = [scene.row(state.inner, shifted) for _ in range(5)]
    state_bytes = state.inner * state.state * _FLOAT_BYTES
    out_bytes = state.inner * _FLOAT_BYTES * scene.tokens + state_bytes
    out = scene.tape.make(out_bytes, *parts)
    return scene.row(scene.width, scene.row(state.inner, out))


def _store(scene: Scene, rows: Tensor, places: Tensor | None) -> None:
    scene.tape.read(rows, *(() if places is None else (places,)))


def _keys(scene: Scene, source: Tensor, values: int, cache: Cache) -> Tensor:
    made = source if scene.style.fused_keys else scene.row(values, source)
    return _rotated(scene, _turned(scene, made, values), values, cache.key_rotation)


def _values(scene: Scene, source: Tensor, values: int, cache: Cache) -> Tensor:
    if scene.style.fused_keys:
        # Rotating what is only a part of a row needs it in one piece.
        if cache.value_rotation is None:
            return source
        return _rotated(scene, scene.row(values, source), values, cache.value_rotation)
    made = scene.row(values, source)
    if scene.style.value_norms:
        made = scene.row(values, made)
    return _rotated(scene, made, values, cache.value_rotation)


def _attended(scene: Scene, q: Tensor, group: Attention, cache: Cache) -> Tensor:
    values = scene.heads * group.value_dims
    if cache.flash:
        out = _flash(scene, values, q, cache)
    else:
        scores = scene.row(scene.heads * cache.cells, q)
        scores = scene.tape.change(scores, also=(cache.mask,))
        out = scene.row(values, scene.row(values, scores))
    return _rotated(scene, out, values, cache.value_rotation)


def _flash(scene: Scene, values: int, q: Tensor, cache: Cache) -> Tensor:
    size = values * _FLOAT_BYTES * scene.tokens
    return scene.tape.make(size + cache.extra_bytes, q, cache.mask)


def _turned(scene: Scene, x: Tensor, values: int) -> Tensor:
    return scene.row(values, x, scene.positions) if scene.style.ropes else x


def _rotated(scene: Scene, x: Tensor, values: int, rotation: Tensor | None) -> Tensor:
    """Quantized caches keep rotated numbers, which lose less (llama-kv-cache.cpp, attn_rot)."""
    return x if rotation is None else scene.row(values, x, rotation)


def _joined(scene: Scene, x: Tensor, before: Tensor, values: int, kernel: int) -> Tensor:
    size = values * (scene.tokens + kernel - 1) * _FLOAT_BYTES
    return scene.tape.make(size, before, x)


def _convolved(scene: Scene, x: Tensor, before: Tensor, values: int, state: Recurrent) -> Tensor:
    joined = _joined(scene, x, before, values, state.kernel)
    scene.tape.read(joined)
    return scene.row(values, joined)
