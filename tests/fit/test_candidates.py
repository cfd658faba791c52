"""Candidates: exact from a header, estimated from the catalogue, both good for planning."""

import dataclasses
from pathlib import Path

import pytest

from localchat.fit import candidates, memory
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Hardware
from localchat.models import catalogue, gguf
from localchat.models.header import Header
from tests import architectures
from tests.architectures import CLASSES

PROCESSOR = Hardware("linux", "Intel", 4, 0, 1 << 36, 1 << 36, 4, 4)


def _known(name: str) -> tuple[Candidate, ...]:
    model = catalogue.find(name)
    assert model is not None
    return candidates.from_catalogue(model)


def _header(
    folder: Path, name: str, quant: str, head: str | None = None, vocabulary: int = 32_000
) -> Header:
    size = dataclasses.replace(CLASSES[name].real, vocabulary=vocabulary)
    path = architectures.write_header(folder / f"{name}.gguf", name, size, quant, head)
    with path.open("rb") as source:
        return gguf.parse(source, path.name, path.stat().st_size)


def test_one_candidate_of_each_file() -> None:
    """Every size of the repository is a candidate of its own, the largest first."""
    found = _known("dolphin-2.6-mistral-7b-dpo")
    labels = ["Q8_0", "Q6_K", "Q5_K_M", "Q5_0", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0"]
    labels += ["Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K"]
    assert labels == [each.label for each in found]
    assert {"dolphin-2.6-mistral-7b-dpo"} == {each.model for each in found}
    assert 4_140_000_000 == next(each.file_bytes for each in found if each.label == "Q4_K_S")


def test_an_alias_finds_the_model() -> None:
    """`mistral-7b` and `mistral` are the catalogue's Mistral 7B."""
    assert _known("mistral-7b") == _known("mistral")
    assert 22 == len(_known("mistral-7b"))


@pytest.mark.parametrize("model", catalogue.catalogue(), ids=lambda model: model.id)
def test_estimated_weights_add_up(model: catalogue.CatalogueModel) -> None:
    """Of every file in the catalogue the parts make the whole, less what its header takes."""
    for each in candidates.from_catalogue(model):
        weights = each.weights
        assert 0.97 * each.file_bytes <= weights.total_bytes <= each.file_bytes
        assert model.shape.layers == len(weights.layers_bytes) == len(weights.experts_bytes)
        assert min(weights.layers_bytes) > 0
        assert all(a <= b for a, b in zip(weights.experts_bytes, weights.layers_bytes, strict=True))
        assert bool(model.shape.experts) == any(weights.experts_bytes)
        assert memory.footprint(each, EngineParams(), PROCESSOR).total_bytes > weights.total_bytes


def test_the_preferred_repository_comes_first() -> None:
    """A size that two repositories have is taken from the one that the catalogue prefers."""
    model = catalogue.find("gemma-3-4b")
    assert model is not None
    chosen = [each for each in candidates.from_catalogue(model) if each.label == "Q4_0"]
    own = next(files for files in model.files if files.repo == model.repo)
    expected = next(size.size_bytes for size in own.sizes if size.label == "Q4_0")
    assert [expected] == [each.file_bytes for each in chosen]


@pytest.mark.parametrize(("quant", "label"), [("Q4_K", "Q4_K_S"), ("Q6_K", "Q6_K")])
def test_an_estimate_is_near_the_header(quant: str, label: str, tmp_path: Path) -> None:
    """Embedding and output head of a Mistral 7B are estimated as a header has them."""
    size = dataclasses.replace(CLASSES["llama"].real, vocabulary=32_768)
    path = architectures.write_header(tmp_path / "a.gguf", "llama", size, quant)
    with path.open("rb") as source:
        header = gguf.parse(source, path.name, path.stat().st_size)
    exact = candidates.from_header(header, header.file_bytes, model="a")
    guessed = next(each for each in _known("mistral-7b") if each.label == label)
    assert exact.weights.embedding_bytes == guessed.weights.embedding_bytes
    layers = sum(guessed.weights.layers_bytes)
    assert sum(exact.weights.layers_bytes) == pytest.approx(layers, rel=0.03)


def test_a_file_that_the_catalogue_does_not_know(tmp_path: Path) -> None:
    """A local file is a candidate by its header alone: exact, with its path, without a tier."""
    header = _header(tmp_path, "qwen3", "Q4_K")
    path = tmp_path / "My-Own-4B-UD-Q4_K_XL.gguf"
    found = candidates.from_header(header, 2_500_000_000, model=str(path), path=path)
    assert ("UD-Q4_K_XL", 2_500_000_000, 0) == (
        found.label,
        found.file_bytes,
        found.uncertainty_bytes,
    )
    assert ("qwen3", "Test qwen3") == (found.architecture, found.title)
    assert (None, path, 40_960) == (found.tier, found.path, found.trained_context_tokens)
    assert header.parameters == found.parameters
    assert header.parameters == pytest.approx(found.effective_parameters)
    assert header.tensor_bytes == found.weights.total_bytes


def test_a_format_that_nobody_knows_has_no_quant(tmp_path: Path) -> None:
    """A file whose quantization is none that localchat knows is sized all the same."""
    header = _header(tmp_path, "llama", "Q8_0")
    metadata = {key: header.metadata[key] for key in header.metadata if "file_type" not in key}
    odd = [dataclasses.replace(each, type=dataclasses.replace(each.type, name="Q9_9"))
           for each in header.tensors]  # fmt: skip
    strange = dataclasses.replace(header, metadata=metadata, tensors=tuple(odd))
    found = candidates.from_header(strange, header.file_bytes, model="odd")
    assert (None, "Q9_9") == (found.quant, found.label)
    assert memory.footprint(found, EngineParams(), PROCESSOR).total_bytes > header.tensor_bytes


def test_experts_count_less_than_what_they_weigh(tmp_path: Path) -> None:
    """A mixture is as robust as a dense model of sqrt(total x active) weights."""
    found = candidates.from_header(_header(tmp_path, "qwen3moe", "Q4_K"), 1, model="moe")
    assert 30e9 < found.parameters < 31e9
    # Published are 30.5 billion weights, 3.3 billion of them active, with a larger vocabulary.
    assert (30.5e9 * 3.3e9) ** 0.5 == pytest.approx(found.effective_parameters, rel=0.1)


def test_split_files_are_one_candidate(tmp_path: Path) -> None:
    """The candidate of a split model counts the tensors of all its parts."""
    whole = _header(tmp_path, "llama", "Q4_K", "Q6_K")
    first = dataclasses.replace(whole, tensors=whole.tensors[:100])
    later = dataclasses.replace(whole, metadata={}, tensors=whole.tensors[100:])
    one = candidates.from_header(whole, whole.file_bytes, model="x")
    assert one == candidates.from_header(first, whole.file_bytes, later, model="x")
    assert "Q6_K" == one.weights.head_format
