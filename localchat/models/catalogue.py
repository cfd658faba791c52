"""The chat models that localchat knows before it has asked anybody: `assets/catalogue.toml`.

Every entry says where its figures come from; what the sources did not say is None. A repository or
a file's header, once read, wins over what stands here. Knows nothing of machines or of what fits.
"""

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from localchat import paths
from localchat.models import facts, quants, shapes
from localchat.models.quants import Quant
from localchat.models.shapes import Shape
from localchat.tomltable import Table

THINKING: Final = ("", "none", "optional", "always")
TIERS: Final = range(1, 10)

_UNIT_BYTES = MappingProxyType({"bytes": 1, "GB": 10**9, "GiB": 2**30})
_NEAR_NAMES = 3


@dataclass(frozen=True, slots=True)
class FileSize:
    """How large the file of one quantization is, all parts of a split one together."""

    label: str
    """As the repository writes it, such as "UD-Q4_K_XL"."""
    quant: Quant
    size_bytes: int
    uncertainty_bytes: int
    """The true size is at most so far away; 0 when it is known to the byte."""


@dataclass(frozen=True, slots=True)
class RepositoryFiles:
    """What one repository is known to offer; it may offer more."""

    repo: str
    sizes: tuple[FileSize, ...]
    source: str
    has_imatrix: bool = False
    """Its quantizations are made with an importance matrix."""
    is_quantization_aware: bool = False
    """The model was trained for this quantization, which then loses less than its name says."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One chat model."""

    id: str
    title: str
    family: str
    repo: str
    """The repository of GGUF files to use, "user/name"."""
    architecture: str
    """As llama.cpp calls it."""
    parameters: int
    """Weights of the text model, tied embeddings once."""
    shape: Shape
    trained_context_tokens: int
    license: str
    tier: int
    """1 to 9: a judgment of what to expect of its answers."""
    tier_reason: str
    sources: tuple[str, ...]
    files: tuple[RepositoryFiles, ...] = ()
    active_parameters: int | None = None
    """Weights at work on a token; None when all are."""
    fallback_repos: tuple[str, ...] = ()
    base_repo: str = ""
    """Where its maker publishes the original; empty when not known."""
    aliases: tuple[str, ...] = ()
    released: str = ""
    """A year, a month or a day as "2024-05-22"; empty when not known."""
    thinking: str = ""
    """One of THINKING; empty when not known."""
    multimodal: bool = False
    """It could see pictures with a further file, which localchat does not load."""
    languages: tuple[str, ...] = ()
    """Codes, or words such as "140+"; empty when not known."""
    good_for: tuple[str, ...] = ()
    note: str = ""

    @property
    def effective_parameters(self) -> float:
        """The size of a dense model that loses as much when quantized: sqrt(total x active)."""
        return float((self.parameters * (self.active_parameters or self.parameters)) ** 0.5)

    def size_of(self, quant: Quant) -> FileSize | None:
        """Find the file of a quantization, in the preferred repository first."""
        ordered = sorted(self.files, key=lambda files: files.repo != self.repo)
        for files in ordered:
            for size in files.sizes:
                if size.quant.name == quant.name:
                    return size
        return None


@functools.cache
def catalogue() -> tuple[CatalogueModel, ...]:
    """Read every model of `assets/catalogue.toml`, in its order. Raises CatalogueError."""
    file = facts.read(paths.asset("catalogue.toml"))
    models = []
    names: set[str] = set()
    for entry in file.tables("model", "id"):
        model = read_model(entry)
        for name in (model.id, *model.aliases):
            if name in names:
                raise entry.fault("id", f'"{name}" stands twice')
            names.add(name)
        models.append(model)
    file.done()
    return tuple(models)


def find(text: str) -> CatalogueModel | None:
    """Find a model by id, alias, title or repository, in any case; None when there is none.

    >>> find("Mistral-7B").title
    'Mistral 7B Instruct v0.3'
    """
    return _by_name().get(text.strip().lower())


