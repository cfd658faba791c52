"""What is amiss between the GPUs that the system shows and those that the engine uses.

Each finding is one sentence, and the command or the step that mends it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from localchat import units
from localchat.machine import reinstall
from localchat.machine.hardware import Gpu
from localchat.machine.systemgpu import SystemGpu, Vendor, backend_of

Kind = Literal["engine not built for it", "no device", "fewer devices", "memory differs"]

_TOLERATED_SHARE = 0.1
"""The driver keeps up to a few percent of a card for itself."""
_MAKERS: dict[str, Vendor] = {
    "nvidia": "nvidia",
    "geforce": "nvidia",
    "amd": "amd",
    "radeon": "amd",
    "intel": "intel",
    "apple": "apple",
}
_SHOWN: dict[Vendor, str] = {
    "nvidia": "NVIDIA",
    "amd": "AMD",
    "intel": "Intel",
    "apple": "Apple",
}
_DRIVER_STEPS: dict[Vendor, str] = {
    "nvidia": (
        "Run nvidia-smi: if it fails, install NVIDIA's current driver and restart; if it works, "
        "see that the variable CUDA_VISIBLE_DEVICES is not set."
    ),
    "amd": (
        "Run rocminfo: if it fails, install AMD's current driver, and add your account to the "
        "groups render and video; if it works, see that HIP_VISIBLE_DEVICES is not set."
    ),
    "intel": "Install Intel's current graphics driver and restart.",
    "apple": "Metal needs a screen session of its own user: start localchat from a terminal there.",
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is amiss."""

    kind: Kind
    sentence: str
    fix: str
    """The command to type or the step to take; empty when there is nothing to do."""


def find(
    used: Sequence[Gpu],
    shown: Sequence[SystemGpu],
    built_for: Collection[str],
    os: str,
    executable: str,
) -> tuple[Mismatch, ...]:
    """Explain each kind of worthwhile GPU that the engine leaves idle, and figures that differ."""
    found: list[Mismatch] = []
    for vendor in dict.fromkeys(gpu.vendor for gpu in shown if gpu.worthwhile):
        ours = [gpu for gpu in shown if gpu.vendor == vendor and gpu.worthwhile]
        theirs = [gpu for gpu in used if vendor_of(gpu) == vendor]
        if not theirs:
            found.append(_idle(ours[0], built_for, os, executable))
        elif len(theirs) < len(ours):
            found.append(_fewer(ours, theirs, vendor))
        found += [_differs(*pair) for pair in _disagreeing(ours, theirs)]
    return tuple(found)


def vendor_of(gpu: Gpu) -> Vendor | None:
    """Tell who made a GPU that the engine uses; None for makers that are not known here."""
    by_backend: dict[str, Vendor] = {"cuda": "nvidia", "rocm": "amd", "sycl": "intel"}
    if gpu.backend in by_backend:
        return by_backend[gpu.backend]
    name = gpu.name.lower()
    return next((vendor for word, vendor in _MAKERS.items() if word in name), None)


def _idle(gpu: SystemGpu, built_for: Collection[str], os: str, executable: str) -> Mismatch:
    backend = backend_of(gpu, os)
    shown = reinstall.BACKEND_NAMES[backend]
    if backend in built_for:
        return Mismatch(
            "no device",
            f"This engine is built for {shown}, but {shown} does not see the {gpu.name}.",
            _DRIVER_STEPS[gpu.vendor],
        )
    sentence = (
        f"There is a GPU ({gpu.name}), and this engine is not built for it; "
        f"with {reinstall.sdk(backend)} installed, the command below builds one that is."
    )
    other = reinstall.alternative(gpu.vendor, backend)
    if other:
        sentence += f" Another way is {reinstall.sdk(other)} and {reinstall.flags(other)}."
    return Mismatch("engine not built for it", sentence, reinstall.command(backend, os, executable))


def _fewer(ours: Sequence[SystemGpu], theirs: Sequence[Gpu], vendor: Vendor) -> Mismatch:
    step = _DRIVER_STEPS[vendor] if vendor != "nvidia" else "Unset CUDA_VISIBLE_DEVICES."
    return Mismatch(
        "fewer devices",
        f"The system shows {len(ours)} GPUs by {_SHOWN[vendor]}, the engine uses {len(theirs)}.",
        step,
    )


def _disagreeing(ours: Sequence[SystemGpu], theirs: Sequence[Gpu]) -> list[tuple[SystemGpu, Gpu]]:
    """Put each card of the engine's beside the system's of the same name where memory differs."""
    left = [gpu for gpu in ours if gpu.own_bytes and not gpu.is_integrated]
    pairs = []
    for gpu in theirs:
        same = next((each for each in left if each.name in gpu.name or gpu.name in each.name), None)
        if same is None or gpu.is_integrated:
            continue
        left.remove(same)
        if abs(gpu.memory_bytes - same.own_bytes) > _TOLERATED_SHARE * same.own_bytes:
            pairs.append((same, gpu))
    return pairs


def _differs(shown: SystemGpu, used: Gpu) -> Mismatch:
    system, engine = units.human_bytes(shown.own_bytes), units.human_bytes(used.memory_bytes)
    return Mismatch(
        "memory differs",
        f"The driver says that the {shown.name} has {system}, the engine {engine}: "
        "the engine's figure counts.",
        "",
    )
