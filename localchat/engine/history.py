"""Every answer is a measurement: what its statistics say about this machine, remembered.

Front ends call `remember` after each answer. Knows nothing of how rates are predicted.
"""

import contextlib
import dataclasses
from pathlib import Path

from localchat import errors
from localchat.engine import wire
from localchat.fit import candidates, measurements, memory, speed, work
from localchat.fit.candidate import Candidate
from localchat.fit.measurements import Kind, Measurement
from localchat.fit.work import Work
from localchat.machine.hardware import Hardware
from localchat.models import gguf, splits

FEWEST_TOKENS = 16
"""A shorter answer's rate says more about its first tokens than about the machine."""


def measure(
    path: Path,
    loaded: wire.Loaded,
    stats: wire.Stats,
    hardware: Hardware,
    kind: Kind = "chat",
) -> Measurement | None:
    """Say what an answer teaches; None when it was too short or the file is gone."""
    rate = stats.tokens_per_second
    if rate is None or stats.tokens < FEWEST_TOKENS:
        return None
    try:
        candidate = _candidate(path)
    except (errors.LocalchatError, OSError):
        return None
    params = dataclasses.replace(
        loaded.params, gpu_layers=loaded.gpu_layers, threads=loaded.threads
    )
    split = work.split(candidate, memory.footprint(candidate, params, hardware), params)
    depth = stats.prompt_tokens + stats.tokens / 2
    filled = min(1.0, depth / loaded.context_tokens) if loaded.context_tokens else 0.0
    evaluated = stats.prompt_tokens - stats.cached_tokens
    return Measurement(
        kind=kind,
        file=measurements.identity(candidate.path or path, candidate.file_bytes),
        setting=speed.setting(candidate, params, hardware),
        host=_filled(split.host, filled),
        gpu=_filled(split.gpu, filled),
        token_seconds=1 / rate,
        prefill_tokens_per_second=stats.prompt_tokens_per_second if evaluated >= 32 else None,
    )


def remember(
    file: Path,
    build: str,
    path: Path,
    loaded: wire.Loaded,
    stats: wire.Stats,
    hardware: Hardware,
    kind: Kind = "chat",
) -> None:
    """Add what an answer teaches to the measurements in `file`, if it teaches anything.

    A folder that cannot be written must not spoil an answer, so then nothing is remembered.
    """
    found = measure(path, loaded, stats, hardware, kind)
    if found is not None:
        with contextlib.suppress(OSError):
            measurements.add(file, measurements.machine_key(hardware), build, (found,))


def _candidate(path: Path) -> Candidate:
    """Read a model's file, or all parts of it. Raises BadModel, ModelNotFound or OSError."""
    part = splits.part_of(path)
    files = part.all_paths if part else (path,)
    first, *later = (gguf.read_header(file) for file in files)
    n_bytes = sum(file.stat().st_size for file in files)
    return candidates.from_header(first, n_bytes, *later, model=path.name, path=files[0])


def _filled(whole: Work, share: float) -> Work:
    return dataclasses.replace(whole, kv_bytes=whole.kv_bytes * share)
