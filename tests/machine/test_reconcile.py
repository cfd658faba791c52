"""The engine's devices have the last word, and the GPUs that it leaves idle are explained."""

import dataclasses
from pathlib import Path

import pytest

from localchat.engine import wire
from localchat.machine import gpus, profile, reconcile
from localchat.machine.hardware import Gpu, Hardware
from localchat.machine.systemgpu import SystemGpu
from tests.machine import probes

_MACHINES = Path(__file__).parent.parent / "machines"
GIB = 2**30
MIB = 2**20

_CPU = wire.Device("CPU", "x", "cpu", 16 * GIB, 16 * GIB, "CPU")
_CUDA = wire.Device("CUDA0", "NVIDIA GeForce RTX 3060", "gpu", 12 * GIB, 11 * GIB, "CUDA")
_VULKAN = wire.Device("Vulkan0", "NVIDIA GeForce RTX 3060", "gpu", 12 * GIB, 11 * GIB, "Vulkan")
_RADEON = wire.Device(
    "Vulkan0",
    "AMD Radeon 780M Graphics (RADV PHOENIX)",
    "integrated gpu",
    16 * GIB,
    15 * GIB,
    "Vulkan",
)
_PC = Hardware("linux", "x", 8, 0, 16 * GIB, 9 * GIB, 16, 8)
_RTX = SystemGpu("nvidia", "NVIDIA GeForce RTX 3060", True, False, 12 * GIB, 11 * GIB)
_RX = SystemGpu("amd", "AMD Radeon RX 7800 XT", True, False, 16 * GIB, 15 * GIB)
_ARC = SystemGpu("intel", "Intel Arc A770", True)
_IRIS = SystemGpu("intel", "Intel GPU", False, True)
_APPLE = SystemGpu("apple", "Apple GPU", True, True)


def test_the_engines_figures_are_the_truth() -> None:
    """Names, memory and what is free of it are the engine's, whatever the system said."""
    before = dataclasses.replace(_PC, gpus=(Gpu("RTX 3060", "cuda", 13 * GIB, 2 * GIB),))
    found = reconcile.reconcile(before, (_CPU, _CUDA)).hardware
    assert found.gpus == (Gpu("NVIDIA GeForce RTX 3060", "cuda", 12 * GIB, 11 * GIB),)
    assert found.unified_memory is False
    assert (found.ram_bytes, found.available_ram_bytes) == (16 * GIB, 9 * GIB)


def test_without_a_device_there_is_no_gpu() -> None:
    """An engine for the processor alone plans for main memory alone, also on a Mac."""
    mac = profile.read(_MACHINES / "macbook-air-m2-16gb.toml")
    found = reconcile.reconcile(mac, (_CPU,)).hardware
    assert (found.gpus, found.unified_memory) == ((), False)
    assert found.ram_bytes == 16 * GIB


@pytest.mark.parametrize("backend", ["MTL", "Metal"])
def test_metals_live_limit_takes_the_place_of_the_table(backend: str) -> None:
    """ggml calls the GPU of an Apple processor a card, and it shares memory all the same."""
    mac = profile.read(_MACHINES / "macbook-air-m2-16gb.toml")
    live = wire.Device(f"{backend}0", "Apple M2", "gpu", 10923 * MIB, 10900 * MIB, backend)
    found = reconcile.reconcile(mac, (live, _CPU)).hardware
    assert found.gpus == (Gpu("Apple M2", "metal", 10923 * MIB, 10900 * MIB, is_integrated=True),)
    assert found.unified_memory is True


def test_gpus_that_opencl_runs_share_memory() -> None:
    """ggml calls them cards; they are those inside Qualcomm's and Intel's processors."""
    adreno = wire.Device("GPUOpenCL", "Adreno X1-85", "gpu", 15 * GIB, 14 * GIB, "OpenCL")
    found = reconcile.reconcile(_PC, (adreno, _CPU)).hardware
    assert (found.gpus[0].backend, found.unified_memory) == ("opencl", True)
    assert found.gpus[0].free_bytes == 9 * GIB


