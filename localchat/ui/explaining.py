"""A choice in words: what every number is, what limits it, and what would change it.

Pure: values in, labeled lines out. Every text that came from a file is made safe here.
"""

from collections.abc import Iterator
from pathlib import Path

from textual.content import Content

from localchat import sanitize, units
from localchat.fit import budget
from localchat.fit.budget import Budget
from localchat.fit.footprint import MAIN_MEMORY
from localchat.fit.option import ModelPlan, Option
from localchat.ui import hub_explaining, marks, wording
from localchat.ui.facts import Fact
from localchat.ui.shelf import Entry

_SOURCES = {
    "formula": "worked out",
    "dry run": "asked of llama.cpp",
    "loaded": "as it was loaded",
}


def model(entry: Entry) -> tuple[Fact, ...]:
    """Say what is known of a model while there is no choice to explain."""
    return tuple(_model(entry))


def option(
    entry: Entry,
    chosen: Option,
    limits: Budget,
    plan: ModelPlan | None,
    here: Path | None = None,
) -> tuple[Fact, ...]:
    """Explain a choice; the plan it is of tells what the others would do.

    `here` is its file on this disk.
    """
    return tuple(_option(entry, chosen, limits, plan, here))


def verdict(chosen: Option, limits: Budget) -> Content:
    """Say whether a choice fits, and by how much."""
    symbol, color, words = marks.FITS[chosen.fits]
    short = budget.short_bytes(chosen.footprint, limits)
    if chosen.fits == "now":
        rest = f", {units.human_bytes(-short)} to spare"
    elif chosen.fits == "no":
        closed = budget.short_bytes(chosen.footprint, limits, closed=True)
        even = "" if limits.fixed else ", even with apps closed"
        rest = f": {units.human_bytes(closed)} short{even}"
    else:
        words = "fits if you close apps"
        rest = f": {units.human_bytes(short)} short now"
    return Content.assemble((f"{symbol} {words}", f"bold {color}"), rest)


def _model(entry: Entry) -> Iterator[Fact]:
    local = entry.local
    yield Fact("", Content.styled(entry.title, "bold"))
    if local is None:
        yield from _elsewhere(entry)
        return
    where = "ships with localchat" if local.is_guide else wording.short_path(local.path)
    yield Fact("", Content.styled(where, "$foreground-muted"))
    if local.problem:
        yield Fact("", Content.styled(sanitize.line(local.problem), "$text-error"))
    elif local.is_guide:
        yield from _guide()
    else:
        yield Fact("", Content("Enter loads it and opens a chat. Nothing leaves this machine."))


def _elsewhere(entry: Entry) -> Iterator[Fact]:
    """Tell of a model that is not on this disk, or only in part."""
    if entry.partial is not None:
        yield from hub_explaining.partial(entry.partial)
    elif entry.offer is not None:
        yield from hub_explaining.offer(entry.offer)
    elif entry.result is not None:
        yield from hub_explaining.result(entry.result)
    elif entry.known is not None:
        about = sanitize.line(entry.known.tier_reason)
        yield Fact("", Content.styled(about, "$foreground-muted"))
        if not entry.has_files:
            words = "How large its files are is not known on this disk: Enter asks the Hub."
            yield Fact("", Content(words))


def _guide() -> Iterator[Fact]:
    yield Fact("", Content(wording.ABOUT_GUIDE))
    yield Fact("", Content.styled(wording.GUIDE_QUESTIONS, "$foreground-muted"))


def _option(
    entry: Entry, chosen: Option, limits: Budget, plan: ModelPlan | None, here: Path | None
) -> Iterator[Fact]:
    yield Fact("", _head(chosen))
    yield Fact("", verdict(chosen, limits))
    if (wish := hub_explaining.wish(entry, chosen, here)) is not None:
        yield wish
    if entry.local is not None and entry.local.is_guide:
        yield from _guide()
    yield _fact("memory", _memory(chosen), _SOURCES[chosen.footprint.basis])
    speed = chosen.speed
    full = wording.rates(speed.full_low, speed.full_high)
    empty = wording.rates(speed.low, speed.high)
    words = f"{empty} tokens/s, {full} once the context is full"
    yield _fact("speed", words, speed.basis)
    yield _fact("quality", _quality(chosen))
    yield _fact("limit", _limit(chosen, limits))
    more = "; ".join(_more(chosen, limits, plan))
    if more:
        yield _fact("more with", more)
    if chosen.objection:
        yield Fact("but", Content.styled(sanitize.line(chosen.objection), "$text-warning"))
    if chosen.footprint.by_device.keys() - {MAIN_MEMORY}:
        yield _fact("where", _placed(chosen))
    if speed.prefill_low is not None and speed.prefill_high is not None:
        reading = wording.rates(speed.prefill_low, speed.prefill_high)
        yield _fact("reading", f"{reading} tokens/s of what you write")
    for reason in (chosen.mlock_reason, chosen.mmap_reason):
        # Each begins with the name of its flag.
        flag, _, words = reason.partition(" ")
        yield _fact(flag, words)
    yield from _about(entry)


