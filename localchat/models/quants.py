"""What ggml calls its number formats, what a quantization of a model is, and what it costs.

The formats are facts of ggml.h, ggml-common.h and llama.h. Sizes and losses of quantizations stand
in `assets/quants.toml`, each with its source. Knows nothing of files but their names, and nothing
of what a loss means for one model: `fit` scales it.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from localchat import paths
from localchat.models import facts
from localchat.tomltable import Table


@dataclass(frozen=True, slots=True)
class TensorType:
    """A number format: rows are stored in blocks of `block_elements` taking `block_bytes`."""

    name: str
    block_elements: int
    block_bytes: int


# enum ggml_type; the gaps are formats that ggml has removed.
TENSOR_TYPES = MappingProxyType(
    {
        0: TensorType("F32", 1, 4),
        1: TensorType("F16", 1, 2),
        2: TensorType("Q4_0", 32, 18),
        3: TensorType("Q4_1", 32, 20),
        6: TensorType("Q5_0", 32, 22),
        7: TensorType("Q5_1", 32, 24),
        8: TensorType("Q8_0", 32, 34),
        9: TensorType("Q8_1", 32, 36),
        10: TensorType("Q2_K", 256, 84),
        11: TensorType("Q3_K", 256, 110),
        12: TensorType("Q4_K", 256, 144),
        13: TensorType("Q5_K", 256, 176),
        14: TensorType("Q6_K", 256, 210),
        15: TensorType("Q8_K", 256, 292),
        16: TensorType("IQ2_XXS", 256, 66),
        17: TensorType("IQ2_XS", 256, 74),
        18: TensorType("IQ3_XXS", 256, 98),
        19: TensorType("IQ1_S", 256, 50),
        20: TensorType("IQ4_NL", 32, 18),
        21: TensorType("IQ3_S", 256, 110),
        22: TensorType("IQ2_S", 256, 82),
        23: TensorType("IQ4_XS", 256, 136),
        24: TensorType("I8", 1, 1),
        25: TensorType("I16", 1, 2),
        26: TensorType("I32", 1, 4),
        27: TensorType("I64", 1, 8),
        28: TensorType("F64", 1, 8),
        29: TensorType("IQ1_M", 256, 56),
        30: TensorType("BF16", 1, 2),
        34: TensorType("TQ1_0", 256, 54),
        35: TensorType("TQ2_0", 256, 66),
        39: TensorType("MXFP4", 32, 17),
        40: TensorType("NVFP4", 64, 36),
        41: TensorType("Q1_0", 128, 18),
        42: TensorType("Q2_0", 64, 18),
    }
)

# enum llama_ftype, the value of general.file_type.
FILE_TYPES = MappingProxyType(
    {
        0: "F32",
        1: "F16",
        2: "Q4_0",
        3: "Q4_1",
        7: "Q8_0",
        8: "Q5_0",
        9: "Q5_1",
        10: "Q2_K",
        11: "Q3_K_S",
        12: "Q3_K_M",
        13: "Q3_K_L",
        14: "Q4_K_S",
        15: "Q4_K_M",
        16: "Q5_K_S",
        17: "Q5_K_M",
        18: "Q6_K",
        19: "IQ2_XXS",
        20: "IQ2_XS",
        21: "Q2_K_S",
        22: "IQ3_XS",
        23: "IQ3_XXS",
        24: "IQ1_S",
        25: "IQ4_NL",
        26: "IQ3_S",
        27: "IQ3_M",
        28: "IQ2_S",
        29: "IQ2_M",
        30: "IQ4_XS",
        31: "IQ1_M",
        32: "BF16",
        36: "TQ1_0",
        37: "TQ2_0",
        38: "MXFP4",
        39: "NVFP4",
        40: "Q1_0",
        41: "Q2_0",
    }
)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a quantization loses on the reference model of `assets/quants.toml`, Llama 3 8B."""

    kl_divergence: float
    """Mean Kullback-Leibler divergence from F16, in nats a token."""
    perplexity_delta: float
    """Perplexity more than F16, which has 6.233."""


