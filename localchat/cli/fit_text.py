"""What fits, as tables for people: what is recommended first, then every choice.

Knows nothing of how the figures come about.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from localchat import sanitize, units
from localchat.cli.computer import Computer
from localchat.cli.tables import Cell, Column, Pen
from localchat.fit import ladder, option
from localchat.fit.budget import Budget
from localchat.fit.candidate import Candidate
from localchat.fit.option import ModelPlan, Option

_MOST_CONTEXTS: Final = 8
_BASIS: Final = {
    "estimate": "Speeds are estimates from the chip's memory bandwidth",
    "probed": "Speeds follow from a probe of this machine",
    "measured here": "Speeds were measured in chats here",
}


def machine(where: Computer, limits: Budget, pen: Pen) -> list[str]:
    """Say what machine this is, and what a model may take of it."""
    hardware = where.hardware
    name = f"{hardware.name}: " if hardware.name not in ("", hardware.cpu) else ""
    lines = pen.paragraph(f"{name}{hardware.summary}.") + pen.paragraph(_room(limits))
    return lines + pen.paragraph(where.note)


def model(plan: ModelPlan, pen: Pen, has_contexts: bool) -> list[str]:
    """Write the picks of one model, and every choice below them."""
    lines = ["", *_title(plan.candidates[0], pen), ""]
    lines += _picks(plan, pen)
    lines += ["", *(_choices(plan, pen) if has_contexts else _grid(plan, pen)), ""]
    for note in _notes(plan, has_contexts):
        lines += pen.paragraph(note)
    return lines


def _room(limits: Budget) -> str:
    text = f"Room for a model: {limits.words}"
    for gpu in limits.gpus:
        text += f"; {units.human_bytes(gpu.now_bytes)} on {sanitize.line(gpu.name, 40)}"
    if not limits.fixed and limits.closed_bytes > limits.now_bytes:
        text += f"; {units.human_bytes(limits.closed_bytes)} with apps closed"
    return f"{text}."


def _title(candidate: Candidate, pen: Pen) -> Iterator[str]:
    yield pen.mark(sanitize.line(candidate.title, 78), "strong")
    per_token = candidate.shape.kv_bytes_per_token
    limit = ladder.name(ladder.limit_tokens(candidate.trained_context_tokens))
    parts = [f"{weights(candidate)} weights", f"trained for {limit} tokens"]
    if per_token:
        parts.append(f"{units.human_bytes(per_token)} of KV cache a token")
    yield ", ".join(parts)


def weights(candidate: Candidate) -> str:
    billions = candidate.parameters / 1e9
    return f"{billions:.1f}B" if billions >= 0.1 else f"{candidate.parameters / 1e6:.1f}M"


def _picks(plan: ModelPlan, pen: Pen) -> list[str]:
    if not plan.picks:
        near = plan.nearest
        at = f"{near.label} at {ladder.name(near.context_tokens)}"
        return pen.paragraph(f"Nothing to recommend. {at}: {_lower(near.reason)}")
    splits = bool(plan.budget.gpus)
    columns = [
        Column("", 16, right=False),
        Column("quant", 10, right=False),
        Column("context", 7),
        Column("at most", 7),
        Column("KV", max(len(pick.kv_type) for pick in plan.picks), right=False),
        *([Column("on GPU", 6)] if splits else []),
        Column("GiB", 6),
        Column("tokens/s", 8),
        Column("quality", 7),
    ]
    rows: list[tuple[Cell | str, ...]] = [
        (
            Cell(_names(pick), "good"),
            pick.label,
            ladder.name(pick.context_tokens),
            _exactly(pick.max_context_tokens),
            pick.kv_type,
            *([_layers(pick)] if splits else []),
            gib(pick),
            rate(pick),
            loss(pick),
        )
        for pick in plan.picks
    ]
    return pen.table(columns, rows)


def _names(pick: Option) -> str:
    names = ["with q8_0 KV" if name == option.QUANTIZED_KV else name for name in pick.picks]
    if len(names) > 2:
        return "all three"
    return names[0] if len(names) == 1 else "+".join(name.split()[0] for name in names)


def _grid(plan: ModelPlan, pen: Pen) -> list[str]:
    """Write the memory of each quantization at each context."""
    contexts = sorted({each.context_tokens for each in plan.options})[-_MOST_CONTEXTS:]
    columns = [
        Column("", 11, right=False),
        *(Column(ladder.name(tokens), 6) for tokens in contexts),
        Column("quality", 8),
    ]
    kv_types = list(dict.fromkeys(each.kv_type for each in plan.options))
    rows = []
    for candidate in plan.candidates:
        row: list[Cell | str] = [Cell(candidate.label, "strong")]
        cells = [
            [
                each
                for each in plan.options
                if each.candidate is candidate and each.context_tokens == tokens
            ]
            for tokens in contexts
        ]
        row += [_grid_cell(each, kv_types) for each in cells]
        rows.append([*row, loss(cells[0][0])])
    return [
        f"Memory in GiB by context, with a KV cache of {kv_types[0]}:",
        *pen.table(columns, rows),
    ]


def _grid_cell(same: Sequence[Option], kv_types: Sequence[str]) -> Cell:
    plain = same[0]
    shown = next((each for each in same if each.fits == "now"), plain)
    if shown.fits == "no":
        return Cell("-", "faint")
    mark = "+" if shown.fits != "now" else "q" if shown.kv_type != kv_types[0] else ""
    picked = next((each for each in same if each.picks), None)
    if picked is not None:
        shown, mark = picked, "q" if picked.kv_type != kv_types[0] else ""
    star = "*" if shown.picks else ""
    text = f"{star}{shown.footprint.total_bytes / units.GIB:.1f}{mark or ' '}"
    if star:
        return Cell(text, "good")
    return Cell(text, "faint" if mark == "+" or shown.objection else "")


def _choices(plan: ModelPlan, pen: Pen) -> list[str]:
    """Write every quantization and KV cache at the one context that was asked for."""
    columns = (
        Column("", 11, right=False),
        Column("KV", max(len(each.kv_type) for each in plan.options), right=False),
        Column("GiB", 6),
        Column("fits", 18, right=False),
        Column("at most", 8),
        Column("tokens/s", 8),
        Column("quality", 8),
    )
    rows = [
        (
            Cell(each.label, "strong"),
            each.kv_type,
            gib(each),
            Cell(each.fits, "good" if each.fits == "now" else "faint"),
            _exactly(each.max_context_tokens),
            rate(each),
            loss(each),
        )
        for each in plan.options
    ]
    tokens = plan.options[0].context_tokens
    return [f"At a context of {tokens:,} tokens:", *pen.table(columns, rows)]


def _notes(plan: ModelPlan, has_contexts: bool) -> Iterator[str]:
    if not has_contexts:
        yield "* recommended  + fits if you close apps  q with a q8_0 KV cache  - does not fit"
    own = units.human_bytes(plan.nearest.footprint.runtime_bytes)
    yield f"GiB as llama.cpp counts; the engine's process takes {own} besides."
    if plan.picks:
        balanced = plan.nearest
        at = f"{balanced.label} at {ladder.name(balanced.context_tokens)}"
        yield f"{at}: {_lower(balanced.reason)}"
    yield basis(plan.nearest)
    by_reason: dict[str, list[str]] = {}
    for each in plan.options:
        if each.objection:
            by_reason.setdefault(each.objection, []).append(each.label)
    for reason, labels in by_reason.items():
        yield f"Not recommended: {', '.join(dict.fromkeys(labels))}. {reason}"
    if plan.dominated and not has_contexts:
        said = [f"{each.candidate.label} for {each.by.label}" for each in plan.dominated]
        yield f"Left out, as another loses less at about the same size: {', '.join(said)}."


def basis(shown: Option) -> str:
    """Say what speeds and losses rest on."""
    return (
        f"{_BASIS[shown.speed.basis]}; with a full context this one has "
        f"{_range(shown.speed.full_low, shown.speed.full_high)}. Quality is perplexity lost "
        f"against F16 ({shown.quality.source}); makers of files differ fourfold."
    )


def gib(shown: Option) -> str:
    """Say how much memory a choice takes, as llama.cpp counts."""
    return f"{shown.footprint.total_bytes / units.GIB:.2f}"


def rate(shown: Option) -> str:
    """Say how many tokens a second a choice makes."""
    return _range(shown.speed.low, shown.speed.high)


def _range(low: float, high: float) -> str:
    if low >= 1000:
        return f"{low / 1000:.1f}-{high / 1000:.1f}k"
    if high < 10:
        return f"{low:.1f}-{high:.1f}"
    return f"{low:.0f}-{high:.0f}"


def loss(shown: Option) -> str:
    """Say how much perplexity a choice loses."""
    percent = shown.quality.loss_percent
    return f"-{percent:.1f} %" if percent >= 0.05 else "0 %"


def _exactly(tokens: int) -> str:
    return f"{tokens:,}" if tokens < 1_000_000 else str(tokens)


def _layers(shown: Option) -> str:
    every = shown.candidate.shape.layers + 1
    if shown.params.experts_on_cpu:
        return f"{shown.gpu_layers}/{every}x"
    return "all" if shown.gpu_layers == every else f"{shown.gpu_layers}/{every}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