def test_each_gpu_counts_once() -> None:
    """Two backends that show one card are one card; two equal cards of one backend are two."""
    twice = reconcile.reconcile(_PC, (_CUDA, _VULKAN, _CPU)).hardware
    assert [gpu.backend for gpu in twice.gpus] == ["cuda"]
    second = dataclasses.replace(_CUDA, name="CUDA1")
    two = reconcile.reconcile(_PC, (_CUDA, second, _VULKAN)).hardware
    assert [gpu.backend for gpu in two.gpus] == ["cuda", "cuda"]


def test_integrated_gpus_count_only_alone() -> None:
    """As llama.cpp chooses: a card pushes them aside."""
    both = reconcile.reconcile(_PC, (_RADEON, _CUDA)).hardware
    assert [gpu.backend for gpu in both.gpus] == ["cuda"]
    alone = reconcile.reconcile(_PC, (_RADEON, _CPU)).hardware
    assert [gpu.is_integrated for gpu in alone.gpus] == [True]
    assert alone.unified_memory is True


def test_an_integrated_gpus_free_memory_ends_where_main_memory_does() -> None:
    """Drivers know neither other programs nor containers."""
    found = reconcile.reconcile(_PC, (_RADEON,)).hardware
    assert found.gpus[0].free_bytes == 9 * GIB


def test_what_was_carved_out_joins_the_pool(tmp_path: Path) -> None:
    """Used by the engine, the firmware's share counts as memory; without it, it is lost."""
    shown = gpus.linux_gpus(probes.tree("linux-strix-halo-carved", tmp_path))
    ram, available = 31 * GIB, 26 * GIB
    halo = dataclasses.replace(
        _PC,
        ram_bytes=ram,
        available_ram_bytes=available,
        gpus=gpus.as_devices(shown, "linux", ram, available),
        unified_memory=True,
    )
    device = dataclasses.replace(_RADEON, memory_bytes=111 * GIB, free_bytes=110 * GIB)
    pool = reconcile.reconcile(halo, (device,)).hardware
    assert pool.ram_bytes == 127 * GIB
    assert available + 94 * GIB < pool.available_ram_bytes <= available + 95 * GIB
    assert pool.gpus[0].free_bytes == 110 * GIB
    assert pool.gpus[0].carved_out_bytes == 0
    alone = reconcile.reconcile(halo, (_CPU,)).hardware
    assert (alone.ram_bytes, alone.available_ram_bytes) == (ram, available)


def test_a_device_that_tells_no_memory_takes_the_systems_figure() -> None:
    """And is left out where nobody tells."""
    silent = dataclasses.replace(_CUDA, memory_bytes=0, free_bytes=0)
    known = dataclasses.replace(_PC, gpus=(Gpu("RTX", "cuda", 12 * GIB, 10 * GIB),))
    (gpu,) = reconcile.reconcile(known, (silent,)).hardware.gpus
    assert (gpu.memory_bytes, gpu.free_bytes) == (12 * GIB, 10 * GIB)
    assert reconcile.reconcile(_PC, (silent,)).hardware.gpus == ()


def test_gpus_of_other_computers_do_not_count() -> None:
    """ggml can reach some over the network; their memory is not this machine's."""
    far = wire.Device("RPC0", "RTX", "gpu", 24 * GIB, 24 * GIB, "RPC")
    assert reconcile.reconcile(_PC, (far, _CPU)).hardware.gpus == ()


_PIP = (
    "-m pip install --force-reinstall --no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
)


