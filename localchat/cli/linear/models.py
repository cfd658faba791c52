"""The models of this disk in words, and one of them into memory."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import errors, paths, sanitize, units
from localchat.cli import choice, computer, fitting, stored
from localchat.cli.linear.hearing import Progress
from localchat.cli.linear.speaker import Speaker
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.fit import budget, room
from localchat.fit.budget import Budget
from localchat.machine.hardware import Hardware
from localchat.ui import wording

_MOST_MODELS: Final = 30
_HEADER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Offered:
    """A model of this disk, and whether this computer has room for it, in a sentence."""

    path: Path
    title: str
    words: str


async def offered(engine: EngineClient, params: wire.EngineParams) -> tuple[Offered, ...]:
    """List the models that can be opened, the built-in one first. Raises EngineError."""
    hardware = await computer.as_used_by(engine)
    return await asyncio.to_thread(_list, hardware, params)


async def load(
    engine: EngineClient, path: Path, params: wire.EngineParams, speaker: Speaker, *, force: bool
) -> wire.Loaded:
    """Load a model, saying how far it is and how it went. Raises DoesNotFit, EngineError."""
    is_guide = path == paths.guide_model()
    speaker.say(f"Loading {wording.model_name(path.stem, is_guide=is_guide)}.")
    progress = Progress(speaker)
    settled = await fitting.settle(engine, path, params, force=force)
    loaded = await engine.load(
        path, settled.params, progress.tell, predicted_bytes=settled.predicted_bytes
    )
    speaker.say(
        f"{wording.model_name(loaded.name, is_guide=is_guide)} is ready.",
        f"It sees {loaded.context_tokens:,} tokens at once.",
        settled.note,
        *loaded.notes,
    )
    return loaded


def _list(hardware: Hardware, params: wire.EngineParams) -> tuple[Offered, ...]:
    limits = budget.of(hardware)
    found = []
    for path, title in _files():
        found.append(Offered(path, title, _words(path, params, hardware, limits)))
    return tuple(found)


def _files() -> Iterator[tuple[Path, str]]:
    guide = paths.guide_model()
    yield guide, wording.model_name("", is_guide=True)
    usable = [each for each in stored.scan(_HEADER_SECONDS).entries if not each.problem]
    for entry in sorted(usable, key=lambda each: -each.used_seconds)[:_MOST_MODELS]:
        yield entry.path, sanitize.line(entry.name, 80)


def _words(path: Path, params: wire.EngineParams, hardware: Hardware, limits: Budget) -> str:
    try:
        candidate = choice.of_file(path).candidates[0]
    except (errors.LocalchatError, IndexError):
        return "It is not known whether it fits."
    found = room.find(candidate, params, hardware, limits)
    needed = units.human_bytes(found.footprint.total_bytes)
    if found.fits != "now":
        return f"{found.sentence} {found.hint}".strip()
    return f"It fits: {needed} of memory, {found.params.context_tokens:,} tokens of context."


def spoken(every: Sequence[Offered]) -> str:
    """Number the models, one a line."""
    lines = [f"{number}. {each.title}. {each.words}" for number, each in enumerate(every, 1)]
    return "\n".join(lines)
