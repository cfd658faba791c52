"""What a probe keeps of a header, and the small models that it writes from it."""

import dataclasses
import struct
from pathlib import Path

import pytest

from localchat import errors
from localchat.engine import ggmlquants, metabytes, outline, probe, truncation
from localchat.engine.probe import Depths
from localchat.models import gguf
from tests import architectures, gguf_files

_PERIODS = {
    "llama": (0, 1), "qwen3": (0, 1), "gemma2": (0, 2), "gemma3": (0, 6), "gemma3n": (0, 5),
    "gpt-oss": (0, 2), "deepseek2": (1, 1), "qwen3moe": (0, 1), "qwen35": (0, 4),
    "granitehybrid": (0, 10), "lfm2": (0, 3), "mamba2": (0, 1),
}  # fmt: skip


def published(name: str, folder: Path) -> Path:
    """The header of a model as it is published, but for the length of its vocabulary."""
    size = dataclasses.replace(architectures.CLASSES[name].real, vocabulary=1024)
    return architectures.write_header(folder / "header.gguf", name, size)


@pytest.mark.parametrize("name", sorted(architectures.CLASSES))
def test_copies_hold_whole_periods_and_stay_small(name: str, tmp_path: Path) -> None:
    """Both copies of any published model end where a period ends, or are the whole model."""
    model = outline.outline(published(name, tmp_path))
    chosen = probe.depths(model, probe.MOST_BYTES)
    if name in _PERIODS:
        assert _PERIODS[name] == (model.leading_layers, model.period)
    for layers in (chosen.few, chosen.more):
        whole = (layers - model.leading_layers) % model.period == 0
        assert whole or layers == model.layers
    small = model.held_bytes(chosen.more) <= 1.25 * probe.MOST_BYTES
    assert small or chosen.more == model.leading_layers + 2 * model.period
    assert 0 < chosen.few <= chosen.more <= model.layers
    assert (chosen.reach == 0.0) == (chosen.more == model.layers)


def test_a_small_model_is_measured_whole(tmp_path: Path) -> None:
    """What fits is no copy: nothing is left to extend."""
    model = outline.outline(published("lfm2", tmp_path))
    assert Depths(3, 16, 0.0) == probe.depths(model, probe.MOST_BYTES)


@pytest.mark.parametrize("name", ["llama", "gemma3n", "qwen3moe", "qwen35"])
def test_a_copy_is_a_sound_file_with_fewer_layers(name: str, tmp_path: Path) -> None:
    """Our own reader takes it, no vocabulary is in it, and its weights take no room on the disk."""
    model = outline.outline(published(name, tmp_path))
    layers = model.leading_layers + 2 * model.period
    copy = tmp_path / "copy.gguf"
    truncation.write(copy, model, layers, ggmlquants.quantize)

    header = gguf.read_header(copy)

    blocks = {tensor.name.split(".")[1] for tensor in header.tensors if tensor.name[:4] == "blk."}
    assert {str(layer) for layer in range(layers)} == blocks
    assert layers == header.layers
    assert "tokenizer.ggml.tokens" not in header.metadata
    assert model.vocabulary == header.number(f"{header.architecture}.vocab_size")
    assert 512 * copy.stat().st_blocks < 0.2 * copy.stat().st_size


def test_routers_are_random_and_norms_are_one(tmp_path: Path) -> None:
    """Else all tokens would go to the same experts, and what reaches a layer would be zero."""
    model = outline.outline(
        architectures.write_header(
            tmp_path / "header.gguf", "qwen3moe", architectures.CLASSES["qwen3moe"].tiny, "Q8_0"
        )
    )
    copy = tmp_path / "copy.gguf"
    truncation.write(copy, model, 2, ggmlquants.quantize)
    header, raw = gguf.read_header(copy), copy.read_bytes()
    content = {}
    for tensor in header.tensors:
        start = header.data_offset_bytes + tensor.offset_bytes
        content[tensor.name] = raw[start : start + tensor.size_bytes]

    router = content["blk.1.ffn_gate_inp.weight"]
    numbers = struct.unpack(f"<{len(router) // 4}f", router)
    norm = content["blk.0.attn_norm.weight"]

    assert len(set(numbers)) > 0.9 * len(numbers)
    assert all(-1 <= number <= 1 for number in numbers)
    assert norm == struct.pack("<f", 1.0) * (len(norm) // 4)
    assert any(content["token_embd.weight"])
    assert not any(content["blk.0.attn_q.weight"])


def test_layers_that_only_predict_ahead_are_left_out(tmp_path: Path) -> None:
    """Decoding one token does not run them, so the whole model has fewer layers than it states."""
    plain = published("qwen3", tmp_path)
    model = outline.outline(plain)
    assert model.layers == model.stated_layers
    arch = model.architecture
    raw = plain.read_bytes()
    key = metabytes.packed(f"{arch}.nextn_predict_layers") + struct.pack("<II", metabytes.U32, 2)
    (count,) = struct.unpack_from("<Q", raw, 16)
    ahead = tmp_path / "ahead.gguf"
    ahead.write_bytes(raw[:16] + struct.pack("<Q", count + 1) + key + raw[24:])
    assert model.layers - 2 == outline.outline(ahead).layers


def test_a_model_in_several_files_is_read_from_all_headers(tmp_path: Path) -> None:
    """Any part leads to the whole: the same layers, bytes and period as in one file."""
    content = architectures.content("qwen3moe", architectures.CLASSES["qwen3moe"].tiny)
    parts = gguf_files.write_split(tmp_path / "model.gguf", content, 10)
    whole = outline.outline(architectures.write(tmp_path / "whole.gguf", "qwen3moe"))
    found = outline.outline(parts[0])
    assert 1 < len(parts)
    assert (whole.layers, whole.period, whole.experts_share) == (
        found.layers, found.period, found.experts_share,
    )  # fmt: skip
    assert whole.held_bytes(whole.layers) == found.held_bytes(found.layers)


def test_a_header_without_its_layers_is_refused(tmp_path: Path) -> None:
    """One part alone, renamed, is no model: a sentence, before anything is written."""
    content = architectures.content("llama", architectures.CLASSES["llama"].tiny)
    parts = gguf_files.write_split(tmp_path / "model.gguf", content, 10)
    alone = parts[0].rename(tmp_path / "alone.gguf")
    with pytest.raises(errors.BadModel, match="layers"):
        outline.outline(alone)
