"""How much memory a model may take: now, and if other programs were closed.

The rules are DESIGN's, section 4: what is available less headroom for everything else. Knows
nothing of models.
"""

from dataclasses import dataclass
from typing import Final, Literal

from localchat import units
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.machine.hardware import Gpu, Hardware

Level = Literal["tight", "normal", "safe"]
Fits = Literal["now", "if you close apps", "no"]

LEVELS: Final[tuple[Level, ...]] = ("tight", "normal", "safe")

_HEADROOM_BYTES: Final = units.GIB
_HEADROOM_SHARE: Final = 0.08
_GPU_HEADROOM_BYTES: Final = 512 * units.MIB
_GPU_HEADROOM_SHARE: Final = 0.04
_SYSTEM_BYTES: Final = 2 * units.GIB
_SYSTEM_SHARE: Final = 0.15
_UNDER_GPU_LIMIT_BYTES: Final = 512 * units.MIB
_TIMES: Final = {"tight": 0.5, "normal": 1.0, "safe": 2.0}


@dataclass(frozen=True, slots=True)
class GpuBudget:
    """What a model may take of one GPU's own memory."""

    name: str
    memory_bytes: int
    now_bytes: int
    closed_bytes: int
    """If no other program used this GPU."""
    headroom_bytes: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What a model may take of main memory, or of the memory that GPU and processor share."""

    now_bytes: int
    closed_bytes: int
    """If other programs were closed."""
    headroom_bytes: int = 0
    """Left to everything else; 0 when the user gave the figure."""
    level: Level = "normal"
    fixed: bool = False
    """The user's own figure, which `total_bytes` alone is held against."""
    gpus: tuple[GpuBudget, ...] = ()
    """GPUs with memory of their own; empty where memory is shared."""
    words: str = ""
    """Where the figures come from, in one sentence."""

    @property
    def total_now_bytes(self) -> int:
        """Main memory and all GPUs together, as far as a model may take them now."""
        gpus = 0 if self.fixed else sum(gpu.now_bytes for gpu in self.gpus)
        return self.now_bytes + gpus

    @property
    def total_closed_bytes(self) -> int:
        """Main memory and all GPUs together, if other programs were closed."""
        gpus = 0 if self.fixed else sum(gpu.closed_bytes for gpu in self.gpus)
        return self.closed_bytes + gpus


def of(hardware: Hardware, level: Level = "normal", fixed_bytes: int | None = None) -> Budget:
    """Work out what a model may take on this machine.

    `fixed_bytes` is the user's own figure for main memory and GPUs together: nothing is subtracted
    from it. A GPU's own memory still cannot hold more than it has.
    """
    gpus = tuple(_gpu(each, level) for each in discrete_gpus(hardware))
    if fixed_bytes is not None:
        words = f"{units.human_bytes(fixed_bytes)}, as you set it"
        return Budget(fixed_bytes, fixed_bytes, 0, level, True, gpus, words)
    headroom = int(max(_HEADROOM_BYTES, _HEADROOM_SHARE * hardware.ram_bytes) * _TIMES[level])
    available, closed, what = _pool(hardware)
    now = max(0, available - headroom)
    words = (
        f"{units.human_bytes(now)} now ({units.human_bytes(available)} {what} "
        f"less {units.human_bytes(headroom)} headroom)"
    )
    return Budget(now, max(0, closed), headroom, level, False, gpus, words)


def discrete_gpus(hardware: Hardware) -> tuple[Gpu, ...]:
    """List the GPUs with memory of their own, in the engine's order."""
    if hardware.unified_memory:
        return ()
    return tuple(gpu for gpu in hardware.gpus if not gpu.is_integrated)


def fits(footprint: Footprint, budget: Budget) -> Fits:
    """Say whether a model with this footprint has room."""
    if short_bytes(footprint, budget) <= 0:
        return "now"
    if short_bytes(footprint, budget, closed=True) <= 0:
        return "if you close apps"
    return "no"


def short_bytes(footprint: Footprint, budget: Budget, closed: bool = False) -> int:
    """Return by how much the tightest memory falls short; 0 or less when everything has room."""
    main = budget.closed_bytes if closed else budget.now_bytes
    short = needed_bytes(footprint, budget) - main
    on_gpus = gpu_bytes(footprint, budget)
    for gpu, taken in zip(budget.gpus, on_gpus, strict=False):
        short = max(short, taken - (gpu.closed_bytes if closed else gpu.now_bytes))
    return short


def needed_bytes(footprint: Footprint, budget: Budget) -> int:
    """Return what is held against the main figure of the budget."""
    if budget.fixed:
        return footprint.total_bytes
    if budget.gpus:
        return footprint.on(MAIN_MEMORY) + footprint.runtime_bytes
    return footprint.total_bytes + footprint.runtime_bytes


def gpu_bytes(footprint: Footprint, budget: Budget) -> tuple[int, ...]:
    """Return what each GPU of the budget has to hold, in the budget's order."""
    held = [each for each in footprint.devices if each.device != MAIN_MEMORY]
    by_name = {each.device: each.total_bytes for each in held}
    if len(by_name) == len(held) and set(by_name) <= {gpu.name for gpu in budget.gpus}:
        return tuple(by_name.get(gpu.name, 0) for gpu in budget.gpus)
    # ggml numbers its devices ("CUDA0"); they come in the order of the machine's GPUs.
    return tuple(each.total_bytes for each in held)


def _gpu(gpu: Gpu, level: Level) -> GpuBudget:
    share = max(_GPU_HEADROOM_BYTES, _GPU_HEADROOM_SHARE * gpu.memory_bytes)
    headroom = int(share * _TIMES[level])
    free = min(gpu.free_bytes, gpu.memory_bytes)
    now, closed = max(0, free - headroom), max(0, gpu.memory_bytes - headroom)
    return GpuBudget(gpu.name, gpu.memory_bytes, now, closed, headroom)


def _pool(hardware: Hardware) -> tuple[int, int, str]:
    """Return what main memory has for models now, if apps were closed, and what limits it."""
    ram, available, what = hardware.ram_bytes, hardware.available_ram_bytes, "available"
    sharing = hardware.gpus if hardware.unified_memory else ()
    for gpu in sharing:
        # What the firmware gave to the GPU is missing from RAM, yet models may lie there.
        ram += gpu.carved_out_bytes
        elsewhere = gpu.memory_bytes - gpu.carved_out_bytes
        available += min(gpu.carved_out_bytes, max(0, gpu.free_bytes - elsewhere))
    closed = ram - int(max(_SYSTEM_BYTES, _SYSTEM_SHARE * hardware.ram_bytes))
    for gpu in sharing:
        if min(gpu.memory_bytes, gpu.free_bytes) < available:
            available, what = min(gpu.memory_bytes, gpu.free_bytes), "that the GPU may use"
        closed = min(closed, gpu.memory_bytes - _UNDER_GPU_LIMIT_BYTES)
    return available, closed, what
