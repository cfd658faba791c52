"""What is known about chips before anything was measured: `assets/chips.toml`.

Peak bandwidths by name, and what llama.cpp's backends make of them. Knows nothing of models.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from localchat import paths, units
from localchat.models import facts


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip whose name says how fast its memory is."""

    name: str
    bandwidth_gbps: float
    performance_cores: int | None = None
    """Only machines with so many; None: any."""
    memory_gib: int | None = None
    """Only cards with so much memory; None: any."""


@dataclass(frozen=True, slots=True)
class Family:
    """Processors whose machines usually have the same kind of memory."""

    name: str
    pattern: re.Pattern[str]
    bandwidth_gbps: float


@dataclass(frozen=True, slots=True)
class Backend:
    """How well llama.cpp uses a kind of device."""

    name: str
    efficiency: float
    layer_seconds: float
    kv_efficiency: float


@dataclass(frozen=True, slots=True)
class Chips:
    """The whole table."""

    chips: tuple[Chip, ...]
    families: tuple[Family, ...]
    backends: Mapping[str, Backend]
    core_bytes_per_second: Mapping[str, float]
    """What one core of a processor multiplies, by number format."""


@functools.cache
def table() -> Chips:
    """Read `assets/chips.toml`. Raises CatalogueError, which names the key."""
    file = facts.read(paths.asset("chips.toml"))
    sources = file.table("sources")
    known = frozenset(sources.values) if sources else frozenset()
    chips = tuple(_chip(entry, known) for entry in file.tables("chip"))
    families = tuple(_family(entry, known) for entry in file.tables("family"))
    backends = {each.name: each for each in map(_backend, file.tables("backend"))}
    formats = {
        name: float(entry.decimal("gbps_per_core")) * 1e9
        for entry in file.tables("format")
        for name in entry.texts("names")
    }
    file.done()
    return Chips(chips, families, MappingProxyType(backends), MappingProxyType(formats))


def gpu_bandwidth_gbps(name: str, memory_bytes: int, performance_cores: int) -> float | None:
    """Find a GPU's peak bandwidth by its name, in 10^9 bytes a second; None when not known.

    >>> gpu_bandwidth_gbps("NVIDIA GeForce RTX 4070 Ti SUPER", 0, 8)
    672.0
    """
    words = _words(name)
    gib = round(memory_bytes / units.GIB)
    fitting = [
        chip
        for chip in table().chips
        if f" {_words(chip.name).strip()} " in words
        and chip.performance_cores in (None, performance_cores)
        and chip.memory_gib in (None, gib)
    ]
    if not fitting:
        return None
    return max(fitting, key=_rank).bandwidth_gbps


def cpu_bandwidth_gbps(name: str, performance_cores: int) -> float | None:
    """Find the usual bandwidth of a processor's main memory; None when not known.

    >>> cpu_bandwidth_gbps("Apple M2 Max", 8), cpu_bandwidth_gbps("AMD Ryzen 7 5800X", 8)
    (400.0, 51.2)
    """
    if (known := gpu_bandwidth_gbps(name, 0, performance_cores)) is not None:
        return known
    for family in table().families:
        if family.pattern.search(name):
            return family.bandwidth_gbps
    return None


def _rank(chip: Chip) -> tuple[int, int]:
    narrowed = (chip.performance_cores is not None) + (chip.memory_gib is not None)
    return len(chip.name), narrowed


def _words(name: str) -> str:
    return f" {' '.join(re.findall('[a-z0-9]+', name.lower()))} "


def _chip(entry: facts.Table, sources: frozenset[str]) -> Chip:
    chip = Chip(
        entry.text("name"),
        float(entry.decimal("bandwidth_gbps")),
        entry.maybe_whole("performance_cores"),
        entry.maybe_whole("memory_gib"),
    )
    _end(entry, sources)
    return chip


def _family(entry: facts.Table, sources: frozenset[str]) -> Family:
    pattern = re.compile(entry.text("pattern"), re.IGNORECASE)
    family = Family(entry.text("name"), pattern, float(entry.decimal("bandwidth_gbps")))
    _end(entry, sources)
    return family


def _backend(entry: facts.Table) -> Backend:
    backend = Backend(
        entry.text("name"),
        float(entry.decimal("efficiency")),
        float(entry.decimal("layer_microseconds")) / 1e6,
        float(entry.decimal("kv_efficiency")),
    )
    entry.text("source")
    entry.done()
    return backend


def _end(entry: facts.Table, sources: frozenset[str]) -> None:
    if entry.text("source") not in sources:
        raise entry.fault("source", "is not among the sources of this file")
    entry.done()
