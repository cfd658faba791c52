"""What to try next when a model did not load: safe mode after a crash, less memory after none.

Pure decisions and one small file; knows nothing of processes.
"""

import dataclasses
import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from localchat import paths
from localchat.engine.wire import EngineParams

_SMALLEST_CONTEXT_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class SafeModeEntry:
    """An engine build that crashed on this machine with extra buffers and ran without."""

    build: str
    model: str
    signal_name: str
    since: str
    """ISO date."""


def step_down(
    params: EngineParams, context_tokens: int, layers: int, *, may_quantize: bool = True
) -> tuple[EngineParams, str] | None:
    """Choose what to give up when memory ran out: KV type, then context, then GPU layers.

    `context_tokens` and `layers` are what the failed attempt used; 0 tokens means that not even
    the weights found room, so that only the GPU's share can shrink. `may_quantize` is False when
    a q8_0 KV cache has been refused. Returns the next parameters and a sentence for the user, or
    None when nothing is left to give up (DESIGN D11).
    """
    is_full = params.kv_type_k == "f16" and params.flash_attention != "off"
    if context_tokens and is_full and may_quantize:
        smaller = dataclasses.replace(params, kv_type_k="q8_0", kv_type_v="q8_0")
        return smaller, "Memory ran out: the KV cache is now stored as q8_0."
    if context_tokens > _SMALLEST_CONTEXT_TOKENS:
        halved = max(_SMALLEST_CONTEXT_TOKENS, context_tokens // 2 // 256 * 256)
        smaller = dataclasses.replace(params, context_tokens=halved)
        return smaller, f"Memory ran out: the context is now {halved:,} tokens."
    if layers > 0:
        fewer = layers // 2
        smaller = dataclasses.replace(params, gpu_layers=fewer)
        return smaller, f"Memory ran out: {fewer} layers are now on the GPU."
    return None


def safe_mode_entries(file: Path) -> tuple[SafeModeEntry, ...]:
    """Read what is remembered; a missing or damaged file remembers nothing."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return tuple(SafeModeEntry(**row) for row in rows)
    except (OSError, ValueError, TypeError):
        return ()


def needs_safe_mode(file: Path, build: str) -> bool:
    """Say whether this engine build is known to crash here with extra buffers."""
    return any(entry.build == build for entry in safe_mode_entries(file))


def remember_safe_mode(file: Path, build: str, model: str, signal_name: str) -> None:
    """Remember that `build` crashed in its warm-up with extra buffers and passed without.

    Raises OSError when the file cannot be written.
    """
    kept = [entry for entry in safe_mode_entries(file) if entry.build != build]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entries = [*kept, SafeModeEntry(build, model, signal_name, today)]
    paths.write_atomically(file, json.dumps([dataclasses.asdict(e) for e in entries], indent=1))


def forget_safe_mode(file: Path) -> int:
    """Forget all of it, and tell how many entries there were."""
    entries = safe_mode_entries(file)
    file.unlink(missing_ok=True)
    return len(entries)
