"""What is known about chips before anything was measured: `assets/chips.toml`.

Peak bandwidths by name, and what llama.cpp makes of them. Knows nothing of models.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from localchat import paths, units
from localchat.models import facts
from localchat.tomltable import Table

_ARM = re.compile(
    r"apple|cortex|neoverse|oryon|snapdragon|kryo|raspberry|ampere|graviton|\bbcm|\barm|\baarch64",
    re.IGNORECASE,
)
_MARKS = re.compile(r"\((?:R|TM|C)\)|®|™", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip whose name says how fast its memory is."""

    name: str
    bandwidth_gbps: float
    performance_cores: int | None = None
    """Only machines with so many; None: any."""
    memory_gib: int | None = None
    """Only cards with so much memory; None: any."""
    efficiency: float = 1.0
    """Times that of its backend."""


@dataclass(frozen=True, slots=True)
class Family:
    """Processors whose machines usually have the same kind of memory."""

    name: str
    pattern: re.Pattern[str]
    bandwidth_gbps: float
    core_speed: float
    """Of one core, times that of a performance core of 2023."""


@dataclass(frozen=True, slots=True)
class Backend:
    """How well llama.cpp uses a kind of GPU."""

    name: str
    efficiency: float
    layer_seconds: float
    kv_efficiency: float
    prompt_flops_per_byte: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Processor:
    """How well llama.cpp uses a processor."""

    efficiency: float
    layer_seconds: float
    token_seconds: float
    """Of one core, for what the engine does about a token whatever the model."""
    kv_efficiency: float
    attention_seconds: float
    """Of one core, for one number of a key or a value and one query head."""
    apple_most_gbps: float
    """What the processor's own cores can draw of an Apple chip's memory."""
    prompt_flops_per_core: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Format:
    """What one core multiplies of a number format, in bytes a second."""

    x86_bytes_per_second: float
    arm_bytes_per_second: float


@dataclass(frozen=True, slots=True)
class Chips:
    """The whole table."""

    chips: tuple[Chip, ...]
    families: tuple[Family, ...]
    backends: Mapping[str, Backend]
    processor: Processor
    formats: Mapping[str, Format]


@functools.cache
def table() -> Chips:
    """Read `assets/chips.toml`. Raises CatalogueError, which names the key."""
    file = facts.read(paths.asset("chips.toml"))
    sources = file.table("sources")
    known = frozenset(sources.values) if sources else frozenset()
    backends = {
        entry.text("name"): _backend(entry, known) for entry in file.tables("backend", "name")
    }
    formats = {
        name: _format(entry) for entry in file.tables("format") for name in entry.texts("names")
    }
    found = Chips(
        chips=tuple(_chip(entry, known) for entry in file.tables("chip", "name")),
        families=tuple(_family(entry, known) for entry in file.tables("family", "name")),
        backends=MappingProxyType(backends),
        processor=_processor(file, known),
        formats=MappingProxyType(formats),
    )
    file.done()
    return found


@functools.cache
def find_chip(name: str, memory_bytes: int = 0, performance_cores: int = 0) -> Chip | None:
    """Find a GPU, or an Apple chip, by what the system calls it; None when it is not known.

    >>> find_chip("NVIDIA GeForce RTX 4070 Ti SUPER").bandwidth_gbps
    672.0
    """
    words = _words(name)
    gib = round(memory_bytes / units.GIB)
    fitting = [
        chip
        for chip in table().chips
        if _words(chip.name) in words
        and chip.performance_cores in (None, performance_cores)
        and chip.memory_gib in (None, gib)
    ]
    return max(fitting, key=_exactness, default=None)


@functools.cache
def find_family(cpu: str) -> Family | None:
    """Find the processors that one is like; None when it is not known.

    >>> find_family("AMD Ryzen 7 5800X 8-Core Processor").bandwidth_gbps
    51.2
    """
    plain = " ".join(_MARKS.sub(" ", cpu).split())
    return next((each for each in table().families if each.pattern.search(plain)), None)


@functools.cache
def is_arm(cpu: str) -> bool:
    """Tell whether a processor's name is one of ARM's world.

    >>> is_arm("Apple M2"), is_arm("aarch64"), is_arm("Intel(R) N100")
    (True, True, False)
    """
    return bool(_ARM.search(cpu))


def _exactness(chip: Chip) -> tuple[int, int]:
    narrowed = (chip.performance_cores is not None) + (chip.memory_gib is not None)
    return len(chip.name), narrowed


def _words(name: str) -> str:
    return f" {' '.join(re.findall('[a-z0-9]+', _MARKS.sub(' ', name).lower()))} "


def _chip(entry: Table, sources: frozenset[str]) -> Chip:
    chip = Chip(
        entry.text("name"),
        float(entry.decimal("bandwidth_gbps")),
        entry.maybe_whole("performance_cores"),
        entry.maybe_whole("memory_gib"),
        entry.number("efficiency") or 1.0,
    )
    _check_source(entry, sources)
    return chip


def _family(entry: Table, sources: frozenset[str]) -> Family:
    family = Family(
        entry.text("name"),
        re.compile(entry.text("pattern"), re.IGNORECASE),
        float(entry.decimal("bandwidth_gbps")),
        entry.number("core_speed") or 1.0,
    )
    _check_source(entry, sources)
    return family


def _backend(entry: Table, sources: frozenset[str]) -> Backend:
    backend = Backend(
        entry.text("name"),
        float(entry.decimal("efficiency")),
        float(entry.decimal("layer_microseconds")) / 1e6,
        float(entry.decimal("kv_efficiency")),
        _two(entry, "prompt_flops_per_byte", 1.0),
    )
    _check_source(entry, sources)
    return backend


def _processor(file: Table, sources: frozenset[str]) -> Processor:
    entry = file.table("processor")
    if entry is None:
        raise file.fault("processor", "is missing")
    processor = Processor(
        float(entry.decimal("efficiency")),
        float(entry.decimal("layer_microseconds")) / 1e6,
        float(entry.decimal("token_microseconds")) / 1e6,
        float(entry.decimal("kv_efficiency")),
        float(entry.decimal("attention_nanoseconds")) / 1e9,
        float(entry.decimal("apple_most_gbps")),
        _two(entry, "prompt_gflops_per_core", 1e9),
    )
    _check_source(entry, sources)
    return processor


def _format(entry: Table) -> Format:
    x86 = float(entry.decimal("gbps_per_core")) * 1e9
    arm = entry.number("arm_gbps_per_core")
    entry.texts("names")
    entry.done()
    return Format(x86, x86 if arm is None else arm * 1e9)


def _two(entry: Table, key: str, unit: float) -> tuple[float, float]:
    low, high = (entry.number(f"{key}_{end}") for end in ("least", "most"))
    if low is None or high is None or low > high:
        raise entry.fault(key, "must have a _least and a _most")
    return low * unit, high * unit


def _check_source(entry: Table, sources: frozenset[str]) -> None:
    if entry.text("source") not in sources:
        raise entry.fault("source", "is not among the sources of this file")
    entry.done()
