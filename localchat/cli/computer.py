"""Which machine is planned for: that of a profile, or this computer as its engine can use it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from localchat import errors, paths
from localchat.cli import options
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.fit import measurements
from localchat.fit.measurements import Measurement
from localchat.machine import detect, gpus, memlock, profile, reconcile
from localchat.machine.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Computer:
    """A machine to plan for."""

    hardware: Hardware
    is_this_one: bool
    lock_limit_bytes: int | None = None
    """How much a process may lock; None when there is no limit or it is not known."""
    measured: tuple[Measurement, ...] = ()
    """What chats, benchmarks and probes have told of its speed."""
    note: str = ""
    """What could not be found out, in one sentence; empty when all was."""


def find(profile_file: str | None) -> Computer:
    """Read a machine's profile, or look at this computer. Raises ProfileError."""
    if profile_file:
        return Computer(profile.read(Path(profile_file).expanduser()), is_this_one=False)
    shown = gpus.find_gpus()
    found = detect.detect(shown)
    limit = memlock.lock_limit_bytes()
    file = paths.paths().measurements_file
    # The engine takes a second to start, and without a GPU it only knows which build it is.
    if not shown and found.os != "darwin" and not file.exists():
        return Computer(found, True, limit)
    try:
        build, devices = asyncio.run(_engine())
    except errors.EngineError as error:
        alone = reconcile.reconcile(found, ()).hardware
        note = f"The engine cannot be asked for its GPUs: {error.message}"
        return Computer(alone, True, limit, note=note)
    measured = measurements.read(file, measurements.machine_key(found), build)
    hardware = reconcile.reconcile(found, devices, shown).hardware
    return Computer(hardware, True, limit, measured)


async def as_used_by(engine: EngineClient) -> Hardware:
    """Look at this computer as a running engine can use it. Raises EngineMissing or EngineLost."""
    return reconcile.reconcile(detect.detect(), await engine.devices()).hardware


async def _engine() -> tuple[str, tuple[wire.Device, ...]]:
    engine = options.engine()
    try:
        ready = await engine.start()
        return ready.build, await engine.devices()
    finally:
        await engine.close()
