"""The recorded machines, and the catalogue's models on them."""

from pathlib import Path

from localchat.fit import budget, candidates, plan
from localchat.fit.budget import Budget
from localchat.fit.candidate import Candidate
from localchat.fit.option import ModelPlan
from localchat.machine import profile
from localchat.machine.hardware import Hardware
from localchat.models import catalogue

FOLDER = Path(__file__).parents[1] / "machines"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def machine(name: str) -> Hardware:
    """Read one of the recorded machines."""
    return profile.read(FOLDER / f"{name}.toml")


def model(name: str) -> tuple[Candidate, ...]:
    """Return the quantizations of a model of the catalogue."""
    known = catalogue.find(name)
    assert known is not None
    return candidates.from_catalogue(known)


def planned(name: str, on: str, limits: Budget | None = None) -> ModelPlan:
    """Plan a model of the catalogue for a recorded machine."""
    hardware = machine(on)
    return plan.plan(model(name), hardware, limits or budget.of(hardware))
