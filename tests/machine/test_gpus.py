"""Which GPUs the system shows, on computers of every kind."""

from pathlib import Path

import pytest

from localchat.machine import drm, gpus, nvidia, registry
from localchat.machine.hardware import Gpu
from localchat.machine.systemgpu import SystemGpu, as_device
from tests.machine import probes

GIB = 2**30
MIB = 2**20


def test_cards_are_listed_whatever_the_engine_can_do(tmp_path: Path) -> None:
    """A driver's name for a card wins; displays, virtual and integrated GPUs are told apart."""
    found = gpus.linux_gpus(probes.tree("linux-gpus", tmp_path))
    assert [(gpu.vendor, gpu.name, gpu.worthwhile) for gpu in found] == [
        ("nvidia", "NVIDIA GeForce RTX 3060", True),
        ("amd", "AMD GPU", True),
        ("amd", "AMD GPU", False),
        ("intel", "Intel GPU", False),
    ]
    assert [gpu.is_integrated for gpu in found] == [False, False, True, True]
    assert found[1].own_bytes == 17163091968


def test_no_gpu_is_an_empty_list(tmp_path: Path) -> None:
    """A computer without any shows none."""
    assert gpus.linux_gpus(tmp_path) == ()
    assert gpus.windows_gpus("") == ()
    assert gpus.mac_gpus("x86_64") == ()


def test_nvml_tells_memory_and_takes_the_place_of_proc(tmp_path: Path) -> None:
    """Two equal cards are two; the kernel's own record of them is not added."""
    root = probes.tree("linux-gpus", tmp_path)
    found = gpus.linux_gpus(root, probes.text("nvml-two-gpus"))
    cards = [gpu for gpu in found if gpu.vendor == "nvidia"]
    assert [gpu.own_bytes for gpu in cards] == [24 * GIB, 24 * GIB]
    assert [gpu.own_free_bytes for gpu in cards] == [24769462272, 25430065152]


def test_an_nvidia_gpu_without_own_memory_shares_the_computers() -> None:
    """GB10 and its like: NVML has no figure, the whole memory serves."""
    (gpu,) = nvidia.parse_nvml(probes.text("nvml-gb10"))
    found = as_device(gpu, "linux", 120 * GIB, 100 * GIB)
    assert found == Gpu("NVIDIA GB10", "cuda", 120 * GIB, 100 * GIB, is_integrated=True)


def test_a_card_whose_memory_is_unknown_is_no_device() -> None:
    """A driver that does not answer in time leaves the name: nothing can be planned on it."""
    (gpu,) = nvidia.parse_nvml("NVIDIA RTX A2000\t?\t?\n")
    assert (gpu.is_integrated, gpu.own_bytes) == (False, 0)
    assert as_device(gpu, "linux", 16 * GIB, 8 * GIB) is None


def test_an_amd_apu_is_one_pool_with_main_memory(tmp_path: Path) -> None:
    """What was carved out and what GTT allows add up; libdrm's list has the name."""
    found = gpus.linux_gpus(probes.tree("linux-amd-apu", tmp_path))
    (device,) = gpus.as_devices(found, "linux", 32778485760, 24696061952)
    assert device == Gpu(
        name="AMD Radeon 780M Graphics",
        backend="vulkan",
        memory_bytes=512 * MIB + 16389242880,
        free_bytes=96 * MIB + 16389242880 - 209715200,
        is_integrated=True,
        carved_out_bytes=512 * MIB,
    )


def test_a_large_carve_out_does_not_make_an_apu_a_card(tmp_path: Path) -> None:
    """96 GiB of its own, and still it is the processor's; its GPU is worth using."""
    (gpu,) = gpus.linux_gpus(probes.tree("linux-strix-halo-carved", tmp_path))
    assert (gpu.is_integrated, gpu.worthwhile) == (True, True)
    assert gpu.own_bytes == 96 * GIB


def test_intels_cards_are_told_from_its_processors_gpus(tmp_path: Path) -> None:
    """By their PCI device numbers."""
    found = gpus.linux_gpus(probes.tree("linux-intel-arc", tmp_path))
    assert [(gpu.is_integrated, gpu.worthwhile) for gpu in found] == [(True, False), (False, True)]


