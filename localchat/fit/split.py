"""Which device holds which layer, as llama.cpp decides it (llama-model.cpp, load_tensors).

Knows nothing of how much fits: `gpu_layers` says how many layers go to the GPUs.
"""

import bisect
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
    if not gpus or not wanted:
        return Split(gpus, (MAIN,) * layers, MAIN)
    first = layers + 1 - wanted
    free = [gpu.free_bytes or 1 for gpu in gpus]
    borders = [held / sum(free) for held in itertools.accumulate(free)]

    def device(layer: int) -> int:
        if layer < first:
            return MAIN
        return min(bisect.bisect_right(borders, (layer - first) / wanted), len(gpus) - 1)

    places = tuple(device(layer) for layer in range(layers + 1))
    return Split(gpus, places[:-1], places[-1])


def usable(hardware: Hardware) -> tuple[Gpu, ...]:
    """Return the GPUs that layers go to: integrated ones only where there is no other."""
    own = tuple(gpu for gpu in hardware.gpus if not gpu.is_integrated)
    return own or hardware.gpus[:1]
