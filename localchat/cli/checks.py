"""The checks of `localchat doctor`: from what was found out to a verdict and what mends it.

Pure functions; finding out is `doctor`'s work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localchat import errors, sanitize, units
from localchat.engine import wire
from localchat.engine.healing import SafeModeEntry
from localchat.machine.hardware import Gpu, Hardware
from localchat.machine.reconcile import Reconciled
from localchat.machine.systemgpu import SystemGpu
from localchat.models.folder import LocalModel

Status = Literal["ok", "warn", "fail", "info"]

SELF_TEST = wire.Generate(
    id=0,
    messages=(wire.Message("user", "What is Q4_K_S?"),),
    sampling=wire.Sampling(temperature=0.0, seed=1),
    max_tokens=128,
)
"""What the built-in model is asked; greedy, so that the answer is always the same."""

_OLDEST_PYTHON = (3, 11)
_LITTLE_MEMORY_BYTES = 2 * units.GIB
_SMALL_LOCK_BYTES = units.GIB

_LIMITERS = {"": "", "container": " in this container", "wsl": " that Windows gives to WSL"}


@dataclass(frozen=True, slots=True)
class Check:
    """One verdict."""

    id: str
    status: Status
    message: str
    fix: str = ""
    """What to do or type; empty when there is nothing to mend."""


def python(version: Sequence[object], executable: str) -> Check:
    """Judge the Python that runs this."""
    shown = ".".join(str(part) for part in version[:3])
    numbers = tuple(part for part in version[:2] if isinstance(part, int))
    if numbers < _OLDEST_PYTHON:
        return Check(
            "python", "fail", f"Python {shown} is too old.", "Install Python 3.11 or later."
        )
    return Check("python", "ok", f"Python {shown} at {executable}")


def machine(found: Hardware) -> Check:
    """Report the machine, and how many threads generate on its processor."""
    threads = found.decode_threads
    text = f"{found.summary}; {threads} thread{'' if threads == 1 else 's'} generate"
    return Check("machine", "ok", text)


def memory(found: Hardware) -> Check:
    """Judge what bears on how much memory a model may take."""
    if not found.ram_bytes:
        return Check("memory", "info", "This system does not tell how much memory there is.")
    parts = [
        f"{units.human_bytes(found.available_ram_bytes)} available "
        f"of {units.human_bytes(found.ram_bytes)}{_LIMITERS[found.environment]}"
    ]
    parts += [_gpu_memory(gpu) for gpu in found.gpus]
    if found.memory_bandwidth_gbps:
        parts.append(f"{found.memory_bandwidth_gbps:g} GB/s at most")
    if found.swap_bytes:
        parts.append(f"{units.human_bytes(found.swap_bytes)} swap, which models must not need")
    text = "; ".join(parts)
    if found.available_ram_bytes < _LITTLE_MEMORY_BYTES:
        return Check("memory", "warn", text, "Close other programs before loading a model.")
    return Check("memory", "ok", text)


def _gpu_memory(gpu: Gpu) -> str:
    name = sanitize.line(gpu.name, 60)
    if gpu.is_integrated:
        return f"{name} may use {units.human_bytes(gpu.memory_bytes)} of it"
    free = units.human_bytes(gpu.free_bytes)
    return f"{name} has {free} free of {units.human_bytes(gpu.memory_bytes)}"


def engine(ready: wire.Ready) -> Check:
    """Report the engine."""
    system = f": {ready.system}" if ready.system else ""
    return Check("engine", "ok", f"{ready.engine}, build {ready.build}{system}")


def engine_failed(error: errors.LocalchatError) -> Check:
    """Report an engine that cannot be started."""
    fix = (
        error.hint or "Reinstall it: pip install --force-reinstall --no-cache-dir llama-cpp-python"
    )
    return Check("engine", "fail", error.message, fix)


def acceleration(found: Reconciled, shown: Sequence[SystemGpu]) -> tuple[Check, ...]:
    """Report what models run on, and why a GPU that the system shows stays idle."""
    amiss = tuple(
        Check("gpu", "warn" if mismatch.fix else "info", mismatch.sentence, mismatch.fix)
        for mismatch in found.mismatches
    )
    if found.hardware.gpus:
        names = ", ".join(sanitize.line(gpu.name, 60) for gpu in found.hardware.gpus)
        return (Check("gpu", "ok", f"Models run on {names}."), *amiss)
    if amiss:
        return amiss
    if shown:
        text = f"{shown[0].name}: it shares the main memory, so the processor is about as fast."
        return (Check("gpu", "info", text),)
    return (Check("gpu", "info", "No GPU is known here; models run on the processor."),)


def self_test(loaded: wire.Loaded, text: str, stats: wire.Stats) -> Check:
    """Judge the built-in model's answer."""
    if not text.strip():
        return Check(
            "self-test", "fail", "The built-in model gave an empty answer.", "Reinstall localchat."
        )
    rate = units.human_rate(stats.tokens_per_second)
    said = f"{stats.tokens} tokens, {rate}, loaded in {units.human_seconds(loaded.load_seconds)}"
    if loaded.params.extra_buffers:
        return Check("self-test", "ok", f"The built-in model answers: {said}")
    return Check("self-test", "ok", f"The built-in model answers in safe mode: {said}")


