"""The catalogue: which models it has, that its figures hold together, and what finds them."""

import copy
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from localchat import errors, paths
from localchat.models import catalogue, facts
from localchat.models.catalogue import CatalogueModel, FileSize
from localchat.models.shapes import Attention, Recurrent
from localchat.tomltable import Table

MODELS = catalogue.catalogue()
_BLOCK = 256
"""Rows that are no multiple of it fall back to larger formats when quantized."""
_DENSE = {
    "llama", "qwen2", "qwen3", "phi3", "mistral3", "granite", "gemma3", "smollm3", "olmo2",
}  # fmt: skip


def _model(name: str) -> CatalogueModel:
    model = catalogue.find(name)
    assert model is not None
    return model


def _each(model: CatalogueModel) -> str:
    return model.id


def test_covers_small_to_large() -> None:
    """At least 45 models from 0.4 to 120 billion weights, and some in every class of memory."""
    assert len(MODELS) >= 45
    billions = sorted(model.parameters / 1e9 for model in MODELS)
    assert billions[0] < 0.4
    assert billions[-1] > 116
    for low, high in ((0, 1), (1, 2), (2, 5), (5, 10), (10, 16), (16, 30), (30, 40), (60, 130)):
        assert sum(low <= size < high for size in billions) >= 2, (low, high)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("mistral-7b", 2), ("dolphin-2.6-mistral-7b-dpo", 1), (r"llama-3\.", 4), (r"qwen3-", 8),
        (r"qwen3\.5-", 6), (r"qwen3\.6-", 2), (r"qwen3\.8-", 1), ("gemma-3-", 4), ("gemma-4-", 5),
        ("gpt-oss-", 2), ("phi-4", 2), ("smollm", 3), (r"granite-4\.", 4), ("lfm2", 3),
        ("ministral-", 3), ("mistral-small", 1), ("^r1-", 6), ("glm-", 2), ("nemotron-", 1),
    ],
)  # fmt: skip
def test_covers_every_family(pattern: str, count: int) -> None:
    """Each family that people ask for is there."""
    assert sum(bool(re.search(pattern, model.id)) for model in MODELS) >= count


def test_most_models_have_files_of_known_size() -> None:
    """Without a network, sizes are known for nearly all, and for a good quantization of each."""
    without = [model.id for model in MODELS if not model.files]
    assert without == ["smollm2-360m", "glm-4.5-air"]
    for model in MODELS:
        assert not model.files or any(
            size.quant.is_trained_in or (size.quant.bits_per_weight or 4.5) >= 3.2
            for files in model.files
            for size in files.sizes
        )


@pytest.mark.parametrize("model", MODELS, ids=_each)
def test_an_entry_is_complete(model: CatalogueModel) -> None:
    """Every entry has a source, a license, a short id and figures that are possible."""
    assert model.sources
    assert model.license
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{2,31}", model.id)
    assert model.repo not in model.fallback_repos
    assert model.released == "" or re.fullmatch(r"20\d\d(-\d\d){0,2}", model.released)
    assert 8192 <= model.trained_context_tokens <= 262144
    assert model.tier_reason
    assert (model.active_parameters is not None) == bool(
        model.shape.experts or model.id in ("gemma-4-e2b", "gemma-4-e4b")
    )
    assert all(files.source for files in model.files)


def test_memory_of_a_context_follows_from_the_shape() -> None:
    """Known figures: grouped, no grouping, sliding window, latent, hybrid, with shared caches."""
    kib = {model.id: model.shape.kv_bytes_per_token / 1024 for model in MODELS}
    window_kib = {model.id: model.shape.window_kv_bytes_per_token / 1024 for model in MODELS}
    assert kib["mistral-7b"] == 128
    assert kib["smollm2-1.7b"] == 192
    assert (kib["gemma-4-31b"], window_kib["gemma-4-31b"]) == (80, 800)
    assert kib["glm-4.7-flash"] == 52.875
    assert (kib["qwen3.5-4b"], kib["qwen3.8-27b"], kib["qwen3.6-35b-a3b"]) == (32, 64, 20)
    assert (kib["gpt-oss-20b"], window_kib["gpt-oss-20b"]) == (24, 24)
    assert (kib["nemotron-3-nano-30b-a3b"], kib["gemma-4-e2b"]) == (6, 6)


def test_state_of_a_hybrid_is_what_llama_cpp_reports() -> None:
    """A log of Qwen3.5 4B shows 201 MiB for four conversations."""
    recurrent = _model("qwen3.5-4b").shape.recurrent
    assert recurrent is not None
    assert recurrent.state_bytes == 50.25 * 2**20
    assert Recurrent(10, inner=2048, groups=0, state=0, kernel=3).state_bytes == 10 * 2 * 2048 * 4


