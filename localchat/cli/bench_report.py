"""What `localchat bench` tells of a model: the JSON object and the lines for people.

Pure functions from what was measured and what was predicted.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localchat import sanitize, units
from localchat.engine import wire
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.speed import Speed

_INDENT = " " * 2


@dataclass(frozen=True, slots=True)
class Round:
    """One prompt and its answer."""

    prompt_tokens: int
    tokens: int
    ttft_seconds: float
    prompt_tokens_per_second: float | None
    tokens_per_second: float | None

    @classmethod
    def of(cls, stats: wire.Stats) -> "Round":
        """Take from an answer's statistics what counts."""
        return cls(
            stats.prompt_tokens - stats.cached_tokens,
            stats.tokens,
            stats.ttft_seconds,
            stats.prompt_tokens_per_second,
            stats.tokens_per_second,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A model's rounds, beside what was predicted of it."""

    path: Path
    candidate: Candidate
    loaded: wire.Loaded
    build: str
    footprint: Footprint
    speed: Speed
    rounds: tuple[Round, ...] = ()
    peak_bytes: int | None = None
    """The most memory that the engine's process has held; of the first model alone."""

    @property
    def rates(self) -> tuple[float, ...]:
        """The decode rate of each round."""
        return tuple(r.tokens_per_second for r in self.rounds if r.tokens_per_second)

    @property
    def prompt_rates(self) -> tuple[float, ...]:
        """The prefill rate of each round."""
        return tuple(r.prompt_tokens_per_second for r in self.rounds if r.prompt_tokens_per_second)


def with_round(run: Run, new: Round, peak_bytes: int | None) -> Run:
    """Add a round."""
    return replace(run, rounds=(*run.rounds, new), peak_bytes=peak_bytes)


def as_json(run: Run, busy_share: float) -> dict[str, Any]:
    """Put a run into the object of `--json`; None stands where nothing was measured."""
    loaded, said = run.loaded, run.speed
    return {
        "model": loaded.name,
        "path": str(run.path),
        "quant": run.candidate.label,
        "file_bytes": loaded.file_bytes,
        "context_tokens": loaded.context_tokens,
        "threads": loaded.threads,
        "gpu_layers": loaded.gpu_layers,
        "kv_type": f"{loaded.params.kv_type_k}/{loaded.params.kv_type_v}",
        "build": run.build,
        "busy_share": round(busy_share, 3),
        "rounds": len(run.rounds),
        "prompt_tokens": _middle([r.prompt_tokens for r in run.rounds]),
        "tokens": _middle([r.tokens for r in run.rounds]),
        "prompt_tokens_per_second": _middle(run.prompt_rates),
        "tokens_per_second": _middle(run.rates),
        "tokens_per_second_least": min(run.rates, default=None),
        "tokens_per_second_most": max(run.rates, default=None),
        "ttft_seconds": _middle([r.ttft_seconds for r in run.rounds]),
        "load_seconds": round(loaded.load_seconds, 3),
        "memory": _memory(run),
        "predicted_speed": {
            "tokens_per_second_low": round(said.low, 3),
            "tokens_per_second_high": round(said.high, 3),
            "prompt_tokens_per_second_low": said.prefill_low and round(said.prefill_low, 1),
            "prompt_tokens_per_second_high": said.prefill_high and round(said.prefill_high, 1),
            "basis": said.basis,
        },
    }


def as_text(run: Run) -> str:
    """Say what came of a model, what was predicted on the same line."""
    loaded, said = run.loaded, run.speed
    name = sanitize.line(loaded.name, 60)
    first = _middle([r.ttft_seconds for r in run.rounds]) or 0.0
    rows = [
        f"{name}  {sanitize.line(run.candidate.label, 20)}  "
        f"{loaded.context_tokens:,} tokens of context, {loaded.threads} threads, "
        f"{loaded.gpu_layers} layers on the GPU",
        f"memory       {_memory_words(run)}",
        f"prompt       {units.human_rate(_middle(run.prompt_rates))}"
        + _predicted(said.prefill_low, said.prefill_high, "estimate"),
        f"answer       {units.human_rate(_middle(run.rates))}{_range(run.rates)}"
        + _predicted(said.low, said.high, said.basis),
        f"first token  after {units.human_seconds(first)}",
    ]
    return f"\n{_INDENT}".join(rows)


def _memory(run: Run) -> dict[str, Any]:
    real = run.loaded.footprint
    return {
        "predicted_bytes": run.footprint.total_bytes,
        "predicted_runtime_bytes": run.footprint.runtime_bytes,
        "real_bytes": real.total_bytes if real else None,
        "peak_bytes": run.peak_bytes,
    }


def _memory_words(run: Run) -> str:
    real, said = run.loaded.footprint, run.footprint
    words = units.human_bytes(real.total_bytes) if real else "not told by this engine"
    words += f"   predicted {units.human_bytes(said.total_bytes)}"
    if run.peak_bytes is None:
        return words
    whole = units.human_bytes(said.total_bytes + said.runtime_bytes)
    return f"{words}; engine at most {units.human_bytes(run.peak_bytes)}, predicted {whole}"


def _range(rates: Sequence[float]) -> str:
    return f" ({_figure(min(rates))} to {_figure(max(rates))})" if len(rates) > 1 else ""


def _predicted(low: float | None, high: float | None, basis: str) -> str:
    if low is None or high is None:
        return ""
    return f"   predicted {_figure(low)} to {_figure(high)} ({basis})"


def _figure(rate: float) -> str:
    """Write a rate as `units.human_rate` does.

    >>> _figure(21.44), _figure(10652.0)
    ('21.4', '10,652')
    """
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def _middle(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None
