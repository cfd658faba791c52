"""What the time of a token depends on, read off a header: shapes, formats, and layers that repeat.

From a file, of which everything after the header may be missing, or for a Llama of our own with
any measures. Knows nothing of time.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from localchat import errors, sanitize
from localchat.engine import metabytes
from localchat.engine.metabytes import Entry
from localchat.models import gguf, quants, splits
from localchat.models.header import Array, Header

_LONGEST_PERIOD = 12
_MOST_LAYERS = 64
_VOCABULARY = 4096
_LAYER = re.compile(r"^blk\.(\d+)\.(.+)$")
_WINDOW_PERIODS = MappingProxyType(
    {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "llama4": 4,
     "exaone4": 4, "exaone-moe": 4, "olmo2": 4, "afmoe": 4, "plamo3": 8, "smallthinker": 4}
)  # fmt: skip
"""After how many layers windows and full attention come round again, where the file does not say
(llama.cpp, src/models)."""

_FOR_ALL_LAYERS = MappingProxyType(
    {"per_layer_token_embd.weight": 0, "per_layer_model_proj.weight": 1}
)
"""The dimension that grows with the layers, in tensors that hold something for each of them."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A tensor, as far as a header describes it."""

    name: str
    shape: tuple[int, ...]
    kind: int
    """The number of its format in ggml."""
    size_bytes: int

    @property
    def layer(self) -> int | None:
        """The layer it belongs to; None for embeddings and the output head."""
        place = _LAYER.match(self.name)
        return int(place[1]) if place else None


@dataclass(frozen=True, slots=True)
class Attention:
    """How many heads read the context, and how wide they are."""

    heads: int = 32
    kv_heads: int = 8
    dims: int = 128


@dataclass(frozen=True, slots=True)
class Outline:
    """What is kept of a header to write truncated models from it."""

    architecture: str
    entries: tuple[Entry, ...]
    tensors: tuple[Blank, ...]
    layers: int
    stated_layers: int
    """As the file counts them, with layers that only predict ahead."""
    leading_layers: int
    """The first layers, which are unlike the others."""
    period: int
    """After so many layers the same kinds of layer come round again."""
    vocabulary: int
    experts_share: float
    """Of the routed experts, how many work on a token; 1 where there are none."""
    attention: Attention

    def layer_bytes(self, first: int, end: int) -> float:
        """Add up what a token reads of the layers from `first` to before `end`."""
        return sum(
            tensor.size_bytes * (self.experts_share if "_exps." in tensor.name else 1.0)
            for tensor in self.tensors
            if tensor.layer is not None and first <= tensor.layer < end
        )

    def held_bytes(self, layers: int) -> int:
        """Add up what the first layers take in memory, all experts included."""
        return sum(
            tensor.size_bytes
            for tensor in self.tensors
            if tensor.layer is not None and tensor.layer < layers
        )

    def cut(self, layers: int) -> "tuple[Blank, ...]":
        """Keep the tensors of a model with so many layers.

        Tensors that hold something for every layer in one row are shortened with them.
        """
        kept = (t for t in self.tensors if t.layer is None or t.layer < layers)
        return tuple(
            _narrowed(tensor, _FOR_ALL_LAYERS[tensor.name], self.layers, layers)
            if tensor.name in _FOR_ALL_LAYERS
            else tensor
            for tensor in kept
        )


def outline(path: Path) -> Outline:
    """Read what stands before the weights of a GGUF; the weights themselves may be missing.

    Of a model in several files, all headers must be there. Raises BadModel or OSError.
    """
    part = splits.part_of(path)
    files = part.all_paths if part else (path,)
    header, *later = (_header(file) for file in files)
    with files[0].open("rb") as source:
        raw = source.read(header.data_offset_bytes)
    arch = header.architecture
    stated = header.layers
    layers = stated - header.number(f"{arch}.nextn_predict_layers")
    kinds = {form.name: number for number, form in quants.TENSOR_TYPES.items()}
    tensors = tuple(
        Blank(t.name, t.shape, kinds[t.type.name], t.size_bytes)
        for each in (header, *later)
        for t in each.tensors
    )
    if len({t.layer for t in tensors} - {None}) < max(1, layers):
        name = sanitize.line(path.name, 120)
        raise errors.BadModel(f"{name} does not hold as many layers as it says.")
    used, count = (header.number(f"{arch}.expert{each}_count") for each in ("_used", ""))
    leading = header.number(f"{arch}.leading_dense_block_count")
    return Outline(
        architecture=arch,
        entries=tuple(metabytes.entries(raw)),
        tensors=tensors,
        layers=layers,
        stated_layers=stated,
        leading_layers=leading,
        period=_period(header, tensors, leading, layers),
        vocabulary=next((t.shape[-1] for t in tensors if t.name == "token_embd.weight"), 0),
        experts_share=used / count if count and used else 1.0,
        attention=_attention(header),
    )


def _header(file: Path) -> Header:
    with file.open("rb") as source:
        # Whatever size the header promises will do: only it is read.
        return gguf.parse(source, sanitize.line(file.name, 120), 2**62)


