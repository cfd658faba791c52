"""Which device holds which layer, as llama.cpp decides it (llama-model.cpp, load_tensors).

Knows nothing of how much fits: `gpu_layers` says how many layers go to the GPUs.
"""

import bisect
import functools
import itertools
from dataclasses import dataclass

from localchat.fit.params import EngineParams
from localchat.machine.hardware import Gpu, Hardware

MAIN = -1
"""The place of what lies in main memory, among GPUs counted from 0."""


@dataclass(frozen=True, slots=True)
class Split:
    """Where the layers of a model lie."""

    gpus: tuple[Gpu, ...]
    """Those that take part, even with no layer: long prompts are computed on them."""
    layers: tuple[int, ...]
    """The number of each layer's GPU, or MAIN."""
    output: int
    """The number of the output head's GPU, or MAIN."""
    runs: tuple[tuple[int, int, int], ...]
    """The layers again: a place, and the first and the end of the layers in a row there."""

    @property
    def is_whole(self) -> bool:
        """Whether the GPUs hold all layers and the output head."""
        return self.output != MAIN and MAIN not in self.layers


def split(layers: int, params: EngineParams, hardware: Hardware) -> Split:
    """Spread layers over devices: the last ones go to the GPUs, in proportion to what is free.

    The output head counts as one more layer, and is the first to go.
    """
    gpus = usable(hardware)
    wanted = layers + 1 if params.gpu_layers < 0 else min(params.gpu_layers, layers + 1)
    places, runs = _places(layers, wanted if gpus else 0, tuple(gpu.free_bytes for gpu in gpus))
    return Split(gpus, places[:-1], places[-1], runs)


@functools.lru_cache(maxsize=4096)
def _places(
    layers: int, wanted: int, free: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, int, int], ...]]:
    first = layers + 1 - wanted
    shares = [held or 1 for held in free]
    borders = [held / sum(shares) for held in itertools.accumulate(shares)]
    places = [MAIN] * first
    for layer in range(wanted):
        places.append(min(bisect.bisect_right(borders, layer / wanted), len(free) - 1))
    runs, start = [], 0
    for place, group in itertools.groupby(places[:-1]):
        end = start + sum(1 for _ in group)
        runs.append((place, start, end))
        start = end
    return tuple(places), tuple(runs)


def usable(hardware: Hardware) -> tuple[Gpu, ...]:
    """Return the GPUs that layers go to: integrated ones only where there is no other."""
    own = tuple(gpu for gpu in hardware.gpus if not gpu.is_integrated)
    return own or hardware.gpus[:1]
