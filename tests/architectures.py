"""GGUF files of every kind of architecture that localchat has to size, in any size.

`CLASSES` names the kinds, with a tiny size and that of a published model (architectures.toml).
`write` makes a file with random weights that loads and answers, `write_sparse` one of the true
size whose weights take no room on the disk, `write_header` only what stands before the weights.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import gguf_files
from tests.blueprints import BUILDERS
from tests.gguf_files import Content, Vocabulary
from tests.model_parts import Size as Size


@dataclass(frozen=True, slots=True)
class Class:
    """A kind of architecture."""

    architecture: str
    vocabulary_kind: Vocabulary
    tiny: Size
    """Small enough to load anywhere."""
    real: Size
    """As a published model has it."""
    quant: str = "Q4_K"
    """What its published files are often in."""


def _read(path: Path) -> Mapping[str, Class]:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Class(**table | {which: Size(**table[which]) for which in ("tiny", "real")})
        for name, table in tables.items()
    }


CLASSES = _read(Path(__file__).with_suffix(".toml"))


def content(name: str, size: Size) -> Content:
    """Return what a file of class `name` holds."""
    kind = CLASSES[name]
    metadata, tensors = BUILDERS[name](size)
    return Content(kind.architecture, metadata, tensors, kind.vocabulary_kind, size.vocabulary)


def write(
    path: Path,
    name: str,
    size: Size | None = None,
    quant: str = "F16",
    head_quant: str | None = None,
) -> Path:
    """Write a model with random weights, tiny unless `size` says otherwise.

    `quant` is ggml's name of a type, such as "Q4_K"; `head_quant` that of the embeddings.
    """
    whole = content(name, size or CLASSES[name].tiny)
    return gguf_files.write(path, whole, quant, head_quant)


def write_sparse(
    path: Path,
    name: str,
    size: Size | None = None,
    quant: str | None = None,
    head_quant: str | None = None,
) -> Path:
    """Write a file of the true size without its weights, as large as the published model."""
    whole = content(name, size or CLASSES[name].real)
    return gguf_files.write_sparse(path, whole, quant or CLASSES[name].quant, head_quant)


def write_header(
    path: Path,
    name: str,
    size: Size | None = None,
    quant: str | None = None,
    head_quant: str | None = None,
) -> Path:
    """Write only what stands before the weights, as the header of a model not downloaded."""
    whole = content(name, size or CLASSES[name].real)
    return gguf_files.write_header(path, whole, quant or CLASSES[name].quant, head_quant)
