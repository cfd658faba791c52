"""Works out what the models screen shows. Everything here takes its time: call it in a thread."""

import dataclasses
import functools
from dataclasses import dataclass

from localchat.engine import wire
from localchat.fit import budget, candidates, measurements, plan, ranking, speed
from localchat.fit.budget import Budget
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.fit.measurements import Measurement
from localchat.fit.option import ModelPlan, Option
from localchat.fit.situation import Pacer
from localchat.machine.hardware import Hardware
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine said of itself and of this machine."""

    build: str
    devices: tuple[wire.Device, ...]


@dataclass(frozen=True, slots=True)
class Stock:
    """A machine and what there is for it."""

    setup: Setup
    hardware: Hardware
    budget: Budget
    entries: tuple[Entry, ...]
    measured: tuple[Measurement, ...] = ()
    """On this machine, with this engine."""

    def plan(self, entry: Entry) -> ModelPlan | None:
        """Work out every choice of a model; None where too little is known of it."""
        if not entry.candidates:
            return None
        return self._plan(entry, with_grid=True)

    def stretch(self, option: Option) -> Option:
        """Work out a choice at the largest context that it could have."""
        params = dataclasses.replace(option.params, context_tokens=option.max_context_tokens)
        return plan.cell(
            option.candidate,
            params,
            self.hardware,
            self.budget,
            pacer=self._pacer,
            lock_limit_bytes=self.setup.lock_limit_bytes,
        )

    def recommend(self, *, only_mine: bool = False) -> "Stock":
        """Work out what is best of each model, and which models are.

        `only_mine` leaves the catalogue for later: the files of this disk are few.
        """
        read = [
            entry if only_mine and entry.known else _with_candidates(entry, self.setup)
            for entry in self.entries
        ]
        plans = [self._plan(entry, with_grid=False) for entry in read if entry.candidates]
        ranked = {each.plan.model: (place, each) for place, each in enumerate(ranking.rank(plans))}
        done = []
        for entry in read:
            if entry.key in ranked:
                place, found = ranked[entry.key]
                entry = dataclasses.replace(
                    entry, best=found.option, place=place, reason=found.reason
                )
            done.append(entry)
        return dataclasses.replace(self, entries=tuple(done))

    def _plan(self, entry: Entry, *, with_grid: bool) -> ModelPlan:
        wishes = plan.Wishes(base=self.setup.engine_params)
        return plan.plan(
            entry.candidates,
            self.hardware,
            self.budget,
            pacer=self._pacer,
            wishes=wishes if with_grid else wishes.for_a_list,
            lock_limit_bytes=self.setup.lock_limit_bytes,
            with_grid=with_grid,
        )

    @property
    def _pacer(self) -> Pacer:
        return functools.partial(speed.estimate, measurements=self.measured)


def look(
    setup: Setup, facts: EngineFacts | None = None, in_memory: Footprint | None = None
) -> Stock:
    """See what machine this is and what is on its disk; plan nothing yet.

    What the engine itself holds, `in_memory`, counts as free: the next model takes its place.
    """
    detected = setup.detect(facts.devices if facts else None)
    measured: tuple[Measurement, ...] = ()
    if facts is not None and setup.measurements_file is not None:
        key = measurements.machine_key(detected)
        measured = measurements.read(setup.measurements_file, key, facts.build)
    hardware = _given_back(detected, in_memory)
    mine = [Entry(local=model) for model in setup.list_models()]
    known = [Entry(known=model) for model in setup.catalogue()]
    return Stock(setup, hardware, budget.of(hardware), (*mine, *known), measured)


def _with_candidates(entry: Entry, setup: Setup) -> Entry:
    if entry.known is not None:
        return dataclasses.replace(entry, candidates=candidates.from_catalogue(entry.known))
    assert entry.local is not None
    found = setup.read_candidate(entry.local)
    return dataclasses.replace(entry, candidates=(found,) if found else ())


def _given_back(hardware: Hardware, held: Footprint | None) -> Hardware:
    """Count what the engine holds as free."""
    if held is None:
        return hardware
    own = budget.discrete_gpus(hardware)
    on_gpus = [each for each in held.devices if each.device != MAIN_MEMORY]
    main = held.on(MAIN_MEMORY) + held.runtime_bytes
    if not own:
        main += sum(each.total_bytes for each in on_gpus)
    taken = dict(zip(own, (each.total_bytes for each in on_gpus), strict=False))
    gpus = tuple(
        dataclasses.replace(
            gpu, free_bytes=min(gpu.memory_bytes, gpu.free_bytes + taken.get(gpu, 0))
        )
        for gpu in hardware.gpus
    )
    available = min(hardware.ram_bytes, hardware.available_ram_bytes + main)
    return dataclasses.replace(hardware, available_ram_bytes=available, gpus=gpus)
