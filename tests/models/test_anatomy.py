"""Shape and weights from headers: every kind of architecture, split files, unknown kinds."""

import dataclasses
from pathlib import Path
from types import MappingProxyType

import pytest

from localchat.models import anatomy, gguf, windows
from localchat.models.header import Array, Header, Tensor, Value
from localchat.models.quants import TENSOR_TYPES
from localchat.models.shapes import Attention, Shape
from localchat.models.weights import Weights
from tests import architectures
from tests.architectures import CLASSES

HALF = TENSOR_TYPES[1]


def _header(name: str, folder: Path, *, real: bool = True) -> Header:
    kind = CLASSES[name]
    size = dataclasses.replace(kind.real if real else kind.tiny, vocabulary=512)
    path = architectures.write_header(folder / f"{name}.gguf", name, size)
    with path.open("rb") as source:
        return gguf.parse(source, path.name, path.stat().st_size)


def _shape(name: str, folder: Path) -> Shape:
    return anatomy.shape(_header(name, folder))


def _made(architecture: str, tensors: tuple[str, ...], **metadata: Value) -> Header:
    """A header of tensors of 8 numbers and metadata with __ for a point."""
    made = tuple(Tensor(name, (4, 2), HALF, 0, 8, 16) for name in tensors)
    keys = {f"{architecture}.{key.replace('__', '.')}": value for key, value in metadata.items()}
    keys["general.architecture"] = architecture
    return Header(3, MappingProxyType(keys), made, 32, 0)


def _array(*values: int | bool) -> Array:
    return Array("int32", len(values), values)


@pytest.mark.parametrize("name", CLASSES)
def test_every_byte_has_its_place(name: str, tmp_path: Path) -> None:
    """In every class the weights add up to the tensors of the file, and no layer is empty."""
    header = _header(name, tmp_path)
    weights = anatomy.weights(header)
    assert header.tensor_bytes == weights.total_bytes
    assert header.layers == len(weights.layers_bytes)
    assert all(weights.layers_bytes)
    assert weights.tied == CLASSES[name].real.tied


@pytest.mark.parametrize("name", CLASSES)
def test_every_layer_is_of_some_kind(name: str, tmp_path: Path) -> None:
    """In every class the layers of all kinds together are the layers of the model."""
    shape = _shape(name, tmp_path)
    counted = sum(group.layers for group in shape.attention)
    counted += shape.latent.layers if shape.latent else 0
    counted += shape.recurrent.layers if shape.recurrent else 0
    assert shape.layers == counted + shape.shared_kv_layers + shape.stateless_layers
    assert not shape.is_guess


def test_grouped_queries(tmp_path: Path) -> None:
    """A plain model has one kind of attention, with fewer heads for keys than for queries."""
    shape = _shape("llama", tmp_path)
    assert (Attention(32, 8, 128, 128, None, tuple(range(32))),) == shape.attention
    assert (32, 4096, 14_336) == (shape.heads, shape.embedding, shape.feed_forward)
    assert 131_072 == shape.kv_bytes_per_token


def test_heads_that_differ_by_layer(tmp_path: Path) -> None:
    """Where a header lists heads and widths by layer, layers without keys have no cache."""
    shape = _shape("per-layer heads", tmp_path)
    assert {8: 11, 1: 11} == {group.kv_heads: group.layers for group in shape.attention}
    assert 11 == shape.stateless_layers
    assert (14_336, 7168) == shape.feed_forward_by_layer[:2]


@pytest.mark.parametrize(
    ("name", "whole", "window"),
    [
        ("gemma2", tuple(range(1, 26, 2)), 4096),
        ("gemma3", tuple(range(5, 34, 6)), 1024),
        ("gpt-oss", tuple(range(1, 24, 2)), 128),
        ("gemma4 experts", tuple(range(5, 30, 6)), 1024),
    ],
)
def test_sliding_windows(name: str, whole: tuple[int, ...], window: int, tmp_path: Path) -> None:
    """Which layers see all is in the engine's code for some, and in the header for others."""
    shape = _shape(name, tmp_path)
    by_window = {group.window_tokens: group for group in shape.attention}
    assert {None, window} == set(by_window)
    assert whole == by_window[None].indices


def test_windows_that_a_header_names_and_llama_cpp_ignores() -> None:
    """Mistral's old headers name a window that no engine uses any more."""
    header = _made("llama", (), block_count=2, attention__sliding_window=4096)
    assert (None, None) == windows.windows(header, 2)


def test_windows_with_their_own_rules() -> None:
    """A period in the header wins over the code's; Llama 4's window is fixed; 0 means none."""
    period = _made(
        "gemma3", (), block_count=4, attention__sliding_window=512,
        attention__sliding_window_pattern=2,
    )  # fmt: skip
    assert (512, None, 512, None) == windows.windows(period, 4)
    fixed = _made("llama4", (), block_count=4, attention__sliding_window=512)
    assert (8192, 8192, 8192, None) == windows.windows(fixed, 4)
    first = _made("smallthinker", (), block_count=4, attention__sliding_window=1)
    assert (None, 4096, 4096, 4096) == windows.windows(first, 4)
    none = _made("gemma3", (), block_count=2, attention__sliding_window=0)
    assert (None, None) == windows.windows(none, 2)
    listed = _made(
        "gemma4", (), block_count=3, attention__sliding_window=64,
        attention__sliding_window_pattern=_array(True, False, True),
    )  # fmt: skip
    assert (64, None, 64) == windows.windows(listed, 3)