@pytest.mark.parametrize(
    "model",
    [
        model for model in MODELS
        if model.architecture in _DENSE and model.shape.tied_embeddings is not None
    ],
    ids=_each,
)  # fmt: skip
def test_weights_are_counted_from_the_shape(model: CatalogueModel) -> None:
    """The matrices of a dense model are all its weights but a few: norms and biases."""
    shape = model.shape
    assert shape.embedding and shape.heads and shape.feed_forward and shape.vocabulary
    total = shape.vocabulary * shape.embedding * (1 if shape.tied_embeddings else 2)
    for group in shape.attention:
        query_rows = shape.heads * (group.key_dims + group.value_dims)
        kv_rows = group.kv_heads * (group.key_dims + group.value_dims)
        per_layer = query_rows + kv_rows + 3 * shape.feed_forward
        total += group.layers * per_layer * shape.embedding
    assert total <= model.parameters < total * 1.0005


def _sizes(model: CatalogueModel) -> list[FileSize]:
    return [
        size
        for files in model.files
        for size in files.sizes
        if not files.is_quantization_aware and not size.quant.is_dynamic
    ]


@pytest.mark.parametrize("model", [model for model in MODELS if _sizes(model)], ids=_each)
def test_sizes_agree_with_bits_per_weight(model: CatalogueModel) -> None:
    """Files are as large as their weights and their quantization's bits say.

    Small models keep a large vocabulary at more bits; rows that do not fill blocks are kept at
    more, too. Unsloth's Q2_K_L is another mix than the one of that name in the table, and formats
    that a model must be trained in mean a different mix in each model that was not.
    """
    shape = model.shape
    share = (shape.vocabulary or 0) * (shape.embedding or 0) / model.parameters
    uneven = (shape.embedding or 0) % _BLOCK != 0
    # The embeddings of each layer of Gemma 4 E2B and E4B are vocabulary, too.
    slack = 0.35 if uneven or model.id.startswith("gemma-4-e") else 0.06 + share
    for size in _sizes(model):
        bits = size.size_bytes * 8 / model.parameters
        known = size.quant.bits_per_weight
        if known is None or size.label == "Q2_K_L" or size.quant.is_trained_in:
            continue
        blur = size.uncertainty_bytes / size.size_bytes
        ratio = bits / known
        widest = 1.75 if uneven and known < 4 else 1 + slack + blur
        assert 0.88 - blur < ratio < widest, (size.label, ratio)
        if size.quant.is_full_precision:
            assert ratio == pytest.approx(1, abs=0.015 + blur)


def test_the_model_case_has_its_files() -> None:
    """Dolphin 2.6 Mistral 7B: twelve files in steps of ten million bytes, none with imatrix."""
    model = _model("dolphin-2.6-mistral-7b-dpo")
    (files,) = model.files
    gigabytes = {size.label: size.size_bytes / 1e9 for size in files.sizes}
    assert gigabytes == {
        "Q2_K": 3.08, "Q3_K_S": 3.16, "Q3_K_M": 3.52, "Q3_K_L": 3.82, "Q4_0": 4.11, "Q4_K_S": 4.14,
        "Q4_K_M": 4.37, "Q5_0": 5.0, "Q5_K_S": 5.0, "Q5_K_M": 5.13, "Q6_K": 5.94, "Q8_0": 7.7,
    }  # fmt: skip
    assert {size.uncertainty_bytes for size in files.sizes} == {5_000_000}
    assert not files.has_imatrix
    assert model.shape.attention == (Attention(32, 8, 128, 128),)


def test_uncertainty_is_half_a_unit_of_the_last_digit() -> None:
    """Bytes are exact, 2.0 GiB is good to 0.05, 0.752 GiB to 0.0005."""
    exact = _model("gpt-oss-20b").files[0].sizes[0]
    assert (exact.size_bytes, exact.uncertainty_bytes) == (12109566560, 0)
    by_label = {size.label: size for size in _model("llama-3.2-1b").files[0].sizes}
    assert by_label["Q4_K_M"].uncertainty_bytes == int(Decimal("0.0005") * 2**30)
    assert by_label["Q8_0"].uncertainty_bytes == int(Decimal("0.05") * 2**30)


