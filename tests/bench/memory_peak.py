"""What the engine's process really takes at its peak, against what is said before.

Run as `python -m tests.bench.memory_peak [MODEL...]`. Makes models of 0.3 to 2 GB of several
architectures, vocabularies and quantizations in a temporary folder, and for each of them starts an
engine, loads, fills the context with a prompt, writes 64 tokens, and reads the process's VmHWM:
the most that was ever resident, the mapped pages of the model among it, since `total_bytes` counts
a mapped model whole too. Linux only. Must hold: never more than `total_bytes + runtime_bytes`, and
at most 10 % + 64 MiB less.
"""

import asyncio
import dataclasses
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localchat import units
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.engine.wire import EngineParams
from localchat.fit.footprint import Footprint
from tests import architectures
from tests.architectures import Size

DECODED_TOKENS = 64
SLACK_SHARE = 0.10
SLACK_BYTES = 64 * units.MIB


@dataclass(frozen=True, slots=True)
class Case:
    """A model to make and how to load it."""

    name: str
    architecture: str
    size: Size
    quant: str
    params: EngineParams


@dataclass(frozen=True, slots=True)
class Measured:
    """What was said before a load, and what came."""

    said: Footprint
    peak_bytes: int

    @property
    def said_bytes(self) -> int:
        """What the engine's process was said to take."""
        return self.said.total_bytes + self.said.runtime_bytes

    @property
    def holds(self) -> bool:
        """Whether the promise was kept: never under, and not far over."""
        most = self.peak_bytes * (1 + SLACK_SHARE) + SLACK_BYTES
        return self.peak_bytes <= self.said_bytes <= most


def _sized(name: str, **changes: Any) -> Size:
    return dataclasses.replace(architectures.CLASSES[name].real, **changes)


_SMALL_LLAMA = Size(16, 2048, 32, 8, 64, 8192, 128_256, 8192)
CASES = (
    Case("llama 1B Q8_0", "llama", _SMALL_LLAMA, "Q8_0", EngineParams(context_tokens=1024)),
    Case("llama 1B Q4_K", "llama", _SMALL_LLAMA, "Q4_K", EngineParams(context_tokens=2048)),
    Case("qwen2 0.5B F16", "qwen2", Size(24, 896, 14, 2, 64, 4864, 151_936, 8192), "F16",
         EngineParams(context_tokens=1024)),
    Case("qwen2 0.5B F16 read", "qwen2", Size(24, 896, 14, 2, 64, 4864, 151_936, 8192), "F16",
         EngineParams(context_tokens=1024, mmap=False)),
    Case("gemma3 1B Q4_K", "gemma3",
         Size(26, 1152, 4, 1, 256, 6912, 262_144, 32_768, window_tokens=512), "Q4_K",
         EngineParams(context_tokens=1024)),
    Case("gemma3 1B Q4_0 mapped", "gemma3",
         Size(26, 1152, 4, 1, 256, 6912, 262_144, 32_768, window_tokens=512), "Q4_0",
         EngineParams(context_tokens=1024, extra_buffers=False)),
    Case("lfm2 1.2B Q6_K", "lfm2", _sized("lfm2"), "Q6_K", EngineParams(context_tokens=1024)),
    Case("granite hybrid Q4_K", "granitehybrid", _sized("granitehybrid", layers=10), "Q4_K",
         EngineParams(context_tokens=1024)),
    Case("phi3 like Q4_0", "phi3", _sized("phi3", layers=16), "Q4_0",
         EngineParams(context_tokens=1024, kv_type_k="q8_0", kv_type_v="q8_0")),
)  # fmt: skip


async def measure(case: Case, folder: Path) -> Measured:
    """Make the model of a case, ask for a dry run, then load and use it in a process of its own."""
    path = architectures.write(folder / "model.gguf", case.architecture, case.size, case.quant)
    engine = EngineClient(folder / "logs", folder / "safe-mode.json")
    try:
        (said,) = await engine.dry_run(path, [case.params])
        assert isinstance(said, Footprint), said
        await engine.load(path, case.params, predicted_bytes=said.total_bytes)
        await _fill(engine, said.context_tokens)
        assert engine.pid is not None
        return Measured(said, peak_bytes(engine.pid))
    finally:
        await engine.close()
        path.unlink()


def peak_bytes(pid: int) -> int:
    """Read the most memory that a process ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


async def _fill(engine: EngineClient, context_tokens: int) -> None:
    """Answer a prompt that leaves room for just the tokens to decode."""
    room = context_tokens - DECODED_TOKENS - 1
    words, tokens = 1, 0
    while tokens < room:
        words = words * 2 if tokens * 2 < room else words + max(1, (room - tokens) // 8)
        tokens = await engine.count(_prompt(words))
    while tokens > room:
        words -= max(1, (tokens - room) // 8)
        tokens = await engine.count(_prompt(words))
    request = wire.Generate(
        0, _prompt(words), wire.Sampling(temperature=0.0), max_tokens=DECODED_TOKENS
    )
    async for event in engine.generate(request):
        if isinstance(event, wire.Finished):
            assert DECODED_TOKENS == event.stats.tokens, event
            assert (
                context_tokens - 2 * DECODED_TOKENS
                <= event.stats.prompt_tokens + event.stats.tokens
            )


def _prompt(words: int) -> tuple[wire.Message, ...]:
    return (wire.Message("user", "tea " * words),)


async def _main(names: list[str]) -> None:
    chosen = [case for case in CASES if not names or case.name in names]
    print(f"{'model':22} {'weights':>8} {'KV':>6} {'scratch':>8} {'engine':>7} {'said':>6} "
          f"{'peak':>6} {'over':>6}   MiB")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            found = await measure(case, Path(folder))
            said = found.said
            parts = (said.weights_bytes, said.kv_bytes, said.compute_bytes, said.runtime_bytes)
            weights, kv, scratch, engine = (part / units.MIB for part in parts)
            over = (found.said_bytes - found.peak_bytes) / units.MIB
            print(f"{case.name:22} {weights:8.1f} {kv:6.1f} {scratch:8.1f} {engine:7.1f} "
                  f"{found.said_bytes / units.MIB:6.0f} {found.peak_bytes / units.MIB:6.0f} "
                  f"{over:6.1f}   {'holds' if found.holds else 'BROKEN'}", flush=True)  # fmt: skip


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