def _head(chosen: Option) -> Content:
    title = f"{sanitize.line(chosen.label)} · {chosen.context_tokens:,} tokens"
    picks = ", ".join(f"{marks.PICKS.get(pick, '')} {pick}".strip() for pick in chosen.picks)
    return Content.assemble(
        (title, "bold"),
        (f" · KV {chosen.kv_type}", "$foreground-muted"),
        (f"  {picks}", "$accent"),
    )


def _fact(label: str, words: str, basis: str = "") -> Fact:
    content = Content(sanitize.line(words))
    if basis:
        content += Content.styled(f" · {basis}", "$foreground-muted")
    return Fact(label, content)


def _memory(chosen: Option) -> str:
    held = chosen.footprint
    return (
        f"{wording.gib(chosen.needed_bytes)} GiB = weights {_exact_gib(held.weights_bytes)} + "
        f"context {_exact_gib(held.kv_bytes)} + scratch {_exact_gib(held.compute_bytes)} + "
        f"engine {_exact_gib(held.runtime_bytes)}"
    )


def _placed(chosen: Option) -> str:
    parts = []
    for device in chosen.footprint.devices:
        name = "main memory" if device.device == MAIN_MEMORY else device.device
        parts.append(f"{_exact_gib(device.total_bytes)} GiB in {name}")
    layers = f"{chosen.gpu_layers} of {chosen.candidate.shape.layers + 1} layers on the GPU"
    if chosen.params.experts_on_cpu:
        layers += ", their experts in main memory"
    return f"{layers}: {', '.join(parts)}"


def _quality(chosen: Option) -> str:
    quality = chosen.quality
    if quality.loss_percent_high < 0.05:
        return quality.words
    low, high = quality.loss_percent_low, quality.loss_percent_high
    return f"{quality.words}: perplexity {low:.1f} to {high:.1f} % higher than F16's"


def _limit(chosen: Option, limits: Budget) -> str:
    most, trained = chosen.max_context_tokens, chosen.candidate.trained_context_tokens
    if not most:
        return f"no context fits; for models {_room(limits)}"
    if trained and most >= trained:
        return f"{trained:,} tokens, all it was trained for, fit"
    when = "now" if marks.fits_largest_now(chosen) else "with apps closed"
    if chosen.fits == "no":
        when = "at most"
    return f"{most:,} tokens {when}; for models {_room(limits)}"


def _room(limits: Budget) -> str:
    if not limits.gpus:
        return limits.words
    gpus = sum(gpu.now_bytes for gpu in limits.gpus)
    main = units.human_bytes(limits.now_bytes)
    return f"{units.human_bytes(gpus)} on the GPU and {main} of main memory now"


def _more(chosen: Option, limits: Budget, plan: ModelPlan | None) -> Iterator[str]:
    trained = chosen.candidate.trained_context_tokens
    if trained and chosen.max_context_tokens >= trained:
        return
    if plan is not None and chosen.kv_type == "f16":
        small = plan.at(chosen.label, chosen.context_tokens, "q8_0")
        if small is not None and small.max_context_tokens > chosen.max_context_tokens:
            yield f"a q8_0 KV cache: {small.max_context_tokens:,} tokens"
    if not limits.fixed and not limits.gpus and limits.closed_bytes > limits.now_bytes:
        yield f"apps closed: {units.human_bytes(limits.closed_bytes)} for models"


def _about(entry: Entry) -> Iterator[Fact]:
    if entry.reason:
        yield _fact("rank", f"{entry.place + 1}. {entry.reason}")
    if entry.offer is not None:
        yield from hub_explaining.offer(entry.offer)
    if entry.known is not None:
        known = entry.known
        yield _fact("model", known.tier_reason, sanitize.line(known.license, 40))
    elif entry.path is not None and entry.local is not None and not entry.local.is_guide:
        yield _fact("is at", wording.short_path(entry.path))
    if entry.held is not None:
        yield from hub_explaining.stored(entry.held)


def _exact_gib(n_bytes: int) -> str:
    return f"{n_bytes / units.GIB:.2f}"