@pytest.mark.parametrize(
    ("shown", "os", "command"),
    [
        (_RTX, "linux", f'CMAKE_ARGS="-DGGML_CUDA=on" "/v/python" {_PIP}'),
        (_RTX, "windows", f'$env:CMAKE_ARGS="-DGGML_CUDA=on"; & "/v/python" {_PIP}'),
        (_RX, "linux", f'CMAKE_ARGS="-DGGML_HIP=on" "/v/python" {_PIP}'),
        (_RX, "windows", f'$env:CMAKE_ARGS="-DGGML_VULKAN=on"; & "/v/python" {_PIP}'),
        (_ARC, "linux", f'CMAKE_ARGS="-DGGML_VULKAN=on" "/v/python" {_PIP}'),
        (_APPLE, "darwin", f'CMAKE_ARGS="-DGGML_METAL=on" "/v/python" {_PIP}'),
    ],
)
def test_an_engine_without_the_gpus_backend(shown: SystemGpu, os: str, command: str) -> None:
    """The exact command for this Python, in the shell of this system."""
    machine = dataclasses.replace(_PC, os=os)
    found = reconcile.reconcile(machine, (_CPU,), (shown,), ("cpu",), "/v/python")
    (mismatch,) = found.mismatches
    assert mismatch.kind == "engine not built for it"
    assert shown.name in mismatch.sentence
    assert mismatch.fix == command


def test_the_other_way_is_named() -> None:
    """ROCm is hard to install; Vulkan runs the same card. SYCL is the like for Intel."""
    (amd,) = reconcile.reconcile(_PC, (_CPU,), (_RX,)).mismatches
    assert "-DGGML_VULKAN=on" in amd.sentence
    (intel,) = reconcile.reconcile(_PC, (_CPU,), (_ARC,)).mismatches
    assert "-DGGML_SYCL=on" in intel.sentence


def test_a_driver_without_a_device() -> None:
    """Building again would not help an engine that has the backend and sees no card."""
    built_for = reconcile.backends("CUDA : ARCHS = 860 | CPU : AVX2 = 1 | ")
    found = reconcile.reconcile(_PC, (_CPU,), (_RTX,), built_for, "python")
    (mismatch,) = found.mismatches
    assert mismatch.kind == "no device"
    assert "CUDA does not see the NVIDIA GeForce RTX 3060" in mismatch.sentence
    assert "nvidia-smi" in mismatch.fix


def test_a_card_that_is_hidden() -> None:
    """Two cards, one used: the variable that hides cards is named."""
    (mismatch,) = reconcile.reconcile(_PC, (_CUDA,), (_RTX, _RTX)).mismatches
    assert mismatch.kind == "fewer devices"
    assert mismatch.sentence == "The system shows 2 GPUs by NVIDIA, the engine uses 1."
    assert "CUDA_VISIBLE_DEVICES" in mismatch.fix


def test_memory_that_differs_is_told_without_a_fix() -> None:
    """More than a tenth apart; the driver's own share of a card is no difference."""
    wrong = dataclasses.replace(_RTX, own_bytes=20 * GIB)
    (mismatch,) = reconcile.reconcile(_PC, (_CUDA,), (wrong,)).mismatches
    assert (mismatch.kind, mismatch.fix) == ("memory differs", "")
    assert "20.00 GiB" in mismatch.sentence
    assert "12.00 GiB" in mismatch.sentence
    near = dataclasses.replace(_RTX, own_bytes=12 * GIB + 300 * MIB)
    assert reconcile.reconcile(_PC, (_CUDA,), (near,)).mismatches == ()


@pytest.mark.parametrize(
    ("devices", "shown"),
    [
        ((_CPU,), ()),
        ((_CPU,), (_IRIS,)),
        ((_CPU, _CUDA), (_RTX, _IRIS)),
        ((_CPU, _VULKAN), (_RTX,)),
        ((_RADEON,), (SystemGpu("amd", "AMD Radeon 780M Graphics", False, True),)),
    ],
    ids=["none", "integrated", "used", "used by another backend", "integrated in use"],
)
def test_nothing_is_amiss(devices: tuple[wire.Device, ...], shown: tuple[SystemGpu, ...]) -> None:
    """No GPU, one that is no gain, or one that is used by whatever backend."""
    assert reconcile.reconcile(_PC, devices, shown).mismatches == ()
