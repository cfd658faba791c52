"""A GPU as the operating system or its driver shows it, whether or not the engine can use it."""

from dataclasses import dataclass
from typing import Literal

from localchat import units
from localchat.machine.hardware import Gpu

Vendor = Literal["nvidia", "amd", "intel", "apple"]

VENDOR_IDS: dict[int, Vendor] = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel"}
"""Of the PCI bus (pci-ids.ucw.cz)."""

_FAST_INTEGRATED = frozenset({0x1586})
"""AMD's Strix Halo: its GPU reaches twice the memory bandwidth that its cores do."""
# AMD's GPUs inside processors, by PCI device (pci-ids.ucw.cz): Raven, Picasso, Renoir, Lucienne,
# Cezanne, Barcelo, Van Gogh (two), Mendocino, Rembrandt, Raphael, Phoenix (two), Hawk Point (two),
# Granite Ridge, Krackan (two), Strix, Strix Halo. Their own memory is no sign: firmware lets
# people carve out anything from 64 MiB to 96 GiB.
_AMD_INTEGRATED = frozenset(
    (
        *(0x15DD, 0x15D8, 0x1636, 0x164C, 0x1638, 0x15E7, 0x163F, 0x1435, 0x1506, 0x1681, 0x164E),
        *(0x15BF, 0x15C8, 0x1900, 0x1901, 0x13C0, 0x1114, 0x1902, 0x150E, 0x1586),
    )
)
_LEAST_VRAM_BYTES = 2 * units.GIB
"""Unknown AMD GPUs with less than this are taken for those inside a processor."""
# Intel's cards: DG1, Alchemist and Battlemage; everything else is inside a processor.
_INTEL_CARDS = ((0x4905, 0x4909), (0x5690, 0x56C2), (0xE202, 0xE223))


@dataclass(frozen=True, slots=True)
class SystemGpu:
    """A GPU that the system shows; sizes are 0 when unknown."""

    vendor: Vendor
    name: str
    worthwhile: bool
    """It generates clearly faster than the processor beside it."""
    is_integrated: bool = False
    """It shares main memory with the processor."""
    own_bytes: int = 0
    """VRAM; of an integrated GPU what the firmware carved out of main memory."""
    own_free_bytes: int = 0
    shared_bytes: int = 0
    """Main memory that an integrated GPU may use besides its own."""
    shared_free_bytes: int = 0


def is_integrated(vendor: Vendor, device: int, own_bytes: int) -> bool:
    """Tell a GPU inside a processor from a card, by its PCI device number."""
    if vendor == "intel":
        return not any(first <= device <= last for first, last in _INTEL_CARDS)
    if vendor == "amd":
        return device in _AMD_INTEGRATED or own_bytes < _LEAST_VRAM_BYTES
    return False


def is_worthwhile(device: int, integrated: bool) -> bool:
    """Tell whether a GPU is clearly faster than the processor beside it."""
    return not integrated or device in _FAST_INTEGRATED


def as_device(gpu: SystemGpu, os: str, ram_bytes: int, available_bytes: int) -> Gpu | None:
    """Describe the GPU as an engine built for it would use it; None when its memory is unknown.

    An integrated GPU of which the system tells no limit may use half of main memory on Windows
    (WDDM's shared memory), and all of it elsewhere.
    """
    if not gpu.is_integrated:
        if not gpu.own_bytes:
            return None
        free = min(gpu.own_free_bytes, gpu.own_bytes)
        return Gpu(gpu.name, backend_of(gpu, os), gpu.own_bytes, free)
    shared = gpu.shared_bytes or (ram_bytes // 2 if os == "windows" else ram_bytes)
    if not shared:
        return None
    free = min(gpu.shared_free_bytes if gpu.shared_bytes else shared, available_bytes)
    return Gpu(
        name=gpu.name,
        backend=backend_of(gpu, os),
        memory_bytes=gpu.own_bytes + shared,
        free_bytes=min(gpu.own_free_bytes, gpu.own_bytes) + min(free, shared),
        is_integrated=True,
        carved_out_bytes=gpu.own_bytes,
    )


def backend_of(gpu: SystemGpu, os: str) -> str:
    """Name the backend that serves such a GPU best: ROCm has no wheels or SDK for most of AMD's
    integrated GPUs, and Vulkan runs on every one.
    """
    if gpu.vendor == "amd":
        return "rocm" if os == "linux" and not gpu.is_integrated else "vulkan"
    return {"nvidia": "cuda", "apple": "metal"}.get(gpu.vendor, "vulkan")
