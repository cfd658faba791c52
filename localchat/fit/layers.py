"""The layers of a model one by one, from the groups in which its shape counts them.

A header says which layers belong to a group; the catalogue only how many, and they are spread
evenly then, which is how hybrids are built. Knows nothing of memory.
"""

import functools
from dataclasses import dataclass
from typing import Final

from localchat.models.shapes import Attention, Experts, Latent, Recurrent, Shape

_USUAL_WIDENING: Final = 3.5
"""How much wider than the model a feed-forward mostly is, where nobody says it."""

Group = Attention | Latent | Recurrent


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer has of everything; None and 0 where it has none."""

    attention: Attention | None = None
    latent: Latent | None = None
    recurrent: Recurrent | None = None
    shares_kv: bool = False
    """It reads the cache of a layer with `attention` and owns none."""
    feed_forward: int = 0
    experts: Experts | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it neither attends nor remembers."""
        return not (self.attention or self.latent or self.recurrent)


@functools.lru_cache(maxsize=512)
def layers(shape: Shape) -> tuple[Layer, ...]:
    """Take a shape apart into its layers; equal layers are one object."""
    mixers = _mixers(shape)
    experts = _expert_layers(shape, mixers)
    owners = [layer.attention for layer in mixers if layer.attention]
    known: dict[tuple[int, int, int, bool, int, bool], Layer] = {}
    made = []
    for index, mixer in enumerate(mixers):
        shares = mixer.is_empty and bool(owners) and index >= shape.layers - shape.shared_kv_layers
        attention = _shared(owners, index) if shares else mixer.attention
        has_experts = index in experts
        inner = 0 if has_experts else _feed_forward(shape, index)
        parts = (id(attention), id(mixer.latent), id(mixer.recurrent))
        key = (*parts, shares, inner, has_experts)
        if key not in known:
            chosen = shape.experts if has_experts else None
            known[key] = Layer(attention, mixer.latent, mixer.recurrent, shares, inner, chosen)
        made.append(known[key])
    return tuple(made)


@functools.lru_cache(maxsize=512)
def kinds(shape: Shape) -> tuple[tuple[Layer, tuple[int, ...]], ...]:
    """List the different layers of a shape, each with where it stands."""
    indices: dict[int, list[int]] = {}
    every = layers(shape)
    for index, layer in enumerate(every):
        indices.setdefault(id(layer), []).append(index)
    return tuple((every[found[0]], tuple(found)) for found in indices.values())


def width(shape: Shape) -> int:
    """Return the width of a model; where nobody says it, four heads of 128 to each with keys."""
    heads = max((group.kv_heads for group in shape.attention), default=8)
    return shape.embedding or heads * 4 * 128


def _mixers(shape: Shape) -> list[Layer]:
    found: list[Layer] = [Layer()] * shape.layers
    groups: list[Group] = [*shape.attention]
    groups += [group for group in (shape.latent, shape.recurrent) if group]
    owners = shape.layers - shape.shared_kv_layers
    if all(group.indices for group in groups):
        for group in groups:
            for index in group.indices:
                found[index] = _with(found[index], group)
        return found
    spread = _spread(groups, owners, shape.stateless_layers)
    return [_with(Layer(), group) if group else Layer() for group in spread] + found[owners:]


def _spread(groups: list[Group], layers: int, without: int) -> list[Group | None]:
    """Spread groups evenly: at each layer comes the one that is most behind its share."""
    left: list[tuple[Group | None, int]] = [(group, group.layers) for group in groups]
    left.append((None, without))
    # The rarer kind closes a period, so at equal need the commoner comes first.
    left.sort(key=lambda each: -each[1])
    placed = [0] * len(left)
    spread: list[Group | None] = []
    for position in range(1, layers + 1):
        needs = [
            count * position / layers - done for (_, count), done in zip(left, placed, strict=True)
        ]
        chosen = max(range(len(left)), key=needs.__getitem__)
        placed[chosen] += 1
        spread.append(left[chosen][0])
    return spread


def _with(layer: Layer, group: Group) -> Layer:
    match group:
        case Attention():
            return Layer(group, layer.latent, layer.recurrent)
        case Latent():
            return Layer(layer.attention, group, layer.recurrent)
        case Recurrent():
            return Layer(layer.attention, layer.latent, group)


def _shared(owners: list[Attention], index: int) -> Attention:
    """The cache that a layer reads which owns none: the last of its kind, taking turns."""
    whole = [group for group in owners if not group.window_tokens]
    limited = [group for group in owners if group.window_tokens]
    if not whole or not limited:
        return owners[-1]
    period = max(2, round((len(whole) + len(limited)) / len(whole)))
    return whole[-1] if (index + 1) % period == 0 else limited[-1]


def _expert_layers(shape: Shape, mixers: list[Layer]) -> frozenset[int]:
    if not shape.experts:
        return frozenset()
    if shape.experts.indices:
        return frozenset(shape.experts.indices)
    if shape.stateless_layers:
        return frozenset(index for index, layer in enumerate(mixers) if layer.is_empty)
    return frozenset(range(shape.experts.dense_layers, shape.layers))


def _feed_forward(shape: Shape, index: int) -> int:
    if shape.feed_forward_by_layer:
        return shape.feed_forward_by_layer[index]
    dense = shape.experts.dense_feed_forward if shape.experts else None
    stated = dense or shape.feed_forward
    if stated or shape.experts or shape.recurrent:
        return stated or 0
    return int(width(shape) * _USUAL_WIDENING)