def test_size_of_prefers_the_first_repository() -> None:
    """A quantization-aware repository does not stand in for the ordinary one."""
    model = _model("gemma-4-e2b")
    quant = next(size.quant for size in model.files[0].sizes if size.label == "UD-Q4_K_XL")
    found = model.size_of(quant)
    assert found == next(size for size in model.files[0].sizes if size.label == "UD-Q4_K_XL")


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("mistral-7b", "mistral-7b"),
        ("Mistral-7B-Instruct-v0.3", "mistral-7b"),
        (" MISTRAL ", "mistral-7b"),
        ("bartowski/Mistral-7B-Instruct-v0.3-GGUF", "mistral-7b"),
        ("thebloke/dolphin-2.6-mistral-7b-dpo-gguf", "dolphin-2.6-mistral-7b-dpo"),
        ("Gemma 4 E4B it", "gemma-4-e4b"),
        ("openai/gpt-oss-20b", "gpt-oss-20b"),
        ("deepseek-r1-distill-llama-8b", "r1-distill-llama-8b"),
        ("qwen3-4b", "qwen3-4b-instruct-2507"),
    ],
)
def test_finds_models_by_any_name(text: str, model: str) -> None:
    """Id, alias, title and repository, in any case."""
    assert _model(text).id == model


def test_names_are_one_to_one() -> None:
    """No title or first repository belongs to two models."""
    for names in ([model.title for model in MODELS], [model.repo for model in MODELS]):
        assert len(names) == len({name.lower() for name in names})


@pytest.mark.parametrize(
    ("text", "first"),
    [("mistrl-7b", "mistral-7b"), ("gtp-oss-20b", "gpt-oss-20b"), ("qwen3.8", "qwen3.8-27b")],
)
def test_suggests_what_is_near(text: str, first: str) -> None:
    """A slip of the finger or half a name leads to the model; at most three are named."""
    assert catalogue.find(text) is None
    near = catalogue.near(text)
    assert near[0] == first
    assert len(near) <= 3


def test_suggests_nothing_for_nonsense() -> None:
    """What looks like no model has no neighbors."""
    assert catalogue.find("") is None
    assert catalogue.near("") == ()
    assert catalogue.near("zzzzzz") == ()


def _entry(changes: Mapping[str, Any]) -> Table:
    text = paths.asset("catalogue.toml").read_text(encoding="utf-8")
    entry = copy.deepcopy(tomllib.loads(text, parse_float=Decimal)["model"][0])
    for path, value in changes.items():
        *parents, key = path.split(".")
        table = entry
        for parent in parents:
            table = table[parent]
        if value is None:
            del table[key]
        else:
            table[key] = value
    return Table(facts.source("catalogue.toml"), "model.x", entry)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"license": None}, "model.x.license is missing"),
        ({"license": 7}, "model.x.license must be a text"),
        ({"sources": []}, "model.x.sources must name one at least"),
        ({"tier": 10}, "model.x.tier must be from 1 to 9"),
        ({"thinking": "maybe"}, "model.x.thinking must be none, optional or always"),
        ({"repo": "dolphin"}, 'model.x.repo must be like "user/name"'),
        ({"parameters": -1}, "model.x.parameters must be a whole number, 0 or more"),
        ({"active_parameters": 10**12}, "model.x.active_parameters must not be more than"),
        ({"color": "red"}, "model.x.color is not a key that localchat knows"),
        ({"shape": None}, "model.x.shape is missing"),
        ({"shape.layers": 33}, "model.x.shape.layers must be 32, the layers of all kinds"),
        ({"shape.stated_kv_bytes_per_token": 1}, "must be 131072, which follows from the shape"),
        ({"files": [{"repo": "a/b", "source": "c", "unit": "MB"}]}, "files[0].unit must be one of"),
        ({"files": [{"repo": "a/b", "source": "c", "unit": "GB"}]}, "files[0].sizes is missing"),
        (
            {"files": [{"repo": "a/b", "source": "c", "unit": "GB", "sizes": {"Q9": 1}}]},
            "files[0].sizes.Q9 is no quantization that localchat knows",
        ),
        (
            {
                "files": [
                    {"repo": "a", "source": "c", "unit": "GB", "sizes": {"F16": Decimal("nan")}}
                ]
            },
            "files[0].sizes.F16 must be a number above 0",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_its_key(changes: Mapping[str, Any], problem: str) -> None:
    """Whoever edits the catalogue reads the file, the entry and the key."""
    with pytest.raises(errors.CatalogueError) as caught:
        catalogue.read_model(_entry(changes))
    assert caught.value.message.startswith("catalogue.toml: model.x.")
    assert problem in caught.value.message