def _attention(header: Header) -> Attention:
    """Read the widest layer's attention; what is not said plainly is taken to be usual."""
    arch = header.architecture
    heads, kv_heads = (_most(header, f"{arch}.attention.head_count{kv}") for kv in ("", "_kv"))
    usual = header.number(f"{arch}.embedding_length") // max(1, heads)
    dims = header.number(f"{arch}.attention.key_length") or usual
    if not kv_heads or heads % kv_heads or dims % 32:
        return Attention()
    return Attention(heads, kv_heads, dims)


def _most(header: Header, key: str) -> int:
    value = header.metadata.get(key)
    if isinstance(value, Array):
        return max((int(each) for each in value.values or ()), default=0)
    return header.number(key)


def plain(
    *, width: int, feed_forward: int, heads: int, kv_heads: int, head_dims: int, kind: int
) -> Outline:
    """Describe a Llama of our own with any number of layers, all weights in format `kind`."""
    numbers = {
        "context_length": 8192, "embedding_length": width, "block_count": _MOST_LAYERS,
        "feed_forward_length": feed_forward, "attention.head_count": heads,
        "attention.head_count_kv": kv_heads, "attention.key_length": head_dims,
        "attention.value_length": head_dims, "rope.dimension_count": head_dims,
    }  # fmt: skip
    epsilon = metabytes.decimal_entry("llama.attention.layer_norm_rms_epsilon", 1e-5)
    entries = [metabytes.number_entry(f"llama.{key}", value) for key, value in numbers.items()]
    matrices = {
        "attn_q": (width, heads * head_dims), "attn_k": (width, kv_heads * head_dims),
        "attn_v": (width, kv_heads * head_dims), "attn_output": (heads * head_dims, width),
        "ffn_gate": (width, feed_forward), "ffn_up": (width, feed_forward),
        "ffn_down": (feed_forward, width),
    }  # fmt: skip
    tensors = [_matrix(name, (width, _VOCABULARY), kind) for name in ("token_embd", "output")]
    tensors.append(_norm("output_norm", width))
    for layer in range(_MOST_LAYERS):
        tensors += [_norm(f"blk.{layer}.{name}", width) for name in ("attn_norm", "ffn_norm")]
        tensors += [_matrix(f"blk.{layer}.{n}", dims, kind) for n, dims in matrices.items()]
    name = metabytes.text_entry("general.architecture", "llama")
    return Outline(
        "llama", (name, *entries, epsilon), tuple(tensors),
        layers=_MOST_LAYERS, stated_layers=_MOST_LAYERS, leading_layers=0, period=1,
        vocabulary=_VOCABULARY, experts_share=1.0,
        attention=Attention(heads, kv_heads, head_dims),
    )  # fmt: skip


def _matrix(name: str, shape: tuple[int, int], kind: int) -> Blank:
    form = quants.TENSOR_TYPES[kind]
    n_bytes = math.prod(shape) // form.block_elements * form.block_bytes
    return Blank(f"{name}.weight", shape, kind, n_bytes)


def _norm(name: str, width: int) -> Blank:
    return Blank(f"{name}.weight", (width,), 0, 4 * width)


def _narrowed(tensor: Blank, dimension: int, layers: int, kept: int) -> Blank:
    shape = list(tensor.shape)
    shape[dimension] = shape[dimension] // layers * kept
    return replace(tensor, shape=tuple(shape), size_bytes=tensor.size_bytes // layers * kept)


def _period(header: Header, tensors: Sequence[Blank], leading: int, layers: int) -> int:
    arch = header.architecture
    stated = header.number(f"{arch}.attention.sliding_window_pattern")
    windows = 1
    if header.number(f"{arch}.attention.sliding_window"):
        windows = stated or _WINDOW_PERIODS.get(arch, 1)
    kinds = _kinds(header, layers)
    # Where no layer is quite like another, they come at least round again in kind.
    for signatures in (_signatures(kinds, tensors), kinds):
        if found := _round_again(signatures[leading:]):
            return math.lcm(found, windows)
    return windows


def _round_again(signatures: Sequence[object]) -> int:
    """Find after how many layers all are the same again; 0 when that is never.

    >>> _round_again("aabaabaa")
    3
    """
    for period in range(1, min(_LONGEST_PERIOD, len(signatures)) + 1):
        if all(a == b for a, b in zip(signatures, signatures[period:], strict=False)):
            return period
    return 0


def _kinds(header: Header, layers: int) -> list[tuple[object, ...]]:
    """Say of each layer whether it attends, and through a window, where the header says it."""
    kinds: list[list[object]] = [[] for _ in range(layers)]
    for key, value in header.metadata.items():
        if isinstance(value, Array) and value.values and value.length == header.layers:
            for kind, each in zip(kinds, value.values, strict=False):
                kind.append((key, bool(each)))
    return [tuple(kind) for kind in kinds]


def _signatures(
    kinds: Sequence[tuple[object, ...]], tensors: Sequence[Blank]
) -> list[tuple[object, ...]]:
    """Say of each layer what tensors it has, and of what kind it is."""
    parts: list[list[tuple[str, object]]] = [[("", kind)] for kind in kinds]
    for tensor in tensors:
        if (place := _LAYER.match(tensor.name)) and int(place[1]) < len(parts):
            parts[int(place[1])].append((place[2], tensor.shape))
    return [tuple(sorted(part)) for part in parts]
