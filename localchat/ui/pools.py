"""A model's share of each memory of the machine, ready to be drawn. Pure: values in, values out.

On unified memory, and without a GPU, there is one pool; a GPU with its own memory is one more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from localchat.fit.budget import Budget
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.machine.hardware import Hardware

Kind = Literal["in use", "weights", "context", "scratch", "engine", "headroom", "spare"]
MODEL_KINDS: tuple[Kind, ...] = ("weights", "context", "scratch", "engine")


@dataclass(frozen=True, slots=True)
class Pool:
    """One memory with everything in it, the model that is looked at included."""

    label: str
    total_bytes: int
    in_use_bytes: int
    """What other programs hold."""
    limit_bytes: int
    """What a model may take, headroom left alone."""
    weights_bytes: int = 0
    context_bytes: int = 0
    scratch_bytes: int = 0
    engine_bytes: int = 0

    @property
    def model_bytes(self) -> int:
        """What the model takes, with the engine around it."""
        return self.weights_bytes + self.context_bytes + self.scratch_bytes + self.engine_bytes

    @property
    def spare_bytes(self) -> int:
        """What is left of the limit; negative when the model is over it."""
        return self.limit_bytes - self.model_bytes

    @property
    def headroom_bytes(self) -> int:
        """What is kept free so that the rest of the machine can breathe."""
        return max(0, self.total_bytes - self.in_use_bytes - self.limit_bytes)

    def parts(self) -> Iterator[tuple[Kind, int]]:
        """List what lies in this memory from its start to its end."""
        yield "in use", self.in_use_bytes
        yield "weights", self.weights_bytes
        yield "context", self.context_bytes
        yield "scratch", self.scratch_bytes
        yield "engine", self.engine_bytes
        yield "spare", max(0, self.spare_bytes)
        # A model that is over its limit takes of the headroom what it can.
        yield "headroom", max(0, self.headroom_bytes + min(0, self.spare_bytes))


def of(hardware: Hardware, budget: Budget, footprint: Footprint | None) -> tuple[Pool, ...]:
    """Lay a model out in the memories of a machine; None leaves them as they are."""
    devices = footprint.devices if footprint else ()
    engine = footprint.runtime_bytes if footprint else 0
    if budget.fixed:
        # The user's own figure is held against llama.cpp's breakdown alone.
        return (_pool("budget", budget.now_bytes, 0, budget.now_bytes, devices),)
    shares_memory = not budget.gpus
    main = [each for each in devices if shares_memory or each.device == MAIN_MEMORY]
    carved = sum(gpu.carved_out_bytes for gpu in hardware.gpus) if hardware.unified_memory else 0
    total = hardware.ram_bytes + carved
    in_use = max(0, hardware.ram_bytes - hardware.available_ram_bytes)
    pools = [_pool("memory", total, in_use, budget.now_bytes, main, engine)]
    others = [each for each in devices if not shares_memory and each.device != MAIN_MEMORY]
    names = {gpu.name for gpu in budget.gpus}
    are_named = len(names) == len(budget.gpus) and {each.device for each in others} <= names
    for number, gpu in enumerate(budget.gpus, 1):
        label = "VRAM" if len(budget.gpus) == 1 else f"GPU {number}"
        named = [each for each in others if each.device == gpu.name]
        # ggml numbers its devices, and twins share a name: then the order tells.
        held = named if are_named and len(named) < 2 else others[number - 1 : number]
        free = gpu.now_bytes + gpu.headroom_bytes
        used = max(0, gpu.memory_bytes - free)
        pools.insert(number - 1, _pool(label, gpu.memory_bytes, used, gpu.now_bytes, held))
    return tuple(pools)


def _pool(
    label: str,
    total_bytes: int,
    in_use_bytes: int,
    limit_bytes: int,
    devices: Iterable[DeviceMemory],
    engine_bytes: int = 0,
) -> Pool:
    held = tuple(devices)
    return Pool(
        label,
        total_bytes,
        in_use_bytes,
        limit_bytes,
        sum(each.weights_bytes for each in held),
        sum(each.kv_bytes for each in held),
        sum(each.compute_bytes for each in held),
        engine_bytes,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Neighboring cells of a bar that show the same."""

    kind: Kind
    cells: int
    over: bool = False
    """Beyond what the model may take."""


def runs(pool: Pool, width: int) -> tuple[Run, ...]:
    """Share `width` cells out among the parts of a pool, exactly.

    >>> gib = 2**30
    >>> pool = Pool("memory", 16 * gib, 8 * gib, 6 * gib, weights_bytes=4 * gib)
    >>> [(run.kind, run.cells) for run in runs(pool, 16)]
    [('in use', 8), ('weights', 4), ('spare', 2), ('headroom', 2)]
    """
    parts = [(kind, size) for kind, size in pool.parts() if size > 0]
    scale = max(pool.total_bytes, sum(size for _, size in parts))
    if scale <= 0 or width <= 0:
        return ()
    limit = _cell(pool.in_use_bytes + pool.limit_bytes, scale, width)
    if pool.spare_bytes >= 0:
        # A part that is too small for its cell reaches beyond the limit on the bar, but only there.
        limit = width
    left = sum(kind in MODEL_KINDS for kind, _ in parts)
    drawn: list[Run] = []
    end = done = 0
    for kind, size in parts:
        end += size
        is_model = kind in MODEL_KINDS
        left -= is_model
        # What the eye looks for is never rounded away: the others leave it a cell each.
        last = min(max(_cell(end, scale, width), done + is_model), max(done, width - left))
        within = max(done, min(last, limit)) if is_model else last
        drawn += [Run(kind, within - done), Run(kind, last - within, over=True)]
        done = last
    return tuple(run for run in drawn if run.cells > 0)


def _cell(n_bytes: int, scale_bytes: int, width: int) -> int:
    return round(n_bytes * width / scale_bytes)
