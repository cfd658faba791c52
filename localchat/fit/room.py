"""Before a load: is there room for this file, with which context, and if not, what would help?

Settles a context that was left open; says what to do in one sentence. Knows no engine.
"""

from dataclasses import dataclass, replace
from typing import Final

from localchat import units
from localchat.fit import budget as budgets
from localchat.fit import memory
from localchat.fit.budget import Budget, Fits
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams
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
    """Look for room; a context that was left open becomes the largest usual one that fits now."""
    asked = replace(params, context_tokens=memory.context_tokens(candidate, params))
    room = _room(candidate, asked, hardware, budget)
    if room.fits == "now" or params.context_tokens:
        return room
    largest = _largest(candidate, asked, hardware, budget)
    if largest < min(LEAST_CONTEXT_TOKENS, asked.context_tokens):
        return room
    smaller = _room(candidate, replace(asked, context_tokens=largest), hardware, budget)
    return replace(
        smaller,
        sentence=f"The context is {largest:,} tokens: no more fits into memory now.",
        hint="Close other programs, or ask for more with -c.",
    )


def _room(candidate: Candidate, params: EngineParams, hardware: Hardware, budget: Budget) -> Room:
    footprint = memory.footprint(candidate, params, hardware)
    verdict = budgets.fits(footprint, budget)
    if verdict == "now":
        return Room(params, footprint, verdict)
    needed = units.human_bytes(footprint.total_bytes + footprint.runtime_bytes)
    there = units.human_bytes(budget.total_now_bytes)
    if verdict == "if you close apps":
        sentence = f"It needs {needed} and {there} are free for it: close other programs first."
    else:
        sentence = f"It needs {needed}, more than this machine can give it ({there} now)."
    return Room(params, footprint, verdict, sentence, _help(candidate, params, hardware, budget))


def _help(candidate: Candidate, params: EngineParams, hardware: Hardware, budget: Budget) -> str:
    largest = _largest(candidate, params, hardware, budget)
    if LEAST_CONTEXT_TOKENS <= largest < params.context_tokens:
        return f"A context of {largest:,} tokens fits now: -c {largest}"
    if params.kv_type_k == "f16" and params.flash_attention != "off":
        small = replace(params, kv_type_k="q8_0", kv_type_v="q8_0")
        if _fits_now(memory.footprint(candidate, small, hardware), budget):
            return "A q8_0 KV cache makes it fit: -ctk q8_0 -ctv q8_0"
    return "Choose a smaller quantization or a smaller model: localchat fit"


def _largest(candidate: Candidate, params: EngineParams, hardware: Hardware, budget: Budget) -> int:
    largest = memory.max_context_tokens(
        candidate, params, hardware, lambda footprint: _fits_now(footprint, budget)
    )
    return min(largest, params.context_tokens)


def _fits_now(footprint: Footprint, budget: Budget) -> bool:
    return budgets.fits(footprint, budget) == "now"
