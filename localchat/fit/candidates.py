"""Candidates from where a model is known: the header of a file, or the catalogue.

A header gives every byte. The catalogue gives the size of a file; where its bytes lie is estimated
from the model's shape and from the formats that llama-quantize picks, and scaled to that size.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from localchat.fit import layers
from localchat.fit.candidate import Candidate
from localchat.models import anatomy, quants
from localchat.models.catalogue import CatalogueModel, FileSize, RepositoryFiles
from localchat.models.header import Header
from localchat.models.quants import Quant
from localchat.models.shapes import Shape
from localchat.models.weights import Weights

HEADER_BYTES_PER_TOKEN: Final = 40
"""What a token of the vocabulary takes in a file, with merges and scores: 22 to 60 were seen."""
_MOST_AT_ENDS: Final = 0.6
"""The part of a file that its embeddings can be, at most, by this estimate."""
_MOST_EXPERTS: Final = 0.98
_UNTIED: Final = 5_000_000_000
"""Models with more weights than this mostly have two matrices, where no source says it."""
_ALWAYS_TIED = frozenset({"gemma3n", "gemma4", "granitehybrid", "lfm2", "lfm2moe"})
_VOCABULARIES = MappingProxyType({"mistral3": 131_072})
"""Of families that share one, where no source says it."""
_GEMMA_PER_LAYER: Final = 256

_FORMATS = {
    form.name: form.block_bytes / form.block_elements for form in quants.TENSOR_TYPES.values()
}
_SMALL_EMBEDDING = {
    "IQ1_S": "Q2_K", "IQ1_M": "Q2_K", "IQ2_XXS": "Q2_K", "IQ2_XS": "Q2_K",
    "IQ2_S": "IQ3_S", "IQ2_M": "IQ3_S", "IQ3_XXS": "IQ3_S",
    "TQ1_0": "Q4_K", "TQ2_0": "Q4_K", "Q2_0": "Q4_K", "MXFP4": "Q8_0",
}  # fmt: skip
_Q5_HEADS = frozenset({"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS"})
_OWN_HEADS = frozenset({"F32", "F16", "BF16", "Q8_0", "NVFP4"})


def from_header(
    header: Header,
    file_bytes: int,
    *later_parts: Header,
    model: str,
    path: Path | None = None,
    title: str = "",
) -> Candidate:
    """Make the candidate of a file from its header, or of a split model from all its headers.

    `file_bytes` counts all parts.
    """
    shape = anatomy.shape(header, *later_parts)
    weights = anatomy.weights(header, *later_parts)
    parameters = sum(each.parameters for each in (header, *later_parts))
    named = quants.from_file_name(path.name) if path else None
    quant = named or quants.by_name(header.quant)
    return Candidate(
        model=model,
        title=title or header.name or (path.stem if path else model),
        architecture=header.architecture,
        label=quant.name if quant else header.quant,
        quant=quant,
        file_bytes=file_bytes,
        uncertainty_bytes=0,
        shape=shape,
        weights=weights,
        parameters=parameters,
        effective_parameters=float((parameters * _active_parameters(shape, parameters)) ** 0.5),
        trained_context_tokens=header.trained_context_tokens,
        has_imatrix="quantize.imatrix.file" in header.metadata,
        path=path,
    )


def from_catalogue(model: CatalogueModel) -> tuple[Candidate, ...]:
    """Make one candidate of each file size that the catalogue knows, largest first."""
    found: dict[str, tuple[RepositoryFiles, FileSize]] = {}
    for files in sorted(model.files, key=lambda files: files.repo != model.repo):
        for size in files.sizes:
            found.setdefault(size.label, (files, size))
    ordered = sorted(found.values(), key=lambda each: -each[1].size_bytes)
    return tuple(_of_size(model, files, size) for files, size in ordered)


def _of_size(model: CatalogueModel, files: RepositoryFiles, size: FileSize) -> Candidate:
    return Candidate(
        model=model.id,
        title=model.title,
        architecture=model.architecture,
        label=size.label,
        quant=size.quant,
        file_bytes=size.size_bytes,
        uncertainty_bytes=size.uncertainty_bytes,
        shape=model.shape,
        weights=_estimated(model, size),
        parameters=model.parameters,
        effective_parameters=model.effective_parameters,
        trained_context_tokens=model.trained_context_tokens,
        has_imatrix=files.has_imatrix,
        is_quantization_aware=files.is_quantization_aware,
        tier=model.tier,
    )


def _estimated(model: CatalogueModel, size: FileSize) -> Weights:
    """Split a file's bytes as its shape and its quantization usually have them."""
    shape = model.shape
    vocabulary = shape.vocabulary or _VOCABULARIES.get(model.architecture, 0)
    width = layers.width(shape)
    tied = shape.tied_embeddings
    if tied is None:
        tied = model.architecture in _ALWAYS_TIED or model.parameters < _UNTIED
    head_format, input_format = _head_format(size.quant), _embedding_format(size.quant)
    head = int(vocabulary * width * _FORMATS[head_format])
    embedding = head if tied else int(vocabulary * width * _FORMATS[input_format])
    per_layer = vocabulary * shape.layers * _per_layer_width(model)
    embedding += int(per_layer * _FORMATS[input_format])
    tensors = max(0, size.size_bytes - vocabulary * HEADER_BYTES_PER_TOKEN)
    once = embedding if tied else embedding + head
    scale = min(1.0, _MOST_AT_ENDS * tensors / once) if once else 1.0
    embedding, head = int(embedding * scale), int(head * scale)
    inner = tensors - (embedding if tied else embedding + head)
    by_layer = _by_layer(model, inner)
    name = size.quant.tensor_type.name
    return Weights(
        embedding_bytes=embedding,
        output_bytes=head,
        tied=tied,
        layers_bytes=by_layer,
        experts_bytes=_experts(model, by_layer),
        head_format=head_format,
        formats=((name, inner),),
    )