@dataclass(frozen=True, slots=True)
class Quant:
    """A quantization as repositories name it: one format, or llama.cpp's mix of several.

    None stands where nothing was measured.
    """

    name: str
    """Such as "Q4_K_M" or "UD-Q4_K_XL"."""
    tensor_type: TensorType
    """The format of most weights."""
    file_type: int | None = None
    """The number in general.file_type; None for mixes that llama.cpp has no name for."""
    bits_per_weight: float | None = None
    """Of a whole file of the shape of Llama 3.1 8B."""
    static: Loss | None = None
    """Made without an importance matrix."""
    imatrix: Loss | None = None
    """Made with one."""
    size_exponent: float | None = None
    """b in: divergence(N billion weights) = divergence(8) x (8 / N) ^ b."""
    llama2_70b_percent: float | None = None
    """Perplexity more than F16 on Llama 2 70B, made without an importance matrix."""
    mistral_7b_percent: float | None = None
    """Perplexity more than F16 on Mistral 7B, made without an importance matrix."""
    mistral_7b_imatrix_percent: float | None = None
    """The same, made with one."""
    mmlu_percent: float | None = None
    """MMLU of Llama 3 8B Instruct, which has 65.2 in F16; chance is 25."""
    needs_imatrix: bool = False
    """It cannot be made without an importance matrix."""
    is_i_quant: bool = False
    """Slow on processors, except IQ4; as fast as others on GPUs."""
    is_full_precision: bool = False
    """F16, BF16 and F32: twice the size for no gain, never a pick."""
    is_trained_in: bool = False
    """Good only in models that were trained in this format."""
    is_dynamic: bool = False
    """One of unsloth's mixes, made with an importance matrix."""
    dominated_by: str = ""
    """The name of one that loses less for at most 2 % more bytes; empty when there is none."""
    like: str = ""
    """The quantization whose losses stand here for want of its own; empty when they are its own."""
    aliases: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[str, ...] = ()
    """Where the figures come from, in words."""

    @property
    def block_bits_per_weight(self) -> float:
        """The bits of the format alone, exactly."""
        return self.tensor_type.block_bytes * 8 / self.tensor_type.block_elements


@functools.cache
def quants() -> tuple[Quant, ...]:
    """Read every quantization of `assets/quants.toml`. Raises CatalogueError."""
    file = facts.read(paths.asset("quants.toml"))
    sources = _sources(file.table("sources"))
    file.table("reference")
    known: dict[str, Quant] = {}
    for entry in file.tables("quant", "name"):
        quant = _quant(entry, known, sources)
        if quant.name in known:
            raise entry.fault("name", "stands twice")
        known[quant.name] = quant
    file.done()
    for entry in file.tables("quant", "name"):
        dominator = known[entry.text("name")].dominated_by
        if dominator and dominator not in known:
            raise entry.fault("dominated_by", "names no quant of this file")
    return tuple(known.values())


def by_name(text: str) -> Quant | None:
    """Find a quantization by its name in any case, with `-`, `_` or nothing between the parts.

    A prefix that only says who made it or how (`UD-`, `i1-`) is passed over where the file knows
    no such quantization.

    >>> by_name("q4-k-m").name, by_name("i1-IQ3_XXS").name, by_name("Q9")
    ('Q4_K_M', 'IQ3_XXS', None)
    """
    names = _by_key()
    key = _key(text)
    for candidate in (key, key.removeprefix("UD"), key.removeprefix("I1")):
        if candidate in names:
            return names[candidate]
    return None


def from_file_name(name: str) -> Quant | None:
    """Find the quantization that a GGUF file's name tells, a path or part of a split file too.

    None when the name tells none, or tells it so briefly that it could be several (`-q4`), and for
    files that are no model: projectors, importance matrices, draft heads.

    >>> from_file_name("Mistral-7B-Instruct-v0.3.Q4_K_M.gguf").name
    'Q4_K_M'
    >>> from_file_name("mmproj-F16.gguf") is None
    True
    """
    base = re.split(r"[\\/]", name)[-1].lower()
    if not base.endswith(".gguf"):
        return None
    stem = _SPLIT.sub("", base.removesuffix(".gguf"))
    if _NO_MODEL.search(stem) or _TOO_BRIEF.search(stem):
        return None
    found = _in_file_names().findall(stem)
    return by_name(found[-1]) if found else None


