"""Which machine is planned for: that of a profile, or this computer as its engine can use it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from localchat import errors
from localchat.cli import options
from localchat.engine import wire
from localchat.machine import detect, gpus, memlock, profile, reconcile
from localchat.machine.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Computer:
    """A machine to plan for."""

    hardware: Hardware
    is_this_one: bool
    lock_limit_bytes: int | None = None
    """How much a process may lock; None when there is no limit or it is not known."""
    note: str = ""
    """What could not be found out, in one sentence; empty when all was."""


def find(profile_file: str | None) -> Computer:
    """Read a machine's profile, or look at this computer. Raises ProfileError."""
    if profile_file:
        return Computer(profile.read(Path(profile_file).expanduser()), is_this_one=False)
    shown = gpus.find_gpus()
    found = detect.detect(shown)
    limit = memlock.lock_limit_bytes()
    if not shown and found.os != "darwin":
        return Computer(found, True, limit)
    try:
        devices = asyncio.run(_devices())
    except errors.EngineError as error:
        alone = reconcile.reconcile(found, ()).hardware
        note = f"The engine cannot be asked for GPUs: {error.message}"
        return Computer(alone, True, limit, note)
    return Computer(reconcile.reconcile(found, devices, shown).hardware, True, limit)


async def _devices() -> tuple[wire.Device, ...]:
    engine = options.engine()
    try:
        await engine.start()
        return await engine.devices()
    finally:
        await engine.close()