def near(text: str) -> tuple[str, ...]:
    """List the ids that look like a name that was not found, the likest first, three at most."""
    wanted = text.strip().lower()
    containing = [name for name in _by_name() if len(wanted) > 2 and wanted in name]
    likest = difflib.get_close_matches(wanted, _by_name(), n=4 * _NEAR_NAMES, cutoff=0.6)
    found = dict.fromkeys(_by_name()[name].id for name in [*containing, *likest])
    return tuple(found)[:_NEAR_NAMES]


@functools.cache
def _by_name() -> Mapping[str, CatalogueModel]:
    names: dict[str, CatalogueModel] = {}
    for model in catalogue():
        own = (model.id, *model.aliases, model.title, model.repo, *model.fallback_repos)
        for name in (*own, model.base_repo, *(files.repo for files in model.files)):
            if name:
                names.setdefault(name.lower(), model)
    return MappingProxyType(names)


def read_model(entry: Table) -> CatalogueModel:
    """Read one entry and check it. Raises CatalogueError, which names the key."""
    shape = entry.table("shape")
    if shape is None:
        raise entry.fault("shape", "is missing")
    model = CatalogueModel(
        id=entry.text("id"),
        title=entry.text("title"),
        family=entry.text("family"),
        aliases=entry.texts("aliases", ()),
        repo=entry.text("repo"),
        fallback_repos=entry.texts("fallback_repos", ()),
        base_repo=entry.text("base_repo", ""),
        architecture=entry.text("architecture"),
        parameters=entry.whole("parameters"),
        active_parameters=entry.maybe_whole("active_parameters"),
        trained_context_tokens=entry.whole("trained_context_tokens"),
        license=entry.text("license"),
        released=entry.text("released", ""),
        thinking=entry.text("thinking", ""),
        multimodal=entry.flag("multimodal"),
        languages=entry.texts("languages", ()),
        good_for=entry.texts("good_for", ()),
        tier=entry.whole("tier"),
        tier_reason=entry.text("tier_reason"),
        note=entry.text("note", ""),
        sources=entry.texts("sources"),
        shape=shapes.read(shape),
        files=tuple(_files(each) for each in entry.tables("files")),
    )
    _check(entry, model)
    entry.done()
    return model


def _check(entry: Table, model: CatalogueModel) -> None:
    if model.thinking not in THINKING:
        raise entry.fault("thinking", "must be none, optional or always")
    if model.tier not in TIERS:
        raise entry.fault("tier", "must be from 1 to 9")
    if not model.sources:
        raise entry.fault("sources", "must name one at least")
    if (model.active_parameters or 0) > model.parameters:
        raise entry.fault("active_parameters", "must not be more than parameters")
    for key in ("repo", "fallback_repos"):
        repos = (model.repo,) if key == "repo" else model.fallback_repos
        if any(repo.count("/") != 1 for repo in repos):
            raise entry.fault(key, 'must be like "user/name"')


def _files(table: Table) -> RepositoryFiles:
    unit = table.text("unit")
    if unit not in _UNIT_BYTES:
        raise table.fault("unit", f"must be one of {', '.join(_UNIT_BYTES)}")
    sizes = table.table("sizes")
    if sizes is None:
        raise table.fault("sizes", "is missing")
    files = RepositoryFiles(
        repo=table.text("repo"),
        source=table.text("source"),
        has_imatrix=table.flag("imatrix"),
        is_quantization_aware=table.flag("quantization_aware"),
        sizes=tuple(_size(sizes, label, _UNIT_BYTES[unit]) for label in sizes.values),
    )
    table.done()
    return files


def _size(sizes: Table, label: str, unit_bytes: int) -> FileSize:
    quant = quants.by_name(label)
    if quant is None:
        raise sizes.fault(label, "is no quantization that localchat knows")
    figure = sizes.decimal(label)
    # The last digit tells how well the figure is known; bytes are known exactly.
    last_digit = Decimal(1).scaleb(int(figure.as_tuple().exponent))
    uncertainty = int(last_digit * unit_bytes / 2) if unit_bytes > 1 else 0
    return FileSize(label, quant, int(figure * unit_bytes), uncertainty)
