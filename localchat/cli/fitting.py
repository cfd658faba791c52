"""Before `run` loads a model: is there room for it, and with which context?"""

from dataclasses import dataclass
from pathlib import Path

from localchat import errors
from localchat.cli import choice, computer
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.fit import budget, room
from localchat.machine.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Settled:
    """How a model is to be loaded."""

    params: wire.EngineParams
    hardware: Hardware | None = None
    """The machine it was settled for; None when nobody had to look at it."""
    predicted_bytes: int = 0
    """What it should take on all devices; 0 when nobody can say."""
    note: str = ""
    """What the user should know, empty when it fits as asked."""


async def settle(
    engine: EngineClient, path: Path, params: wire.EngineParams, *, force: bool
) -> Settled:
    """Choose context and layers so that the model has room on this machine.

    Raises DoesNotFit when it can have none, unless `force`; EngineMissing or EngineLost.
    """
    try:
        candidate = choice.of_file(path).candidates[0]
    except errors.LocalchatError:
        # The load itself says best what is wrong with the file.
        return Settled(params)
    hardware = await computer.as_used_by(engine)
    found = room.find(candidate, params, hardware, budget.of(hardware))
    note = f"{found.sentence} {found.hint}".strip()
    # Of an unknown architecture the memory is a guess, which must not stand in the way.
    if found.fits == "no" and not force and not candidate.shape.is_guess:
        raise errors.DoesNotFit(found.sentence, f"{found.hint}; --force tries all the same.")
    if force and found.fits != "now":
        return Settled(params, hardware, found.footprint.total_bytes, note)
    return Settled(found.params, hardware, found.footprint.total_bytes, note)
