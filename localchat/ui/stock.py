"""Works out what the models screen shows. Everything here takes its time: call it in a thread."""

import dataclasses
import functools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localchat import units
from localchat.engine import wire
from localchat.fit import budget, candidates, measurements, plan, ranking, speed
from localchat.fit.budget import Budget
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.fit.measurements import Measurement
from localchat.fit.option import ModelPlan, Option
from localchat.fit.situation import Pacer
from localchat.library.entries import Library, LocalEntry
from localchat.machine.hardware import Hardware
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.ui import wording
from localchat.ui.hub_offer import Offer
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
    library: Library = field(default_factory=lambda: Library(()))
    free_bytes: int | None = None
    """Of the disk that downloads go to; None when it is not known."""

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

    def with_offer(self, entry: Entry, offer: Offer) -> "Stock":
        """Put what a repository offers in the place of what was known of it, or at the end."""
        read = dataclasses.replace(entry, offer=offer, candidates=offer.candidates)
        named = [each for each in offer.candidates if each.label == offer.wanted_label]
        asked = dataclasses.replace(read, candidates=tuple(named) or offer.candidates)
        if asked.candidates:
            (first, *_) = ranking.rank([self._plan(asked, with_grid=False)])
            read = dataclasses.replace(read, best=first.option)
        others = [each for each in self.entries if each.key != entry.key]
        places = [each.key for each in self.entries]
        where = places.index(entry.key) if entry.key in places else len(others)
        return dataclasses.replace(self, entries=(*others[:where], read, *others[where:]))

    @property
    def disk_words(self) -> str:
        """Say what models take on the disk and what is free, or where to put them."""
        mine = [each for each in self.entries if each.local and not each.local.is_guide]
        if not mine and not self.library.partials:
            return f"put .gguf files into: {wording.short_path(self.setup.models_folder)}"
        others = (each.local.size_bytes for each in mine if each.local and not each.held)
        taken = f"{units.human_bytes(self.library.allocated_bytes + sum(others))} on this disk"
        free = "" if self.free_bytes is None else f", {units.human_bytes(self.free_bytes)} free"
        return taken + free

    def path_of(self, entry: Entry, label: str) -> Path | None:
        """Find the file of a choice on this disk; None when it would have to be downloaded."""
        if entry.local is not None:
            return entry.local.path
        return entry.offer.here(self.library).get(label) if entry.offer else None

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
    setup: Setup,
    facts: EngineFacts | None = None,
    in_memory: Footprint | None = None,
    offers: Mapping[str, tuple[Entry, Offer]] | None = None,
    header_seconds: float = 0.0,
) -> Stock:
    """See what machine this is and what is on its disk; plan nothing yet.

    What the engine itself holds, `in_memory`, counts as free: the next model takes its place.
    `offers` are repositories that were read before, by the keys of their entries.
    """
    detected = setup.detect(facts.devices if facts else None)
    measured: tuple[Measurement, ...] = ()
    if facts is not None and setup.measurements_file is not None:
        key = measurements.machine_key(detected)
        measured = measurements.read(setup.measurements_file, key, facts.build)
    hardware = _given_back(detected, in_memory)
    library = setup.scan_library(header_seconds)
    mine = [Entry(local=model) for model in setup.list_models()]
    mine += [_of_library(each) for each in library.entries]
    unfinished = [Entry(partial=each) for each in library.partials]
    read = dict(offers or {})
    known = [_known(model, read) for model in setup.catalogue()]
    found = [dataclasses.replace(entry, offer=offer) for entry, offer in read.values()]
    entries = (*mine, *unfinished, *known, *found)
    limits = budget.of(hardware)
    return Stock(setup, hardware, limits, entries, measured, library, setup.free_bytes())


def _of_library(held: LocalEntry) -> Entry:
    model = held.model or LocalModel(held.path, held.name, held.size_bytes)
    return Entry(local=dataclasses.replace(model, problem=held.problem), held=held)


def _known(model: CatalogueModel, read: dict[str, tuple[Entry, Offer]]) -> Entry:
    """Make the entry of a catalogue model, taking what was read of its repository."""
    entry = Entry(known=model)
    _, offer = read.pop(entry.key, (entry, None))
    return dataclasses.replace(entry, offer=offer)


def free_bytes(folder: Path) -> int | None:
    """Tell what is free on the disk of a folder that need not be there; None when not known."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def _with_candidates(entry: Entry, setup: Setup) -> Entry:
    if entry.offer is not None:
        return dataclasses.replace(entry, candidates=entry.offer.candidates)
    if entry.known is not None:
        return dataclasses.replace(entry, candidates=candidates.from_catalogue(entry.known))
    found = setup.read_candidate(entry.local) if entry.local else None
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
