"""What happens before a load when memory is short."""

from dataclasses import replace
from pathlib import Path

import pytest

from localchat import units
from localchat.fit import budget, candidates, memory, room
from localchat.fit.candidate import Candidate
from localchat.fit.params import EngineParams
from localchat.machine import profile
from localchat.machine.hardware import Hardware
from localchat.models import catalogue

MACHINES = Path(__file__).parents[1] / "machines"


@pytest.fixture
def laptop() -> Hardware:
    return profile.read(MACHINES / "macbook-air-m2-16gb.toml")


@pytest.fixture
def mistral() -> Candidate:
    model = catalogue.find("mistral-7b")
    assert model is not None
    found = {each.label: each for each in candidates.from_catalogue(model)}
    return found["Q4_K_S"]


def _found(mistral: Candidate, laptop: Hardware, available_bytes: int, tokens: int) -> room.Room:
    machine = replace(laptop, available_ram_bytes=available_bytes)
    params = EngineParams(context_tokens=tokens)
    return room.find(mistral, params, machine, budget.of(machine))


def test_what_fits_is_left_as_it_is(mistral: Candidate, laptop: Hardware) -> None:
    """With room for the usual context nothing is said, and the context is settled."""
    found = _found(mistral, laptop, 12 * units.GIB, 0)

    assert ("now", "", 8192) == (found.fits, found.sentence, found.params.context_tokens)


def test_an_open_context_shrinks_to_what_fits(mistral: Candidate, laptop: Hardware) -> None:
    """A context that nobody asked for is the largest that fits now, and the sentence says so."""
    found = _found(mistral, laptop, 6 * units.GIB, 0)
    machine = replace(laptop, available_ram_bytes=6 * units.GIB)
    more = replace(found.params, context_tokens=found.params.context_tokens + 256)

    assert "now" == found.fits
    assert 2048 <= found.params.context_tokens < 8192
    assert f"{found.params.context_tokens:,} tokens" in found.sentence
    assert "now" != budget.fits(memory.footprint(mistral, more, machine), budget.of(machine))


def test_an_asked_context_is_not_touched(mistral: Candidate, laptop: Hardware) -> None:
    """Who asks for a context gets it or is told what would fit; it is never made smaller."""
    found = _found(mistral, laptop, 6 * units.GIB, 16384)

    assert ("if you close apps", 16384) == (found.fits, found.params.context_tokens)
    assert "-c " in found.hint


def test_a_smaller_kv_cache_is_offered(mistral: Candidate, laptop: Hardware) -> None:
    """Where the context has no room to shrink but q8_0 would do, the hint gives the flags."""
    needed = memory.footprint(mistral, EngineParams(context_tokens=2048), laptop)
    # Headroom is 8 % of RAM; a little less than needed is left, less than a q8_0 cache saves.
    short = (
        needed.total_bytes + needed.runtime_bytes + int(0.08 * laptop.ram_bytes) - 64 * units.MIB
    )

    found = _found(mistral, laptop, short, 2048)

    assert "-ctk q8_0 -ctv q8_0" in found.hint


def test_what_can_never_fit_is_told_so(mistral: Candidate, laptop: Hardware) -> None:
    """A machine that is too small for the weights is told to choose something smaller."""
    small = replace(laptop, ram_bytes=4 * units.GIB, available_ram_bytes=3 * units.GIB)

    found = room.find(mistral, EngineParams(), small, budget.of(small))

    assert "no" == found.fits
    assert "smaller" in found.hint


def test_layers_go_where_there_is_room(mistral: Candidate) -> None:
    """On a GPU that is too small for all layers, as many as fit are put there."""
    machine = profile.read(MACHINES / "desktop-rtx4090-24gb.toml")
    gpu = replace(machine.gpus[0], free_bytes=4 * units.GIB)
    machine = replace(machine, gpus=(gpu,))

    found = room.find(mistral, EngineParams(), machine, budget.of(machine))

    assert "now" == found.fits
    assert 0 < found.params.gpu_layers < mistral.shape.layers
    assert found.footprint.on(gpu.name) < 4 * units.GIB
