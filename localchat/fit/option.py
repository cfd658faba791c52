"""What planning gives back: one choice with all its numbers, and a model's choices together."""

from dataclasses import dataclass

from localchat.fit.budget import Budget, Fits
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams
from localchat.fit.quality import Quality
from localchat.fit.speed import Speed

LONGEST = "longest context"
BEST = "best quality"
BALANCED = "balanced"
QUANTIZED_KV = "q8_0 KV"


@dataclass(frozen=True, slots=True)
class Option:
    """One way to run a model: a quantization, a context, types of KV cache, a place for layers."""

    candidate: Candidate
    params: EngineParams
    footprint: Footprint
    quality: Quality
    speed: Speed
    fits: Fits
    max_context_tokens: int
    """The most that fits now with everything else as it is, a multiple of 256 or the trained limit;
    where nothing fits now, the most that fits if apps are closed; 0 when nothing does."""
    score: float
    """Score kept x use of the context x use of the speed, from 0 to 1."""
    is_slow: bool
    """Too slow to be recommended while anything else fits."""
    objection: str
    """Why it is no pick even where it fits, in one sentence; empty when it may be one."""
    mmap_reason: str
    mlock_reason: str
    """Why the file is mapped, and why memory is locked, or not; each in one sentence."""
    reason: str = ""
    """What it takes, what limits it, what would change that, and what the speed rests on."""
    picks: tuple[str, ...] = ()
    """What it is recommended for, such as "longest context"; mostly empty."""

    @property
    def label(self) -> str:
        """The quantization as the repository writes it."""
        return self.candidate.label

    @property
    def context_tokens(self) -> int:
        """The context that was asked for."""
        return self.params.context_tokens

    @property
    def kv_type(self) -> str:
        """The type of the KV cache; both where keys and values differ."""
        key, value = self.params.kv_type_k, self.params.kv_type_v
        return key if key == value else f"{key}/{value}"

    @property
    def gpu_layers(self) -> int:
        """How many layers the GPUs run, the output head counted as one."""
        every = self.candidate.shape.layers + 1
        return every if self.params.gpu_layers < 0 else min(self.params.gpu_layers, every)

    @property
    def needed_bytes(self) -> int:
        """All memory that it takes, the engine's own included."""
        return self.footprint.total_bytes + self.footprint.runtime_bytes


@dataclass(frozen=True, slots=True)
class Dominated:
    """A quantization that is not offered, because another of the model is better."""

    candidate: Candidate
    by: Candidate
    """It loses less and takes at most 2 % more bytes."""


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What one model's quantizations come to on one machine."""

    candidates: tuple[Candidate, ...]
    """Largest first, without those that others dominate."""
    options: tuple[Option, ...]
    """Quantization x context x type of KV cache, in this order; those that do not fit too."""
    picks: tuple[Option, ...]
    """The recommended ones, each once; empty when nothing fits."""
    nearest: Option
    """The balanced pick; where nothing is recommended, what comes nearest to it."""
    front: tuple[Option, ...]
    """Of those that fit now: no other loses less, sees more and is faster, all at once."""
    dominated: tuple[Dominated, ...]
    budget: Budget

    @property
    def model(self) -> str:
        """The catalogue's id or the file's path."""
        return self.candidates[0].model

    @property
    def title(self) -> str:
        """The model's name for people."""
        return self.candidates[0].title

    def pick(self, name: str) -> Option | None:
        """Return the pick of this name, such as "balanced"."""
        return next((option for option in self.picks if name in option.picks), None)

    def at(self, label: str, context_tokens: int, kv_type: str = "f16") -> Option | None:
        """Return the option of one cell of the grid."""
        wanted = (label, context_tokens, kv_type)
        for option in self.options:
            if (option.label, option.context_tokens, option.kv_type) == wanted:
                return option
        return None
