"""What the screens say about models, answers and progress, as plain text.

Pure functions from the core's values to words; every name that came from a file is made safe here.
"""

from collections.abc import Sequence
from pathlib import Path

from localchat import sanitize, units
from localchat.engine import wire
from localchat.fit.option import Option
from localchat.library.entries import Partial

GUIDE_NAME = "Guide"
ABOUT_GUIDE = "Built in, tiny, and knows only this program."
GUIDE_QUESTIONS = "Ask it: What is Q4_K_S? · How much context do I need?"

_STAGES = {"weights": "reading weights", "context": "making room for the context"}


SIMULATED = (
    "This is another machine than yours: its models can be looked at, not loaded.",
    "To chat, leave out --machine.",
)
"""A sentence, and what to do."""


def does_not_fit(option: Option, verb: str = "Load") -> tuple[str, str]:
    """Ask whether a choice shall be had that is too large, and say what would happen."""
    needed = units.human_bytes(option.needed_bytes)
    if option.fits == "no":
        return (
            f"This does not fit. {verb} it anyway?",
            f"It takes {needed}, more than this machine can give: it may fail, or swap and be "
            "very slow.",
        )
    return (
        f"This does not fit now. {verb} it anyway?",
        f"It takes {needed}: close other programs first, or the machine may swap and be very slow.",
    )


def cannot_run(problems: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Say why nothing of a repository can be run."""
    words = problems[0][1] if problems else "There is nothing in it that could be run."
    return sanitize.line(words, 300), "Choose another repository."


def cannot_go_on(partial: Partial) -> tuple[str, str]:
    """Say who can go on with a download that another program began."""
    owner = partial.place.program.value
    return "This download did not finish.", f"Let {owner} go on with it, or press x to remove it."


def percent(done: int, total: int) -> int:
    """Say how much of `total` is done, 0 when the total is unknown."""
    return min(100, 100 * done // total) if total > 0 else 0


def count(number: int, noun: str) -> str:
    """Say how many.

    >>> count(1, "token"), count(1200, "token")
    ('1 token', '1,200 tokens')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def precise_seconds(seconds: float) -> str:
    """Say a short time with two digits after the point, a long one as people do."""
    return f"{seconds:.2f} s" if seconds < 10 else units.human_seconds(seconds)


def reading(progress: wire.Progress) -> str:
    """Say how far the engine is with the prompt, how fast, and how long it will take.

    >>> reading(wire.Progress(1, "prompt", 2048, 6120, seconds=3.2))
    'reading 2,048 of 6,120 tokens · 640 tokens/s · 6 s left'
    """
    parts = [f"reading {progress.done:,} of {progress.total:,} tokens"]
    evaluated = progress.done - progress.cached
    if evaluated > 0 and progress.seconds > 0:
        rate = evaluated / progress.seconds
        parts.append(units.human_rate(rate))
        if progress.done < progress.total:
            left = round((progress.total - progress.done) / rate)
            parts.append(f"{units.human_seconds(left) if left >= 60 else f'{left} s'} left")
    return " · ".join(parts)


def loading(progress: wire.Progress) -> str:
    """Name the stage of a load, with how much of it is done.

    >>> loading(wire.Progress(1, "weights", 250, 1000)), loading(wire.Progress(1, "warm-up", 0, 0))
    ('reading weights · 25 %', 'warm-up')
    """
    stage = _STAGES.get(progress.stage, progress.stage)
    known = progress.total > 0 and progress.done > 0
    return f"{stage} · {percent(progress.done, progress.total)} %" if known else stage


def thinking(tokens: int, seconds: float, *, over: bool) -> str:
    """Head the model's thinking.

    >>> thinking(61, 4.2, over=True), thinking(12, 0.5, over=False)
    ('thought for 4.2 s · 61 tokens', 'thinking · 12 tokens')
    """
    if not over:
        return f"thinking · {count(tokens, 'token')}"
    return f"thought for {units.human_seconds(seconds)} · {count(tokens, 'token')}"


def model_name(name: str, *, is_guide: bool) -> str:
    """Name a model."""
    return GUIDE_NAME if is_guide else sanitize.line(name, 60) or "unnamed model"


def placement(loaded: wire.Loaded) -> str:
    """Say where the model runs, and whether its memory is locked."""
    threads = count(loaded.threads, "thread")
    if loaded.gpu_layers <= 0:
        where = f"CPU · {threads}"
    else:
        # llama.cpp counts the output layer as one more than the model's layers.
        where = (
            f"GPU {loaded.gpu_layers}/{max(loaded.gpu_layers, loaded.layers)} layers · {threads}"
        )
    return f"{where} · {locking(loaded)}"


def locking(loaded: wire.Loaded) -> str:
    """Say whether the model's memory is locked, so that it cannot be swapped out."""
    if loaded.locked_bytes > 0:
        return f"locked {units.human_bytes(loaded.locked_bytes)}"
    if loaded.params.mlock:
        return "lock unknown" if loaded.locked_bytes < 0 else "lock refused"
    return "not locked"


def model_facts(loaded: wire.Loaded) -> str:
    """Describe a loaded model in one line."""
    context = f"context {loaded.context_tokens:,} tokens"
    if loaded.trained_context_tokens > loaded.context_tokens:
        context += f" (trained for {loaded.trained_context_tokens:,})"
    template = sanitize.line(loaded.template_origin, 60)
    parts = (
        _kind(loaded),
        units.human_bytes(loaded.file_bytes),
        context,
        "" if template.startswith("the model's own") else f"template: {template}",
        f"ready in {units.human_seconds(loaded.load_seconds)}",
    )
    return " · ".join(part for part in parts if part)


def _kind(loaded: wire.Loaded) -> str:
    # llama.cpp writes "?B" for a size that it has no name for.
    size = parameters(loaded.parameters) or "?B"
    return sanitize.line(loaded.description, 60).replace("?B", size)


def short_path(path: Path) -> str:
    """Write a path the way a shell shows it: the home folder as a tilde."""
    try:
        return sanitize.line(f"~/{path.relative_to(Path.home())}", 300)
    except (ValueError, RuntimeError):
        return sanitize.line(str(path), 300)


def gib(n_bytes: int) -> str:
    """Write a size in GiB without its unit, as columns and legends have it.

    >>> gib(6 * units.GIB + units.GIB // 20), gib(128 * units.GIB), gib(9_000_000)
    ('6.0', '128', '0.01')
    """
    value = n_bytes / units.GIB
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.05 else f"{value:.2f}"


def rates(low: float, high: float) -> str:
    """Write an interval of rates as briefly as it says something.

    >>> rates(17.8, 22.3), rates(2.31, 3.14), rates(812.0, 1109.0), rates(9.6, 9.8)
    ('18–22', '2.3–3.1', '812–1109', '9.6–9.8')
    """
    if high < 10:
        low_words, high_words = f"{low:.1f}", f"{high:.1f}"
    else:
        low_words, high_words = f"{low:.0f}", f"{high:.0f}"
    return low_words if low_words == high_words else f"{low_words}–{high_words}"


def parameters(number: int | None) -> str:
    """Say how many weights a model has.

    >>> parameters(7_241_732_096), parameters(1_300_000), parameters(999_900_000), parameters(None)
    ('7.2B', '1.3M', '1.0B', '')
    """
    if not number:
        return ""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            value = number / size
            return f"{value:.1f}{letter}" if value < 100 else f"{value:.0f}{letter}"
    return str(number)
