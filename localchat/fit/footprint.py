"""What a loaded model takes of each device's memory.

The same type comes from the closed form, from llama.cpp's dry run and from a real load, so that
they can be held against each other. Knows nothing of how the figures are found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

MAIN_MEMORY: Final = "CPU"
"""The device's name for main memory, whatever ggml calls the buffers in it."""

Basis = Literal["formula", "dry run", "loaded"]


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """The share of one device, as llama.cpp's own breakdown counts it."""

    device: str
    """MAIN_MEMORY, or ggml's name of a GPU such as "CUDA0" or "Metal"."""
    weights_bytes: int
    kv_bytes: int
    """KV cache and recurrent state."""
    compute_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it together."""
        return self.weights_bytes + self.kv_bytes + self.compute_bytes


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes with one set of parameters."""

    devices: tuple[DeviceMemory, ...]
    """Main memory first."""
    runtime_bytes: int
    """What the engine's process needs besides: interpreter, libraries, vocabulary, output rows."""
    context_tokens: int
    """The context as it really is, a multiple of 256."""
    basis: Basis

    @property
    def weights_bytes(self) -> int:
        """Weights on all devices."""
        return sum(device.weights_bytes for device in self.devices)

    @property
    def kv_bytes(self) -> int:
        """KV cache and recurrent state on all devices."""
        return sum(device.kv_bytes for device in self.devices)

    @property
    def compute_bytes(self) -> int:
        """Scratch memory of the computation on all devices."""
        return sum(device.compute_bytes for device in self.devices)

    @property
    def total_bytes(self) -> int:
        """llama.cpp's own breakdown added up: weights, KV cache and scratch on all devices."""
        return sum(device.total_bytes for device in self.devices)

    @property
    def by_device(self) -> Mapping[str, int]:
        """The total of each device."""
        return {device.device: device.total_bytes for device in self.devices}

    def on(self, device: str) -> int:
        """Return what one device has to hold; 0 when it has no part in it."""
        return self.by_device.get(device, 0)
