"""The shape of a model, as far as its memory follows from it.

Sizes of KV cache and state are llama.cpp's (llama-kv-cache.cpp, llama-memory-recurrent.cpp). Knows
nothing of how much context is wanted, of buffers, or of machines.
"""

from dataclasses import dataclass

from localchat.tomltable import Table

_F16_BYTES = 2
_F32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Attention:
    """Layers that own a KV cache of one kind."""

    layers: int
    kv_heads: int
    key_dims: int
    value_dims: int
    """Numbers in a key or a value of one head."""
    window_tokens: int | None = None
    """Only so many tokens are kept; None keeps the whole context."""
    indices: tuple[int, ...] = ()
    """Which layers of the model, counted from 0; empty when not known."""

    @property
    def kv_values_per_token(self) -> int:
        """How many numbers these layers keep for a token."""
        return self.layers * self.kv_heads * (self.key_dims + self.value_dims)


@dataclass(frozen=True, slots=True)
class Latent:
    """Multi-head latent attention: keys share one compressed row, and values are a view of it."""

    layers: int
    rank: int
    rope_dims: int
    query_rank: int | None = None
    head_dims: int | None = None
    """Numbers in a head's key, those that tell positions apart, and in its value."""
    indices: tuple[int, ...] = ()
    """Which layers of the model, counted from 0; empty when not known."""

    @property
    def kv_values_per_token(self) -> int:
        """How many numbers these layers keep for a token."""
        return self.layers * (self.rank + self.rope_dims)


@dataclass(frozen=True, slots=True)
class Recurrent:
    """Layers whose state does not grow with the context: state-space, delta nets, convolutions."""

    layers: int
    inner: int
    groups: int
    state: int
    kernel: int
    """Width of the convolution."""
    indices: tuple[int, ...] = ()
    """Which layers of the model, counted from 0; empty when not known."""

    @property
    def state_bytes(self) -> int:
        """What one conversation's state takes, as llama.cpp's recurrent memory keeps it, in F32.

        Each layer has (kernel - 1) x (inner + 2 x groups x state) for the convolution and
        state x inner for the rest (llama-hparams.cpp, n_embd_r and n_embd_s).
        """
        convolution = (self.kernel - 1) * (self.inner + 2 * self.groups * self.state)
        return self.layers * (convolution + self.state * self.inner) * _F32_BYTES


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts: of `count`, `used` work on a token."""

    count: int
    used: int
    feed_forward: int
    """Width of one expert."""
    shared_feed_forward: int | None = None
    """Width of the expert that always works, where there is one and it is known."""
    dense_layers: int = 0
    """The first layers, which have one wide feed-forward in place of experts."""
    dense_feed_forward: int | None = None
    indices: tuple[int, ...] = ()
    """Which layers have experts, counted from 0; empty: all after the dense ones."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the memory of a model follows from. None stands where no source says it."""

    layers: int
    attention: tuple[Attention, ...]
    latent: Latent | None = None
    recurrent: Recurrent | None = None
    experts: Experts | None = None
    shared_kv_layers: int = 0
    """Layers that read the KV cache of another."""
    stateless_layers: int = 0
    """Layers with neither KV cache nor state."""
    embedding: int | None = None
    heads: int | None = None
    feed_forward: int | None = None
    """Of one layer, the widest where they differ."""
    feed_forward_by_layer: tuple[int, ...] = ()
    """Empty where all layers have the same."""
    per_layer_embedding: int = 0
    """Width of a further input embedding that every layer has."""
    vocabulary: int | None = None
    """How many tokens it knows."""
    tied_embeddings: bool | None = None
    """Whether one matrix serves at both ends."""
    is_guess: bool = False
    """The architecture is not one that localchat knows: read as if it were a plain one."""

    @property
    def kv_bytes_per_token(self) -> int:
        """KV cache in F16 that every token of the context adds."""
        values = sum(each.kv_values_per_token for each in self.attention if not each.window_tokens)
        return (values + (self.latent.kv_values_per_token if self.latent else 0)) * _F16_BYTES

    @property
    def window_kv_bytes_per_token(self) -> int:
        """KV cache in F16 that a token adds while it is within the sliding window."""
        values = sum(each.kv_values_per_token for each in self.attention if each.window_tokens)
        return values * _F16_BYTES


def read(table: Table) -> Shape:
    """Read a shape and check that it adds up. Raises CatalogueError, which names the key."""
    shape = Shape(
        layers=table.whole("layers"),
        attention=tuple(_attention(each) for each in table.tables("attention")),
        latent=_latent(table.table("latent")),
        recurrent=_recurrent(table.table("recurrent")),
        experts=_experts(table.table("experts")),
        shared_kv_layers=table.whole("shared_kv_layers", missing=0),
        stateless_layers=table.whole("stateless_layers", missing=0),
        embedding=table.maybe_whole("embedding"),
        heads=table.maybe_whole("heads"),
        feed_forward=table.maybe_whole("feed_forward"),
        vocabulary=table.maybe_whole("vocabulary"),
        tied_embeddings=table.flag("tied_embeddings")
        if "tied_embeddings" in table.values
        else None,
    )
    _check(table, shape)
    table.done()
    return shape


def _check(table: Table, shape: Shape) -> None:
    counted = sum(group.layers for group in shape.attention)
    counted += shape.latent.layers if shape.latent else 0
    counted += shape.recurrent.layers if shape.recurrent else 0
    counted += shape.shared_kv_layers + shape.stateless_layers
    if counted != shape.layers:
        raise table.fault("layers", f"must be {counted}, the layers of all kinds together")
    stated = {
        "stated_kv_bytes_per_token": shape.kv_bytes_per_token,
        "stated_window_kv_bytes_per_token": shape.window_kv_bytes_per_token,
    }
    for key, expected in stated.items():
        if table.whole(key, missing=expected) != expected:
            raise table.fault(key, f"must be {expected}, which follows from the shape")


def _attention(table: Table) -> Attention:
    group = Attention(
        layers=table.whole("layers"),
        kv_heads=table.whole("kv_heads"),
        key_dims=table.whole("key_dims"),
        value_dims=table.whole("value_dims"),
        window_tokens=table.maybe_whole("window_tokens"),
    )
    table.done()
    return group


def _latent(table: Table | None) -> Latent | None:
    if table is None:
        return None
    latent = Latent(
        table.whole("layers"),
        table.whole("rank"),
        table.whole("rope_dims"),
        table.maybe_whole("query_rank"),
    )
    table.done()
    return latent


def _recurrent(table: Table | None) -> Recurrent | None:
    if table is None:
        return None
    recurrent = Recurrent(
        layers=table.whole("layers"),
        inner=table.whole("inner"),
        groups=table.whole("groups"),
        state=table.whole("state"),
        kernel=table.whole("kernel"),
    )
    table.done()
    return recurrent


def _experts(table: Table | None) -> Experts | None:
    if table is None:
        return None
    experts = Experts(
        count=table.whole("count"),
        used=table.whole("used"),
        feed_forward=table.whole("feed_forward"),
        shared_feed_forward=table.maybe_whole("shared_feed_forward"),
        dense_layers=table.whole("dense_layers", missing=0),
        dense_feed_forward=table.maybe_whole("dense_feed_forward"),
    )
    table.done()
    return experts
