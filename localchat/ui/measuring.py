"""Measures this machine and keeps what was found, for all figures from then on."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from localchat import units
from localchat.engine import wire
from localchat.engine.prober import Prober, Target
from localchat.fit import measurements
from localchat.fit.measurements import Measurement
from localchat.machine import processes
from localchat.machine.hardware import Hardware

OnProgress = Callable[[float], None]


async def measure(
    prober: Prober,
    params: wire.EngineParams,
    hardware: Hardware,
    file: Path | None,
    on_progress: OnProgress,
) -> tuple[str, str]:
    """Measure for some seconds, and say in two sentences what was found and how far to trust it.

    Raises Cancelled, EngineError, and OSError where the figures cannot be kept.
    """
    busy_share = await asyncio.to_thread(processes.busy_share)
    build, found = await prober.measure(Target(), params, hardware, on_progress)
    if file is not None:
        key = measurements.machine_key(hardware)
        await asyncio.to_thread(measurements.add, file, key, build, found)
    return _sentence(found), processes.busy_note(busy_share)


def _sentence(found: tuple[Measurement, ...]) -> str:
    if not found:
        return "This machine was measured; the figures are as before."
    best = max(_bytes_per_second(each) for each in found)
    rate = units.human_bytes(best)
    return f"This machine reads {rate} of weights a second; all figures are held against that now."


def _bytes_per_second(each: Measurement) -> float:
    done = each.host if each.gpu.is_nothing else each.gpu
    return done.weights_bytes / each.token_seconds
