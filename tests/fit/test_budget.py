"""How much memory a model may take."""

import dataclasses
from itertools import pairwise

import pytest

from localchat.fit import budget
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.machine.hardware import Gpu, Hardware
from tests.fit import machines

_GIB = 2**30
_AIR = machines.machine("macbook-air-m2-16gb")
_LAPTOP = Hardware("linux", "x", 4, 0, 8 * _GIB, 5 * _GIB, 8, 4)
_CARD = Gpu("Card", "cuda", 24 * _GIB, 20 * _GIB)
_DESKTOP = dataclasses.replace(
    _LAPTOP, ram_bytes=64 * _GIB, available_ram_bytes=50 * _GIB, gpus=(_CARD,)
)


def _takes(main_bytes: int, *gpu_bytes: int, runtime_bytes: int = 0) -> Footprint:
    devices = [DeviceMemory(MAIN_MEMORY, main_bytes, 0, 0)]
    devices += [DeviceMemory(f"CUDA{at}", taken, 0, 0) for at, taken in enumerate(gpu_bytes)]
    return Footprint(tuple(devices), runtime_bytes, 8192, "formula")


def test_headroom_is_the_larger_of_a_gibibyte_and_eight_percent() -> None:
    """What is available less headroom, in all three levels."""
    small = [budget.of(_LAPTOP, level).now_bytes / _GIB for level in budget.LEVELS]
    assert [4.5, 4.0, 3.0] == small
    headroom = 0.08 * 16 * _GIB
    assert int(8.5 * _GIB - headroom) == pytest.approx(budget.of(_AIR).now_bytes, abs=1)


def test_closed_apps_leave_the_system_its_part_and_the_gpu_its_limit() -> None:
    """The smaller of RAM less 2 GiB or 15 %, and the GPU's limit less 512 MiB."""
    assert 6 * _GIB == budget.of(_LAPTOP).closed_bytes
    assert 12713115648 - _GIB // 2 == budget.of(_AIR).closed_bytes


def test_unified_memory_is_limited_by_what_the_gpu_may_use() -> None:
    """On unified memory the smaller of what is available and what the GPU may use counts."""
    tight = dataclasses.replace(_AIR.gpus[0], free_bytes=4 * _GIB)
    found = budget.of(dataclasses.replace(_AIR, gpus=(tight,)))
    assert 4 * _GIB - found.headroom_bytes == found.now_bytes
    assert () == found.gpus


def test_memory_that_firmware_gave_to_the_gpu_counts_for_models() -> None:
    """A carved-out part is missing from RAM, yet a model may lie there."""
    pool = Gpu("iGPU", "vulkan", 12 * _GIB, 12 * _GIB, True, carved_out_bytes=4 * _GIB)
    found = budget.of(dataclasses.replace(_LAPTOP, gpus=(pool,), unified_memory=True))
    assert 5 * _GIB + 4 * _GIB - _GIB == found.now_bytes


def test_a_gpu_with_its_own_memory_has_its_own_budget() -> None:
    """Free memory less the larger of 512 MiB and 4 %; main memory is counted apart."""
    found = budget.of(_DESKTOP)
    assert 20 * _GIB - int(0.04 * 24 * _GIB) == found.gpus[0].now_bytes
    assert 24 * _GIB - int(0.04 * 24 * _GIB) == found.gpus[0].closed_bytes
    assert 50 * _GIB - int(0.08 * 64 * _GIB) == found.now_bytes


@pytest.mark.parametrize("name", machines.NAMES)
def test_levels_are_in_order_on_every_recorded_machine(name: str) -> None:
    """Safe leaves more than normal, normal more than tight; nothing is negative."""
    hardware = machines.machine(name)
    room = [budget.of(hardware, level) for level in budget.LEVELS]
    assert all(more.now_bytes >= less.now_bytes >= 0 for more, less in pairwise(room))
    assert room[1].now_bytes <= hardware.ram_bytes
    assert all(gpu.now_bytes >= 0 for gpu in room[2].gpus)


def test_a_given_figure_is_final_for_the_total_alone() -> None:
    """Nothing is subtracted from it, and the engine's own memory is not held against it."""
    limits = budget.of(_LAPTOP, fixed_bytes=7 * _GIB)
    assert (7 * _GIB, 7 * _GIB) == (limits.now_bytes, limits.closed_bytes)
    assert "now" == budget.fits(_takes(7 * _GIB, runtime_bytes=_GIB), limits)
    assert "no" == budget.fits(_takes(7 * _GIB + 1), limits)


def test_a_choice_fits_with_the_engine_around_it() -> None:
    """Total and runtime together must be within the budget, to the byte."""
    limits = budget.of(_LAPTOP)
    assert "now" == budget.fits(_takes(4 * _GIB - 100, runtime_bytes=100), limits)
    assert "if you close apps" == budget.fits(_takes(4 * _GIB, runtime_bytes=1), limits)
    assert "no" == budget.fits(_takes(6 * _GIB, runtime_bytes=1), limits)


def test_each_device_must_hold_its_own_share() -> None:
    """Room on one device does not make up for another's."""
    limits = budget.of(_DESKTOP)
    on_gpu = limits.gpus[0].now_bytes
    assert "now" == budget.fits(_takes(40 * _GIB, on_gpu), limits)
    assert "if you close apps" == budget.fits(_takes(_GIB, on_gpu + 1), limits)
    assert "no" == budget.fits(_takes(_GIB, 24 * _GIB), limits)
    assert 1 == budget.short_bytes(_takes(_GIB, on_gpu + 1), limits)


def test_devices_are_found_by_name_or_by_order() -> None:
    """Footprints name GPUs as their maker does, or as ggml numbers them."""
    two = dataclasses.replace(_DESKTOP, gpus=(_CARD, dataclasses.replace(_CARD, name="Other")))
    limits = budget.of(two)
    named = Footprint(
        (DeviceMemory(MAIN_MEMORY, 1, 0, 0), DeviceMemory("Other", 5, 0, 0)), 0, 256, "formula"
    )
    assert (0, 5) == budget.gpu_bytes(named, limits)
    assert (3, 4) == budget.gpu_bytes(_takes(1, 3, 4), limits)