def self_test_failed(error: errors.LocalchatError) -> Check:
    """Report a self-test that ended with an error."""
    return Check("self-test", "fail", error.message, error.hint or "Reinstall localchat.")


def self_test_hung(seconds: int) -> Check:
    """Report an engine that did not answer in time."""
    return Check(
        "self-test",
        "fail",
        f"The built-in model did not answer within {seconds} seconds.",
        "Close programs that keep the processor busy, and try again.",
    )


def safe_mode(entries: Sequence[SafeModeEntry], build: str) -> Check:
    """Report the engine builds that run without extra CPU buffers here."""
    now = [entry for entry in entries if entry.build == build]
    if now:
        entry = now[-1]
        return Check(
            "safe-mode",
            "warn",
            f"Since {entry.since} this engine runs without extra CPU buffers, because it crashed "
            f"with them ({entry.signal_name}, {entry.model}); it is slower so.",
            "After a change of engine or machine: localchat doctor --clear-safe-mode",
        )
    if entries:
        return Check("safe-mode", "info", "Safe mode is remembered for other engine builds only.")
    return Check("safe-mode", "ok", "Safe mode is off.")


def memory_lock(limit_bytes: int | None, how_to_raise: str) -> Check:
    """Report how much memory --mlock could lock."""
    if limit_bytes is None:
        return Check("memory-lock", "ok", "Memory can be locked without a limit (--mlock).")
    text = f"{units.human_bytes(limit_bytes)} can be locked in memory (--mlock)."
    if limit_bytes < _SMALL_LOCK_BYTES:
        return Check("memory-lock", "info", text, how_to_raise)
    return Check("memory-lock", "ok", text)


def models(found: Sequence[LocalModel], folder: Path) -> Check:
    """Report the models folder; the first of `found` is the built-in model."""
    guide, *others = found
    if guide.problem:
        return Check("models", "fail", guide.problem, "Reinstall localchat.")
    broken = [model for model in others if model.problem]
    text = f"{len(others)} model file{'' if len(others) == 1 else 's'} in {folder}"
    if broken:
        return Check("models", "warn", f"{text}; {len(broken)} cannot be used: {broken[0].problem}")
    return Check("models", "ok", text)


def memory_of(device: wire.Device) -> str:
    """Say how much memory a device has, after a comma; empty when it does not tell."""
    if not device.memory_bytes:
        return ""
    free = f" ({units.human_bytes(device.free_bytes)} free)" if device.kind != "cpu" else ""
    return f", {units.human_bytes(device.memory_bytes)}{free}"
