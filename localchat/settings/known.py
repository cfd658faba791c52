"""Which settings there are, what each may be, and where it stands in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from localchat.settings.kinds import Kind, Number, Rate, Switch, Text, Whole

KV_TYPES: Final = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; None where the user has set nothing."""

    model: str | None = None
    ctx_size: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    flash_attn: str | None = None
    cache_type_k: str | None = None
    cache_type_v: str | None = None
    mlock: bool | None = None
    mmap: bool | None = None
    system: str | None = None
    temp: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    predict: int | None = None
    overflow: str | None = None
    thinking: str | None = None
    effort: str | None = None
    thinking_budget: int | None = None
    keep_alive: float | None = None
    """Minutes until a model that is not used leaves memory; 0 never."""
    persona: str | None = None
    theme: str | None = None
    history: bool | None = None
    """Whether the prompt box remembers what was sent after the program has ended."""
    linear: bool | None = None
    at_once: int | None = None
    """Downloads at the same time."""
    limit: int | None = None
    """Bytes a second of all downloads; 0 is no limit."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys of commands, by the command's id; the list of commands checks them."""


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "model": Text(),
        "ctx_size": Whole(0, 1 << 24),
        "threads": Whole(0, 1024),
        "gpu_layers": Whole(-1, 10_000, ("auto", "all")),
        "flash_attn": Text(("auto", "on", "off")),
        "cache_type_k": Text(KV_TYPES),
        "cache_type_v": Text(KV_TYPES),
        "mlock": Switch(),
        "mmap": Switch(),
        "system": Text(),
        "temp": Number(0, 10),
        "top_k": Whole(0, 1_000_000),
        "top_p": Number(0, 1),
        "min_p": Number(0, 1),
        "repeat_penalty": Number(0.1, 10),
        "frequency_penalty": Number(-2, 2),
        "presence_penalty": Number(-2, 2),
        "seed": Whole(-1, 2**32 - 1),
        "predict": Whole(-1, 1 << 24),
        "overflow": Text(("stop", "roll", "summarize")),
        "thinking": Text(("auto", "on", "off")),
        "effort": Text(),
        "thinking_budget": Whole(0, 1 << 24),
        "keep_alive": Number(0, 10_080),
        "persona": Text(),
        "theme": Text(),
        "history": Switch(),
        "linear": Switch(),
        "at_once": Whole(1, 8),
        "limit": Rate(),
    }
)
"""What each setting may be; the environment variable is LOCALCHAT_ and the name in capitals."""

TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "engine": (
            "ctx_size", "threads", "gpu_layers", "flash_attn", "cache_type_k", "cache_type_v",
            "mlock", "mmap",
        ),
        "chat": (
            "model", "system", "temp", "top_k", "top_p", "min_p", "repeat_penalty",
            "frequency_penalty", "presence_penalty", "seed", "predict", "overflow", "thinking",
            "effort", "thinking_budget", "keep_alive", "persona",
        ),
        "ui": ("theme", "history", "linear"),
        "downloads": ("at_once", "limit"),
    }
)  # fmt: skip
"""Where each setting stands in config.toml; beside them there is [keys]."""

KEYS_TABLE: Final = "keys"
