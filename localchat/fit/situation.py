"""What stays the same while one machine is planned for."""

from collections.abc import Callable
from dataclasses import dataclass

from localchat.fit.budget import Budget
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams
from localchat.fit.speed import Speed
from localchat.fit.tuning import Tuning
from localchat.machine.hardware import Hardware

Sizer = Callable[[Candidate, EngineParams, Hardware], Footprint]
"""Says what a model takes: the closed form, or llama.cpp's dry run handed in from above."""
Pacer = Callable[[Candidate, Footprint, EngineParams, Hardware], Speed]
"""Says how fast a model answers."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A machine, what a model may take of it, and how sizes and speeds are found."""

    hardware: Hardware
    budget: Budget
    sizer: Sizer
    pacer: Pacer
    base: EngineParams
    """What is not planned: batch sizes, threads, flash attention, extra buffers."""
    gpu_layers: int | None
    """The user's own figure; None lets planning choose."""
    lock_limit_bytes: int | None
    """How much a process may lock; None when there is no limit or it is not known."""
    tuning: Tuning