def _per_layer_width(model: CatalogueModel) -> int:
    """Of the further embeddings that Gemma 3n and the small Gemma 4 have."""
    if model.shape.per_layer_embedding or not model.shape.shared_kv_layers:
        return model.shape.per_layer_embedding
    return _GEMMA_PER_LAYER if model.architecture in ("gemma3n", "gemma4") else 0


def _by_layer(model: CatalogueModel, total_bytes: int) -> tuple[int, ...]:
    """Spread bytes over the layers; the first ones without experts have their share less."""
    shape, experts = model.shape, model.shape.experts
    weights = [1.0] * shape.layers
    if experts and experts.dense_layers and experts.dense_feed_forward:
        whole = experts.feed_forward * experts.count + (experts.shared_feed_forward or 0)
        weights[: experts.dense_layers] = [
            experts.dense_feed_forward / whole
        ] * experts.dense_layers
    whole_weight = sum(weights)
    shares = [int(total_bytes * each / whole_weight) for each in weights]
    shares[-1] += total_bytes - sum(shares)
    return tuple(shares)


def _experts(model: CatalogueModel, by_layer: tuple[int, ...]) -> tuple[int, ...]:
    """Estimate which part of each layer its routed experts are."""
    experts, width = model.shape.experts, layers.width(model.shape)
    if experts is None:
        return (0,) * len(by_layer)
    each = 3 * width * experts.feed_forward * experts.count
    ends = width * (model.shape.vocabulary or 0) * (1 if model.shape.tied_embeddings else 2)
    with_experts = len(by_layer) - experts.dense_layers
    share = min(_MOST_EXPERTS, each * with_experts / max(1, model.parameters - ends))
    return tuple(
        0 if index < experts.dense_layers else int(size * share)
        for index, size in enumerate(by_layer)
    )


def _head_format(quant: Quant) -> str:
    """Name the format in which llama-quantize keeps the output head (llama-quant.cpp)."""
    name = quant.name.removeprefix("UD-")
    if name in _OWN_HEADS:
        return quant.tensor_type.name
    if name == "MXFP4":
        return "Q8_0"
    return "Q5_K" if name in _Q5_HEADS else "Q6_K"


def _embedding_format(quant: Quant) -> str:
    """Name the format in which llama-quantize keeps the input embedding (llama-quant.cpp)."""
    name = quant.name.removeprefix("UD-")
    return _SMALL_EMBEDDING.get(name, quant.tensor_type.name)


def _active_parameters(shape: Shape, parameters: int) -> float:
    experts = shape.experts
    if experts is None or not shape.embedding or not experts.count:
        return float(parameters)
    routed = 3 * shape.embedding * experts.feed_forward * experts.count
    routed *= shape.layers - experts.dense_layers
    return max(parameters - routed * (1 - experts.used / experts.count), 1.0)
