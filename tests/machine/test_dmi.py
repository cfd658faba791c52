"""How fast memory is at most, from what firmware says of its modules."""

import pytest

from localchat.machine import dmi
from localchat.machine.dmi import Module
from tests.machine import probes


@pytest.mark.parametrize(
    ("probe", "gbps"),
    [
        ("udev-memory-ddr5-laptop", 89.6),
        ("udev-memory-lpddr5", 83.2),
        ("udev-memory-four-slots", 42.7),
        ("udev-memory-virtual-machine", None),
    ],
)
def test_bandwidth_by_udevs_record(probe: str, gbps: float | None) -> None:
    """Channels are counted, not modules; the configured rate counts; empty slots do not."""
    assert dmi.bandwidth_gbps(dmi.parse_udev(probes.text(probe))) == gbps


def test_bandwidth_by_windows_firmware_table() -> None:
    """Two modules on two named channels; the empty slot beside them is left out."""
    modules = dmi.parse_smbios(probes.raw("windows-smbios"))
    assert [module.transfers_mts for module in modules] == [4800, 4800]
    assert dmi.bandwidth_gbps(modules) == 76.8


def test_servers_count_their_named_channels() -> None:
    """Two modules on each of eight channels are eight channels."""
    modules = tuple(Module(64, 2666, f"0/{n % 8}") for n in range(16))
    assert dmi.bandwidth_gbps(modules) == 170.6


def test_many_modules_without_names_tell_nothing() -> None:
    """More than four slots: a board with more channels than anyone could guess."""
    assert dmi.bandwidth_gbps((Module(64, 2666, ""),) * 8) is None
    assert dmi.bandwidth_gbps((Module(64, 2666, ""),) * 4) == 42.7
    assert dmi.bandwidth_gbps(()) is None