_SPLIT = re.compile(r"-\d{5}-of-\d{5}$")
_NO_MODEL = re.compile(r"mmproj|^imatrix|imatrix$|^(mtp|dflash|eagle\d?)[-_]")
_TOO_BRIEF = re.compile(r"(?:^|[-._])q[2-8](?=$|\.)")


@functools.cache
def _by_key() -> Mapping[str, Quant]:
    names = {_key(alias): quant for quant in quants() for alias in quant.aliases}
    return MappingProxyType(names | {_key(quant.name): quant for quant in quants()})


@functools.cache
def _in_file_names() -> re.Pattern[str]:
    """Match a name between the separators that repositories use; the longest name wins."""
    names = {text.lower() for quant in quants() for text in (quant.name, *quant.aliases)}
    longest_first = sorted(names, key=lambda text: (-len(text), text))
    either = "|".join(re.sub("[-_]", "[-_]", text) for text in longest_first)
    return re.compile(rf"(?:^|[-._ ])((?:ud[-_])?(?:{either}))(?=$|[-. ])")


def _key(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _sources(table: Table | None) -> Mapping[str, str]:
    return {key: table.text(key) for key in table.values} if table else {}


def _quant(entry: Table, known: Mapping[str, Quant], sources: Mapping[str, str]) -> Quant:
    like = entry.text("like", "")
    if like:
        if like not in known:
            raise entry.fault("like", "names no quant that stands above")
        base = replace(known[like], file_type=None, dominated_by="", aliases=(), note="")
    else:
        base = Quant(entry.text("name"), _tensor_type(entry))
        base = _with_losses(entry, replace(base, file_type=entry.whole("file_type")))
    cited = dict.fromkeys([*base.sources, *_cited(entry, sources)])
    quant = replace(
        base,
        name=entry.text("name"),
        bits_per_weight=entry.number("bits_per_weight"),
        is_dynamic=entry.flag("is_dynamic"),
        dominated_by=entry.text("dominated_by", ""),
        like=like,
        aliases=entry.texts("aliases", ()),
        note=entry.text("note", ""),
        sources=tuple(cited),
    )
    entry.done()
    return quant


def _with_losses(entry: Table, quant: Quant) -> Quant:
    mistral, llama = entry.table("mistral_7b_percent"), entry.table("llama2_70b")
    return replace(
        quant,
        static=_loss(entry.table("static")),
        imatrix=_loss(entry.table("imatrix")),
        size_exponent=entry.number("size_exponent"),
        llama2_70b_percent=llama.number("percent") if llama else None,
        mistral_7b_percent=mistral.number("static") if mistral else None,
        mistral_7b_imatrix_percent=mistral.number("imatrix") if mistral else None,
        mmlu_percent=entry.number("mmlu_percent"),
        needs_imatrix=entry.flag("needs_imatrix"),
        is_i_quant=entry.flag("is_i_quant"),
        is_full_precision=entry.flag("is_full_precision"),
        is_trained_in=entry.flag("is_trained_in"),
    )


def _loss(table: Table | None) -> Loss | None:
    if table is None:
        return None
    return Loss(float(table.decimal("kl_divergence")), float(table.decimal("perplexity_delta")))


def _tensor_type(entry: Table) -> TensorType:
    name = entry.text("tensor_type")
    for known in TENSOR_TYPES.values():
        if known.name == name:
            return known
    raise entry.fault("tensor_type", "is no number format of ggml")


def _cited(entry: Table, sources: Mapping[str, str]) -> tuple[str, ...]:
    keys = [
        entry.text(f"{figure}_source")
        for figure in ("bits", "loss", "size_exponent")
        if entry.text(f"{figure}_source", "")
    ]
    keys += [key for key in ("llama2_70b", "mistral_7b", "mmlu") if _has(entry, key)]
    for key in keys:
        if key not in sources:
            raise entry.fault("source", f'"{key}" is not among the sources of this file')
    return tuple(sources[key] for key in keys)


def _has(entry: Table, key: str) -> bool:
    return key in entry.values or f"{key}_percent" in entry.values