def test_windows_linux_shows_a_card_of_windows(tmp_path: Path) -> None:
    """By the driver where it answers, and by its library where not."""
    root = probes.tree("linux-wsl2", tmp_path)
    assert nvidia.is_installed(root)
    assert [gpu.name for gpu in gpus.linux_gpus(root)] == ["NVIDIA GPU of Windows"]
    by_driver = gpus.linux_gpus(root, probes.text("nvml-rtx4060-laptop"))
    assert [gpu.name for gpu in by_driver] == ["NVIDIA GeForce RTX 4060 Laptop GPU"]
    assert not nvidia.is_installed(root / "empty")


def test_windows_adapters_of_a_laptop() -> None:
    """More than 4 GiB is told in full, and the driver's word on its card counts more."""
    adapters = probes.text("windows-adapters-laptop")
    inside, card = registry.parse_adapters(adapters)
    assert (inside.name, inside.is_integrated) == ("AMD Radeon 780M Graphics", True)
    assert (card.vendor, card.own_bytes) == ("nvidia", 8188 * MIB)
    found = gpus.windows_gpus(adapters, probes.text("nvml-rtx4060-laptop"))
    assert [gpu.name for gpu in found] == [
        "NVIDIA GeForce RTX 4060 Laptop GPU",
        "AMD Radeon 780M Graphics",
    ]
    devices = gpus.as_devices(found, "windows", 16 * GIB, 8 * GIB)
    assert [(gpu.backend, gpu.free_bytes) for gpu in devices] == [("cuda", 7444889600)]


def test_windows_adapters_of_a_desktop() -> None:
    """Sizes in binary are read; an adapter that is listed twice, and a plain one, are not added."""
    found = registry.parse_adapters(probes.text("windows-adapters-desktop"))
    assert [(gpu.name, gpu.own_bytes) for gpu in found] == [
        ("Intel(R) UHD Graphics 770", 0),
        ("AMD Radeon RX 7900 XTX", 24 * GIB),
        ("Intel(R) Arc(TM) A770 Graphics", 0x3C7100000),
    ]
    assert [gpu.is_integrated for gpu in found] == [True, False, False]


def test_windows_shares_half_of_memory_with_an_integrated_gpu() -> None:
    """WDDM's limit, on top of what the firmware carved out."""
    gpu = SystemGpu("amd", "780M", False, True, own_bytes=512 * MIB, own_free_bytes=512 * MIB)
    found = as_device(gpu, "windows", 16 * GIB, 6 * GIB)
    assert found is not None
    assert (found.backend, found.memory_bytes) == ("vulkan", 8 * GIB + 512 * MIB)
    assert found.free_bytes == 6 * GIB + 512 * MIB


def test_integrated_gpus_step_back_behind_a_card() -> None:
    """llama.cpp uses them only where there is no other."""
    card = SystemGpu("amd", "RX 7900 XTX", True, own_bytes=24 * GIB, own_free_bytes=23 * GIB)
    inside = SystemGpu("amd", "610M", False, True, own_bytes=512 * MIB)
    (device,) = gpus.as_devices((inside, card), "linux", 32 * GIB, 20 * GIB)
    assert (device.name, device.backend) == ("RX 7900 XTX", "rocm")


@pytest.mark.parametrize(
    ("device", "revision", "name"),
    [
        (0x15BF, 0x00, "AMD Radeon 780M"),
        (0x744C, 0xC8, "AMD Radeon RX 7900 XTX"),
        (0x744C, 0xC9, ""),
        (0, 0, ""),
    ],
)
def test_libdrms_list_names_amds_cards(device: int, revision: int, name: str) -> None:
    """Device and revision both count; what is not listed has no name."""
    assert drm.parse_amd_name(probes.text("linux-amd-apu"), device, revision) == name


def test_nvml_answers_here_without_raising() -> None:
    """With a driver or without, there is a list."""
    assert isinstance(nvidia.parse_nvml(nvidia.read_nvml()), tuple)
    assert all(gpu.name for gpu in gpus.find_gpus())
