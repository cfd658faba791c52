"""What Gemma 3n and 4 compute besides what all do: an embedding for each layer, and AltUp.

Follows gemma3n.cpp and gemma4.cpp in llama.cpp. Knows nothing of whole graphs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from localchat.fit import blocks
from localchat.fit.arena import Tensor
from localchat.fit.blocks import Cache, Scene
from localchat.fit.layers import Layer
from localchat.models.shapes import Shape

_INDEX_BYTES: Final = 4
_STREAMS: Final = 4
_LAUREL: Final = 64


@dataclass(slots=True)
class PerLayer:
    """The further embeddings of all layers, of which each layer adds its own."""

    looked_up_rows: Tensor
    embedding: Tensor
    values: int
    """Of all layers together."""
    width: int
    rows: Tensor | None = None

    @classmethod
    def looked_up(cls, scene: Scene, shape: Shape, embedding: Tensor) -> "PerLayer":
        """Look up the embeddings of a ubatch."""
        ids = scene.tape.input(_INDEX_BYTES * scene.tokens)
        values = shape.per_layer_embedding * shape.layers
        rows = scene.row(values, scene.row(values, ids))
        return cls(rows, embedding, values, shape.per_layer_embedding)

    def projected(self, scene: Scene) -> Tensor:
        """Return what all layers read, computed where the first one asks."""
        if self.rows is None:
            normed = scene.row(self.values, scene.row(self.values, self.embedding))
            self.rows = scene.row(self.values, scene.tape.change(normed, self.looked_up_rows))
        return self.rows

    def after(self, scene: Scene, current: Tensor, last: Tensor | None) -> Tensor:
        """Add a layer's share to what it returned."""
        gate = scene.row(self.width, current)
        rows = self.projected(scene)
        if last is not None:
            rows = scene.row(self.width, rows, last)
        gate = scene.tape.change(gate, also=(rows,))
        return scene.tape.change(current, scene.row(scene.width, gate))


def altup_layers(
    scene: Scene,
    shape: Shape,
    chosen: Sequence[Layer],
    caches: Mapping[int | None, Cache],
    embedding: Tensor,
) -> Tensor:
    """Compute the layers of Gemma 3n: four streams, of which one is worked on."""
    further = PerLayer.looked_up(scene, shape, embedding)
    width = scene.width
    others = scene.row(3 * width, scene.row(3 * width, embedding))
    scene.tape.read(scene.row(width, embedding))
    scaled = scene.row(3 * width, others)
    scene.tape.read(scene.tape.change(others))
    streams = scene.row(_STREAMS * width, embedding, scaled)
    for layer in chosen:
        streams = _altup_layer(scene, layer, caches, further, streams)
    return scene.row(width, streams)


def _altup_layer(
    scene: Scene,
    layer: Layer,
    caches: Mapping[int | None, Cache],
    further: PerLayer,
    streams: Tensor,
) -> Tensor:
    width, tape = scene.width, scene.tape
    turned = scene.row(_STREAMS * width, streams)
    coefficients = scene.row(_STREAMS * _STREAMS, scene.row(width, streams))
    mixed = scene.row(_STREAMS * width, turned, coefficients)
    predicted = tape.change(scene.row(_STREAMS * width, mixed), streams)
    normed = scene.row(width, predicted)
    out = _attended(scene, layer, caches, normed)
    out = tape.change(out, also=(predicted,))
    laurel = scene.row(width, scene.row(_LAUREL, normed))
    out = tape.change(out, tape.change(laurel, normed))
    out = _sparse_feed_forward(scene, layer, out)
    corrected = scene.row(_STREAMS * width, scene.row(width, out, predicted))
    tape.read(scene.row(width, out))
    corrected = tape.change(corrected, predicted)
    gate = scene.row(further.width, scene.row(width, corrected))
    gate = tape.change(gate, also=(further.projected(scene),))
    added = scene.row((_STREAMS - 1) * width, corrected, scene.row(width, gate))
    return scene.row(_STREAMS * width, corrected, added)


def _attended(
    scene: Scene, layer: Layer, caches: Mapping[int | None, Cache], normed: Tensor
) -> Tensor:
    group = layer.attention
    if group is None:
        return scene.row(scene.width, normed)
    return blocks.attention(scene, normed, group, caches[group.window_tokens], not layer.shares_kv)


def _sparse_feed_forward(scene: Scene, layer: Layer, before: Tensor) -> Tensor:
    """The first layers set small activations to zero, which takes a copy of them."""
    tape, inner = scene.tape, layer.feed_forward
    normed = scene.row(scene.width, before)
    up, gate = scene.row(inner, normed), scene.row(inner, normed)
    tape.read(scene.row(inner, gate))
    acted = tape.change(up, tape.change(gate))
    return tape.change(scene.row(scene.width, acted), before)
