"""Candidates from where a model is known: the header of a file, or the catalogue.

A header gives every byte. The catalogue gives the size of a file; where its bytes lie is estimated
from the model's shape and from the formats that llama-quantize picks, and scaled to that size.
"""

from pathlib import Path
from typing import Final

from localchat.fit.candidate import Candidate
from localchat.models import anatomy, quants
from localchat.models.catalogue import CatalogueModel, FileSize, RepositoryFiles
from localchat.models.header import Header
from localchat.models.quants import Quant
from localchat.models.shapes import Shape
from localchat.models.weights import Weights

HEADER_BYTES_PER_TOKEN: Final = 40
"""What a token of the vocabulary takes in a file, with merges and scores: 22 to 60 were seen."""

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
    shape = model.shape
    vocabulary, width = shape.vocabulary or 0, shape.embedding or 0
    matrix = vocabulary * width
    tied = bool(shape.tied_embeddings)
    tensors = max(0, size.size_bytes - vocabulary * HEADER_BYTES_PER_TOKEN)
    head = int(matrix * _head_bytes(size.quant))
    embedding = head if tied else int(matrix * _embedding_bytes(size.quant))
    once = embedding if tied else embedding + head
    if once > tensors // 2:
        scale = tensors / 2 / once
        embedding, head = int(embedding * scale), int(head * scale)
        once = embedding if tied else embedding + head
    share, rest = divmod(tensors - once, shape.layers)
    layers = (share + rest, *(share,) * (shape.layers - 1))
    experts = tuple(int(each * _expert_share(model)) for each in layers)
    return Weights(embedding, head, tied, layers, experts)


def _expert_share(model: CatalogueModel) -> float:
    experts = model.shape.experts
    if experts is None or not model.shape.embedding:
        return 0.0
    routed = 3 * model.shape.embedding * experts.feed_forward * experts.count * model.shape.layers
    return min(0.98, routed / model.parameters)


def _head_bytes(quant: Quant) -> float:
    name = quant.name.removeprefix("UD-")
    if name in _OWN_HEADS:
        return _FORMATS[quant.tensor_type.name]
    if name == "MXFP4":
        return _FORMATS["Q8_0"]
    return _FORMATS["Q5_K" if name in _Q5_HEADS else "Q6_K"]


def _embedding_bytes(quant: Quant) -> float:
    return _FORMATS[_SMALL_EMBEDDING.get(quant.name, quant.tensor_type.name)]


def _active_parameters(shape: Shape, parameters: int) -> float:
    experts = shape.experts
    if experts is None or not shape.embedding or not experts.count:
        return float(parameters)
    routed = 3 * shape.embedding * experts.feed_forward * experts.count
    routed *= shape.layers - experts.dense_layers
    return max(parameters - routed * (1 - experts.used / experts.count), 1.0)
