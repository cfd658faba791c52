"""What is told about one answer: the JSON object, the line of statistics, memory that was locked.

Pure functions from the core's values.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from localchat import units
from localchat.chat.messages import Message
from localchat.chat.settings import ChatSettings
from localchat.engine import wire
from localchat.machine import memlock

_STAGES = {"weights": "Loading", "context": "Making room for the context", "warm-up": "Warming up"}


def as_json(
    turn: Message, loaded: wire.Loaded | None, asked: ChatSettings, path: Path, seed: int
) -> dict[str, Any]:
    """Put an answer into the object of `--json`; `loaded` is None when loading was stopped."""
    stats = turn.stats or wire.Stats()
    rate = stats.tokens_per_second
    found: dict[str, Any] = {
        "text": turn.text,
        "reasoning": turn.reasoning,
        "finish_reason": turn.ending,
        "stats": {
            "prompt_tokens": stats.prompt_tokens,
            "cached_tokens": stats.cached_tokens,
            "prompt_seconds": round(stats.prompt_seconds, 6),
            "ttft_seconds": round(stats.ttft_seconds, 6),
            "tokens": stats.tokens,
            "seconds": round(stats.seconds, 6),
            "tokens_per_second": None if rate is None else round(rate, 3),
        },
        "model": loaded.name if loaded else path.stem,
        "settings": _settings(turn, loaded, asked, path, seed),
    }
    if turn.error:
        found["error"] = turn.error
    return found


def _settings(
    turn: Message, loaded: wire.Loaded | None, asked: ChatSettings, path: Path, seed: int
) -> dict[str, Any]:
    found: dict[str, Any] = {"path": str(path), "system": asked.system}
    if loaded is not None:
        found |= {
            "context_tokens": loaded.context_tokens,
            "threads": loaded.threads,
            "gpu_layers": loaded.gpu_layers,
            "kv_type_k": loaded.params.kv_type_k,
            "kv_type_v": loaded.params.kv_type_v,
            "flash_attention": loaded.params.flash_attention,
            "mmap": loaded.mmap,
            "locked_bytes": loaded.locked_bytes,
            "extra_buffers": loaded.params.extra_buffers,
            "template": loaded.template_origin,
        }
    found |= dataclasses.asdict(effective_sampling(asked.sampling, loaded))
    return found | {
        "seed": seed,
        "max_tokens": asked.max_tokens,
        "stop": list(asked.stop),
        "template_variables": dict(turn.settings.get("template_variables", {})),
        "json_schema": json.loads(asked.json_schema) if asked.json_schema else None,
        "thinking_budget_tokens": asked.thinking_budget_tokens,
    }


def effective_sampling(asked: wire.Sampling, loaded: wire.Loaded | None) -> wire.Sampling:
    """Put what was asked over the model's own values."""
    given = {name: value for name, value in dataclasses.asdict(asked).items() if value is not None}
    return dataclasses.replace(loaded.sampling if loaded else wire.Sampling(), **given)


def statistics(turn: Message) -> str:
    """Say in one line how an answer came about.

    >>> stats = wire.Stats(34, 0, 0.2, 0.41, 142, 7.05)
    >>> statistics(Message("1", "1", None, "assistant", stats=stats, ending="stop"))
    '142 tokens, 20.0 tokens/s, first token after 0.4 s, 34 prompt tokens'
    """
    stats = turn.stats or wire.Stats()
    parts = [f"{stats.tokens:,} token{'' if stats.tokens == 1 else 's'}"]
    if stats.tokens_per_second is not None:
        parts.append(units.human_rate(stats.tokens_per_second))
    if stats.ttft_seconds:
        parts.append(f"first token after {units.human_seconds(stats.ttft_seconds)}")
    parts.append(f"{stats.prompt_tokens:,} prompt tokens")
    if turn.ending == "length":
        parts.append("ended by the limit of tokens (-n)")
    elif turn.ending == "context":
        parts.append("ended because the context is full (-c)")
    return ", ".join(parts)


def progress(event: wire.Progress) -> str:
    """Say how far the engine is.

    >>> progress(wire.Progress(1, "weights", 250, 1000)), progress(wire.Progress(1, "prompt", 5, 9))
    ('Loading 25 %', 'Reading the prompt, 5 of 9 tokens')
    >>> progress(wire.Progress(1, "prompt", 2048, 6120, 3.2))
    'Reading the prompt, 2,048 of 6,120 tokens, 640 tokens/s, 6.4 s left'
    """
    if event.stage == "prompt":
        read = f"Reading the prompt, {event.done:,} of {event.total:,} tokens"
        if not event.per_second or not event.seconds_left:
            return read
        left = units.human_seconds(event.seconds_left)
        return f"{read}, {units.human_rate(event.per_second)}, {left} left"
    words = _STAGES[event.stage]
    return f"{words} {100 * event.done // event.total} %" if event.total else words


def locking(loaded: wire.Loaded) -> str:
    """Say what became of the wish to lock the model in memory."""
    if loaded.locked_bytes < 0:
        return "This system does not tell whether the model is locked in memory."
    locked = units.human_bytes(loaded.locked_bytes)
    if loaded.locked_bytes >= loaded.file_bytes * 0.9:
        return f"Locked in memory: {locked}."
    limit = loaded.lock_limit_bytes
    allowed = "" if limit < 0 else f"; the limit is {units.human_bytes(limit)}"
    what = f"Only {locked} are locked in memory" if loaded.locked_bytes else "Not locked in memory"
    return f"{what}{allowed}. {memlock.how_to_raise()}"


def exact_prompt(prompt: wire.Prompt) -> str:
    """Show the text and the tokens that are sent to the model."""
    pieces = prompt.pieces or ("",) * len(prompt.tokens)
    rows = [f"{token:>7}  {piece!r}" for token, piece in zip(prompt.tokens, pieces, strict=False)]
    return "\n".join(
        (
            f"--- prompt, {prompt.prompt_tokens:,} tokens ---",
            prompt.text,
            "--- tokens ---",
            *rows,
            "--- end of prompt ---",
        )
    )
