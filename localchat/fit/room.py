"""Before a load: is there room for this file, with which context, and if not, what would help?

Settles a context that was left open; says what to do in one sentence. Knows no engine.
"""

from dataclasses import dataclass, replace
from typing import Final

from localchat import units
from localchat.fit import memory, speed, tuning
from localchat.fit.budget import Budget, Fits
from localchat.fit.candidate import Candidate
from localchat.fit.cells import Row
from localchat.fit.footprint import Footprint
from localchat.fit.option import Option
from localchat.fit.params import EngineParams
from localchat.fit.situation import Situation
from localchat.machine.hardware import Hardware

LEAST_CONTEXT_TOKENS: Final = 2048
"""A context that was left open is never made smaller than this: a chat needs some room."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a load would take, and whether that is there."""

    params: EngineParams
    """As asked, the context settled."""
    footprint: Footprint
    fits: Fits
    sentence: str = ""
    """What the user should know; empty when it fits as asked."""
    hint: str = ""
    """What would make it fit."""


def find(candidate: Candidate, params: EngineParams, hardware: Hardware, budget: Budget) -> Room:
    """Look for room on this machine.

    A context that was left open becomes the largest usual one that fits now; layers whose place
    was left open go to the GPUs as far as they have room.
    """
    row = _row(candidate, params, hardware, budget)
    asked = memory.context_tokens(candidate, params)
    option = row.cell(asked)
    if option.fits == "now":
        return Room(_as_asked(option, params, budget), option.footprint, option.fits)
    largest = min(option.max_context_tokens, asked)
    smaller = row.cell(largest) if largest >= min(LEAST_CONTEXT_TOKENS, asked) else option
    if not params.context_tokens and smaller.fits == "now":
        return Room(
            _as_asked(smaller, params, budget),
            smaller.footprint,
            "now",
            f"The context is {largest:,} tokens: no more fits into memory now.",
            "Close other programs, or ask for more with -c.",
        )
    fitting = smaller if smaller.fits == "now" else None
    return Room(
        _as_asked(option, params, budget),
        option.footprint,
        option.fits,
        _sentence(option, budget),
        _hint(option, fitting, hardware, budget),
    )


def _sentence(option: Option, budget: Budget) -> str:
    needed = units.human_bytes(option.needed_bytes)
    there = units.human_bytes(budget.total_now_bytes)
    if option.fits == "if you close apps":
        return f"It needs {needed} and {there} are free for it: close other programs first."
    return f"It needs {needed}, more than this machine can give it ({there} now)."


def _row(candidate: Candidate, params: EngineParams, hardware: Hardware, budget: Budget) -> Row:
    chosen_layers = params.gpu_layers if params.gpu_layers >= 0 else None
    situation = Situation(
        hardware, budget, memory.footprint, speed.estimate, params, chosen_layers, 0, tuning.DEFAULT
    )
    return Row(candidate, (params.kv_type_k, params.kv_type_v), situation)


def _as_asked(option: Option, params: EngineParams, budget: Budget) -> EngineParams:
    # Planning proposes what to lock; a load locks what the user asked for. Without GPUs that have
    # memory of their own there is no choice of layers to make.
    layers = option.params.gpu_layers if budget.gpus else params.gpu_layers
    return replace(option.params, mlock=params.mlock, mmap=params.mmap, gpu_layers=layers)


def _hint(option: Option, smaller: Option | None, hardware: Hardware, budget: Budget) -> str:
    if smaller is not None:
        tokens = smaller.context_tokens
        return f"A context of {tokens:,} tokens fits now: -c {tokens}"
    params = option.params
    if params.kv_type_k == "f16" and params.flash_attention != "off":
        small = replace(params, kv_type_k="q8_0", kv_type_v="q8_0")
        if (
            _row(option.candidate, small, hardware, budget).cell(params.context_tokens).fits
            == "now"
        ):
            return "A q8_0 KV cache makes it fit: -ctk q8_0 -ctv q8_0"
    return "Choose a smaller quantization or a smaller model: localchat fit"
