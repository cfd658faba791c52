"""What was measured on this machine: decode rates of probes, benchmarks and every chat.

The values and how they are kept: one JSON file for all machines and engine builds that share it,
bounded, the newest kept, a damaged one ignored. Knows nothing of how rates follow from them.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from localchat import paths
from localchat.fit.work import Work
from localchat.machine.hardware import Hardware

MOST_OF_A_FILE: Final = 12
"""So many measurements of one model file in one setting are kept."""
MOST: Final = 400

_MOST_BYTES = 2**20
_VERSION = 1

Kind = Literal["chat", "bench", "probe"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be the same for a measurement to tell something about another answer."""

    format: str
    """The number format of most weights, such as "Q4_K"; a GPU hardly minds it."""
    threads: int
    extra_buffers: bool
    kv_type: str
    """Of keys and values, such as "f16/f16"."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How long one token of decoding took, and what it made the devices do."""

    kind: Kind
    file: str
    """Which model file, as `identity` names it; of a probe, the one whose header was cut."""
    setting: Setting
    host: Work
    gpu: Work
    """`kv_bytes` of both is what was read at the depth of the measurement."""
    token_seconds: float
    spread: float = 0.0
    """How far repeated times lie from their middle, as a share of it; 0 for a single one."""
    prefill_tokens_per_second: float | None = None
    kv_seconds_per_byte: float | None = None
    """Of the KV cache, where it was measured apart."""


def identity(path: Path, file_bytes: int) -> str:
    """Name a model file so that a copy elsewhere is the same and another size is not."""
    return f"{path.name}:{file_bytes}"


def machine_key(hardware: Hardware) -> str:
    """Name a machine by what decides its speed, not by what is free on it now.

    Its GPUs are part of an engine's build, which is told by its devices.
    """
    parts = (hardware.os, hardware.cpu, hardware.performance_cores, hardware.usable_threads)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read(file: Path, machine: str, build: str) -> tuple[Measurement, ...]:
    """Read what was measured on a machine with an engine build, oldest first.

    A file that is missing or damaged holds nothing; so does a damaged entry.
    """
    found = (
        _measurement(entry)
        for entry in _entries(file)
        if entry.get("machine") == machine and entry.get("build") == build
    )
    return tuple(each for each in found if each is not None)


def add(file: Path, machine: str, build: str, new: Sequence[Measurement]) -> None:
    """Add measurements to the file, dropping the oldest beyond what is kept. Raises OSError."""
    key = {"machine": machine, "build": build}
    entries = _entries(file) + [key | dataclasses.asdict(each) for each in new]
    content = {"version": _VERSION, "measurements": _bounded(entries)}
    paths.write_atomically(file, json.dumps(content, indent=1) + "\n")


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            return []
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        return []
    entries = content.get("measurements")
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def _bounded(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for entry in reversed(entries):
        names = ("machine", "build", "kind", "file", "setting")
        key = json.dumps([entry.get(name) for name in names], sort_keys=True)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= MOST_OF_A_FILE and len(kept) < MOST:
            kept.append(entry)
    return kept[::-1]


def _measurement(entry: Mapping[str, Any]) -> Measurement | None:
    try:
        setting = Setting(**entry["setting"])
        host, gpu = Work(**entry["host"]), Work(**entry["gpu"])
        names = {field.name for field in dataclasses.fields(Measurement)}
        rest = {name: value for name, value in entry.items() if name in names}
        found = Measurement(**rest | {"setting": setting, "host": host, "gpu": gpu})
        return found if _is_sound(found) else None
    except (KeyError, TypeError):
        return None


def _is_sound(found: Measurement) -> bool:
    numbers = [found.token_seconds, found.spread]
    for work in (found.host, found.gpu):
        numbers += [work.weights_bytes, work.layers, work.kv_bytes]
    for maybe in (found.prefill_tokens_per_second, found.kv_seconds_per_byte):
        numbers += [] if maybe is None else [maybe]
    are_numbers = all(
        isinstance(each, int | float) and math.isfinite(each) and each >= 0 for each in numbers
    )
    return are_numbers and found.token_seconds > 0 and isinstance(found.file, str)
