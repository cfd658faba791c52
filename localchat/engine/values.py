"""What commands and events carry: messages, sampler settings, what was measured, devices.

Frozen values without behavior; knows neither the wire's lines nor llama_cpp.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation as the chat template gets it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampler settings; None leaves the choice to the GGUF's `general.sampling.*`, then llama.cpp.

    `seed` None means a new one each time.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    repeat_last_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """What was measured in the worker for one answer, so far or in the end."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens found in the KV cache and not evaluated again."""
    prompt_seconds: float = 0.0
    """Prefill: from the first prompt token evaluated to the last."""
    ttft_seconds: float = 0.0
    """Time to first token: from the request's arrival to the first token sampled."""
    tokens: int = 0
    seconds: float = 0.0
    """From the first token sampled to the last."""
    context_tokens: int = 0
    """The size of the context; prompt_tokens + tokens of it are in use."""
    note: str = ""
    """Why less than the common prefix was reused, in one sentence; empty when all was."""

    @property
    def tokens_per_second(self) -> float | None:
        """Decode rate: (tokens - 1) / (last token's time - first token's time)."""
        return (self.tokens - 1) / self.seconds if self.tokens > 1 and self.seconds > 0 else None

    @property
    def prompt_tokens_per_second(self) -> float | None:
        """Prefill rate, counting only tokens that were evaluated."""
        evaluated = self.prompt_tokens - self.cached_tokens
        return evaluated / self.prompt_seconds if self.prompt_seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Device:
    """A device as ggml reports it."""

    name: str
    description: str
    kind: Literal["cpu", "gpu", "integrated gpu", "accelerator", "other"]
    memory_bytes: int
    free_bytes: int
    """On Linux and macOS ggml's CPU device reports free as equal to total."""
    backend: str = ""