def test_shared_caches(tmp_path: Path) -> None:
    """The last layers of Gemma 3n and 4 read the caches of others."""
    assert (10, 20) == (
        _shape("gemma3n", tmp_path).shared_kv_layers,
        _shape("gemma4", tmp_path).shared_kv_layers,
    )
    shape = _shape("gemma4", tmp_path)
    owners = sorted(index for group in shape.attention for index in group.indices)
    assert list(range(15)) == owners
    assert {(None, 512), (512, 256)} == {
        (group.window_tokens, group.key_dims) for group in shape.attention
    }
    assert 256 == shape.per_layer_embedding


def test_latent_attention(tmp_path: Path) -> None:
    """DeepSeek's keys are one compressed row of 576 numbers a layer."""
    latent = _shape("deepseek2", tmp_path).latent
    assert latent is not None
    assert (27, 512, 64, 128) == (latent.layers, latent.rank, latent.rope_dims, latent.head_dims)


@pytest.mark.parametrize(
    ("name", "recurrent", "attending", "state_bytes"),
    [
        ("mamba2", 64, 0, 2_685_952),
        ("qwen35", 24, 8, 2_195_456),
        ("qwen3next", 36, 12, 2_195_456),
        ("granitehybrid", 36, 4, 1_612_800),
        ("lfm2", 11, 5, 16_384),
    ],
)
def test_states(
    name: str, recurrent: int, attending: int, state_bytes: int, tmp_path: Path
) -> None:
    """Layers with a state are told from those that attend, and each state has llama.cpp's size."""
    shape = _shape(name, tmp_path)
    assert shape.recurrent is not None
    assert recurrent == shape.recurrent.layers
    assert attending == sum(group.layers for group in shape.attention)
    assert recurrent * state_bytes == shape.recurrent.state_bytes


def test_linear_attention_of_rwkv() -> None:
    """RWKV's state: two shifted tokens, and a square of each head's width (n_embd_r, n_embd_s)."""
    header = _made(
        "rwkv7", ("blk.0.time_mix_key.weight",), block_count=1, embedding_length=64,
        wkv__head_size=16, attention__head_count=0,
    )  # fmt: skip
    recurrent = anatomy.shape(header).recurrent
    assert recurrent is not None
    assert (2 * 64 + 64 * 16) * 4 == recurrent.state_bytes


def test_experts(tmp_path: Path) -> None:
    """Experts come after the dense layers, and their bytes are counted apart."""
    header = _header("deepseek2", tmp_path)
    experts = anatomy.shape(header).experts
    assert experts is not None
    assert (64, 6, 1408, 2816) == (
        experts.count,
        experts.used,
        experts.feed_forward,
        experts.shared_feed_forward,
    )
    assert tuple(range(1, 27)) == experts.indices
    weights = anatomy.weights(header)
    assert 0 == weights.experts_bytes[0]
    assert all(0.8 < part / whole < 1 for part, whole in _after_first(weights))


def _after_first(weights: Weights) -> list[tuple[int, int]]:
    return list(zip(weights.experts_bytes, weights.layers_bytes, strict=True))[1:]


def test_layers_that_predict_further_ahead_are_left_out() -> None:
    """Layers for multi-token prediction are in the file but llama.cpp does not load them."""
    header = _made(
        "glm4moe",
        ("token_embd.weight", "blk.0.attn_k.weight", "blk.1.attn_k.weight"),
        block_count=2,
        nextn_predict_layers=1,
        attention__head_count=1,
        attention__head_count_kv=1,
        attention__key_length=8,
        attention__value_length=8,
    )
    assert 1 == anatomy.shape(header).layers
    assert (16,) == anatomy.weights(header).layers_bytes


def test_split_files_are_one_model(tmp_path: Path) -> None:
    """The headers of all parts together say what one file's header says."""
    whole = _header("qwen3moe", tmp_path)
    middle = len(whole.tensors) // 2
    first = dataclasses.replace(whole, tensors=whole.tensors[:middle])
    later = Header(3, MappingProxyType({}), whole.tensors[middle:], 32, 0)
    assert anatomy.shape(whole) == anatomy.shape(first, later)
    assert anatomy.weights(whole) == anatomy.weights(first, later)
    assert anatomy.shape(whole) != anatomy.shape(first)


def test_an_unknown_architecture_is_read_as_a_plain_one_and_says_so() -> None:
    """What nobody knows yet has keys, values and a width all the same: a guess, marked as one."""
    header = _made(
        "tomorrow",
        ("blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"),
        block_count=1,
        embedding_length=64,
        attention__head_count=4,
        attention__head_count_kv=2,
    )
    shape = anatomy.shape(header)
    assert shape.is_guess
    assert (Attention(1, 2, 16, 16, None, (0,)),) == shape.attention


def test_a_hostile_header_is_no_surprise() -> None:
    """Missing and absurd metadata give an empty shape, never an exception."""
    header = _made("llama", ("blk.7.attn_k.weight",), block_count=1, attention__head_count="x")
    shape = anatomy.shape(header)
    assert (1, ()) == (shape.layers, shape.attention)
    assert 0 == anatomy.weights(header).layers_bytes[0]
    absurd = _made("llama", (), block_count=4_000_000_000, embedding_length=-5)
    assert (512, None) == (anatomy.shape(absurd).layers, anatomy.shape(absurd).embedding)
