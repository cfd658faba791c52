"""Measures this machine in an engine process of its own, and says what was learned.

The front end's side of `probe`: starts the process, waits, and ends it whatever comes. Knows what
a measurement is, nothing of how one is kept.
"""

import asyncio
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from localchat import errors
from localchat.engine import healing, process, wire
from localchat.engine.link import Link, failure, is_crash
from localchat.fit import measurements, memory, speed, work
from localchat.fit.candidate import Candidate
from localchat.fit.measurements import Measurement, Setting
from localchat.fit.work import Work
from localchat.machine.hardware import Hardware

FORMATS: Final = ("Q4_K",)
"""What a machine is measured with when no model is named: the format of most downloads. It tells
how far the table is off for the other formats too."""

_MOST_SECONDS = 90.0
_NOTHING = Work(0.0, 0.0, 0.0)

OnProgress = Callable[[float], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What is to be measured: a model by its header, or a number format by models of our own."""

    candidate: Candidate | None = None
    header: Path | None = None
    """The model's file, or one that holds only what stands before its weights."""
    format: str = FORMATS[0]
    seconds: float = 3.0
    """About so long are tokens timed; loading and prompts come on top."""
    most_bytes: int = 0
    """What the layers of a copy may take; 0 lets the engine choose."""


class Prober:
    """Runs probes, one at a time."""

    def __init__(
        self,
        log_folder: Path,
        safe_mode_file: Path,
        command: Sequence[str] = process.WORKER_COMMAND,
    ) -> None:
        self._log_folder = log_folder
        self._safe_mode_file = safe_mode_file
        self._command = tuple(command)
        self._link: Link | None = None
        self._cancelled = False

    async def measure(
        self,
        target: Target,
        params: wire.EngineParams,
        hardware: Hardware,
        on_progress: OnProgress | None = None,
    ) -> tuple[str, tuple[Measurement, ...]]:
        """Measure, and return the engine's build and what to remember about it.

        Takes some seconds of the whole machine. An engine that crashes is tried once more in safe
        mode. Where the GPU gets a part of the layers, both devices are measured. Raises Cancelled,
        BadModel, DoesNotFit, EngineMissing, LoadFailed or EngineLost.
        """
        try:
            return await self._measure(target, params, hardware, on_progress or _ignore)
        finally:
            # Not before: who cancels while it is still prepared means this one.
            self._cancelled = False

    async def _measure(
        self, target: Target, params: wire.EngineParams, hardware: Hardware, notify: OnProgress
    ) -> tuple[str, tuple[Measurement, ...]]:
        found: list[Measurement] = []
        build = ""
        for gpu_layers in _placements(target, params, hardware):
            placed = dataclasses.replace(params, gpu_layers=gpu_layers)
            try:
                build, value, used = await self._once(target, placed, notify)
            except errors.EngineLost as lost:
                if self._cancelled:
                    raise errors.Cancelled("Measuring was stopped.") from lost
                if not (placed.extra_buffers and is_crash(lost)):
                    raise
                params = dataclasses.replace(params, extra_buffers=False)
                placed = dataclasses.replace(placed, extra_buffers=False)
                build, value, used = await self._once(target, placed, notify)
            found += _measurements(target, used, hardware, value)
        return build, tuple(found)

    async def cancel(self) -> None:
        """Stop the probe under way, or the next one; `measure` then raises Cancelled."""
        self._cancelled = True
        if self._link is not None:
            await self._link.cancel()

    async def _once(
        self, target: Target, params: wire.EngineParams, on_progress: OnProgress
    ) -> tuple[str, Mapping[str, Any], wire.EngineParams]:
        self._link = link = Link(self._command, self._log_folder)
        try:
            ready = await link.start()
            if healing.needs_safe_mode(self._safe_mode_file, ready.build):
                params = dataclasses.replace(params, extra_buffers=False)
            header = "" if target.header is None else str(target.header)
            command = wire.Probe(
                0, header, params, target.format, target.seconds, target.most_bytes
            )
            value = await asyncio.wait_for(self._ask(link, command, on_progress), _MOST_SECONDS)
        except TimeoutError as error:
            message = f"Measuring this machine took more than {_MOST_SECONDS:.0f} seconds."
            raise errors.EngineError(message, "Try again when nothing else runs.") from error
        finally:
            self._link = None
            await link.close()
        return ready.build, value, params

    async def _ask(
        self, link: Link, command: wire.Probe, on_progress: OnProgress
    ) -> Mapping[str, Any]:
        with link.request(command) as request:
            await link.send(request)
            if self._cancelled:
                await link.cancel()
            while True:
                event = await request.events.get()
                if isinstance(event, wire.Progress):
                    on_progress(event.done / max(1, event.total))
                elif isinstance(event, wire.Result):
                    return event.value
                elif self._cancelled:
                    raise errors.Cancelled("Measuring was stopped.")
                else:
                    raise failure(event, "measuring this machine")


def _placements(target: Target, params: wire.EngineParams, hardware: Hardware) -> tuple[int, ...]:
    if not hardware.gpus or not params.gpu_layers:
        return (0,)
    layers = target.candidate.shape.layers if target.candidate else 0
    is_partial = 0 < params.gpu_layers <= layers or params.experts_on_cpu
    return (0, -1) if is_partial else (-1,)


def _measurements(
    target: Target, params: wire.EngineParams, hardware: Hardware, value: Mapping[str, Any]
) -> list[Measurement]:
    params = dataclasses.replace(params, threads=int(value["threads"]), experts_on_cpu=False)
    on_gpu = bool(params.gpu_layers)
    make = functools.partial(_measurement, on_gpu=on_gpu, kv=value["kv_seconds_per_byte"])
    candidate = target.candidate
    if candidate is None:
        kv_type = f"{params.kv_type_k}/{params.kv_type_v}"
        setting = Setting(target.format, params.threads, params.extra_buffers, kv_type)
        return [
            make(f"{target.format} {number}", setting, row["weights_bytes"], row["layers"], row)
            for number, row in enumerate(value["rows"])
        ]
    setting = speed.setting(candidate, params, hardware)
    split = work.split(candidate, memory.footprint(candidate, params, hardware), params)
    done = split.gpu if on_gpu else split.host
    file = measurements.identity(candidate.path, candidate.file_bytes) if candidate.path else ""
    return [
        make(file or candidate.model, setting, done.weights_bytes, done.layers, row)
        for row in value["rows"]
    ]


def _measurement(
    file: str,
    setting: Setting,
    weights_bytes: float,
    layers: float,
    row: Mapping[str, Any],
    *,
    on_gpu: bool,
    kv: float | None,
) -> Measurement:
    done = Work(float(weights_bytes), float(layers), 0.0)
    return Measurement(
        kind="probe",
        file=file,
        setting=setting,
        host=_NOTHING if on_gpu else done,
        gpu=done if on_gpu else _NOTHING,
        token_seconds=float(row["token_seconds"]),
        spread=float(row["spread"]),
        prefill_tokens_per_second=float(row["prefill_tokens_per_second"]),
        kv_seconds_per_byte=kv,
    )


def _ignore(_: float) -> None:
    return
