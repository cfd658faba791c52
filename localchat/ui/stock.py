"""Works out what the models screen shows. Everything here takes its time: call it in a thread."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from localchat.fit import budget, candidates, plan, ranking
from localchat.fit.budget import Budget
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory
from localchat.fit.option import ModelPlan, Option
from localchat.machine.hardware import Hardware
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry


@dataclass(frozen=True, slots=True)
class Stock:
    """A machine and what there is for it."""

    setup: Setup
    hardware: Hardware
    budget: Budget
    entries: tuple[Entry, ...]

    def plan(self, entry: Entry) -> ModelPlan | None:
        """Work out every choice of a model; None where too little is known of it."""
        if not entry.candidates:
            return None
        return self._plan(entry, with_grid=True)

    def stretch(self, option: Option) -> Option:
        """Work out a choice at the largest context that it could have."""
        params = dataclasses.replace(option.params, context_tokens=option.max_context_tokens)
        return plan.cell(option.candidate, params, self.hardware, self.budget)

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
            entry.candidates, self.hardware, self.budget, wishes=wishes, with_grid=with_grid
        )


def look(setup: Setup, in_memory: Option | None = None) -> Stock:
    """See what machine this is and what is on its disk; plan nothing yet.

    What the engine itself holds, `in_memory`, counts as free: the next model takes its place.
    """
    hardware = _given_back(setup.detect(), in_memory)
    mine = [Entry(local=model) for model in setup.list_models()]
    known = [Entry(known=model) for model in setup.catalogue()]
    return Stock(setup, hardware, budget.of(hardware), (*mine, *known))


def _with_candidates(entry: Entry, setup: Setup) -> Entry:
    if entry.known is not None:
        return dataclasses.replace(entry, candidates=candidates.from_catalogue(entry.known))
    assert entry.local is not None
    found = setup.read_candidate(entry.local)
    return dataclasses.replace(entry, candidates=(found,) if found else ())


def _given_back(hardware: Hardware, option: Option | None) -> Hardware:
    if option is None:
        return hardware
    held = option.footprint.on(MAIN_MEMORY) + option.footprint.runtime_bytes
    on_gpus = [each for each in option.footprint.devices if each.device != MAIN_MEMORY]
    if hardware.unified_memory:
        held += sum(each.total_bytes for each in on_gpus)
    if option.params.mmap:
        # The system counts a mapped file as available while it is in memory.
        held -= option.footprint.weights_bytes
    available = min(hardware.ram_bytes, hardware.available_ram_bytes + max(0, held))
    gpus = [
        dataclasses.replace(gpu, free_bytes=min(gpu.memory_bytes, gpu.free_bytes + taken))
        for gpu, taken in zip(hardware.gpus, _taken(on_gpus, len(hardware.gpus)), strict=True)
    ]
    return dataclasses.replace(hardware, available_ram_bytes=available, gpus=tuple(gpus))


def _taken(devices: Sequence[DeviceMemory], gpus: int) -> list[int]:
    sizes = [device.total_bytes for device in devices]
    return (sizes + [0] * gpus)[:gpus]
