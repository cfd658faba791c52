"""A choice in words: what it takes, what limits it, what would change that, and on what ground."""

from collections.abc import Iterator

from localchat import units
from localchat.fit import budget, ladder
from localchat.fit.option import Option
from localchat.fit.situation import Situation

_BASIS = {
    "estimate": "the speed is an estimate from the chip's memory bandwidth",
    "probed": "the speed follows from a probe of this machine",
    "measured here": "the speed was measured in chats here",
}


def of(option: Option, situation: Situation) -> str:
    """Explain a choice in one sentence."""
    parts = (
        f"{_fitting(option, situation)}: {_parts(option)}",
        _limit(option, situation),
        *_changes(option, situation),
        *_objection(option),
        _BASIS[option.speed.basis],
        option.mmap_reason,
        option.mlock_reason,
    )
    return "; ".join(part for part in parts if part) + "."


def _fitting(option: Option, situation: Situation) -> str:
    short = budget.short_bytes(option.footprint, situation.budget)
    if option.fits == "now":
        return f"Fits now with {units.human_bytes(-short)} to spare"
    short_closed = budget.short_bytes(option.footprint, situation.budget, closed=True)
    if option.fits == "if you close apps":
        return f"Fits if you close apps, {units.human_bytes(short)} are missing now"
    if situation.budget.fixed:
        return f"Does not fit, {units.human_bytes(short)} are missing"
    return f"Does not fit, {units.human_bytes(short_closed)} are missing even with apps closed"


def _parts(option: Option) -> str:
    sizes = option.footprint
    named = {
        "weights": sizes.weights_bytes,
        "KV cache": sizes.kv_bytes,
        "scratch": sizes.compute_bytes,
        "engine": sizes.runtime_bytes,
    }
    if sizes.total_bytes < units.GIB // 10:
        said = [f"{name} {units.human_bytes(n_bytes)}" for name, n_bytes in named.items()]
        return f"{', '.join(said[:-1])} and {said[-1]}"
    said = [f"{name} {n_bytes / units.GIB:.2f}" for name, n_bytes in named.items()]
    return f"{', '.join(said[:-1])} and {said[-1]} GiB"


def _limit(option: Option, situation: Situation) -> str:
    most = option.max_context_tokens
    if most >= ladder.limit_tokens(option.candidate.trained_context_tokens):
        return f"{most:,} tokens, all that it was trained for, have room"
    if not most:
        return "no context has room beside the weights"
    when = "" if option.fits == "now" else " now"
    if option.fits == "if you close apps":
        when = " with apps closed"
    return f"{_memory(situation)} limits it to {most:,} tokens{when}"


def _memory(situation: Situation) -> str:
    if situation.budget.fixed:
        return "the memory you set"
    if situation.budget.gpus:
        return "memory of GPU and machine"
    return "memory shared with the GPU" if situation.hardware.gpus else "main memory"


def _changes(option: Option, situation: Situation) -> Iterator[str]:
    """Yield what would make room, where room is missing."""
    limit = ladder.limit_tokens(option.candidate.trained_context_tokens)
    if option.max_context_tokens >= limit:
        return
    ways = []
    if option.params.kv_type_k == "f16" and option.footprint.kv_bytes > option.needed_bytes // 20:
        ways.append("a q8_0 KV cache")
    if option.fits == "no":
        ways.append("a smaller quantization")
    elif option.fits == "now" and situation.budget.closed_bytes > situation.budget.now_bytes:
        ways.append("closing other programs")
    if ways:
        yield f"{' or '.join(ways)} would make room for more"


def _objection(option: Option) -> Iterator[str]:
    if option.objection:
        yield f"no recommendation, because {_lower(option.objection.rstrip('.'))}"
    elif option.is_slow:
        yield "slower than one wants to wait for"


def _lower(text: str) -> str:
    # Names of formats and chips keep their capitals.
    second = text[1:2]
    return text if second.isupper() or second.isdigit() else text[:1].lower() + text[1:]
