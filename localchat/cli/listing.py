"""`localchat list`: what is on this disk, whoever put it there."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from localchat import errors, sanitize, units
from localchat.cli import console, name_table, stored
from localchat.cli.tables import Cell, Column, Pen
from localchat.library.entries import Copy, Library, LocalEntry, Partial

_HEADER_SECONDS = 3.0
_DAY_SECONDS = 86_400
_COLUMNS = (
    Column("model", 41, right=False),
    Column("size", 9),
    Column("used", 10, right=False),
    Column("where", 16, right=False),
)


def run(given: argparse.Namespace) -> int:
    """Print every model on this disk, and return the exit code."""
    found = stored.scan(_HEADER_SECONDS)
    if given.json:
        text = json.dumps(as_json(found), indent=2)
    else:
        text = "\n".join(_lines(found, Pen(sys.stdout)))
    console.write(sys.stdout, text + "\n")
    return int(errors.ExitCode.OK)


def as_json(found: Library) -> dict[str, Any]:
    """Describe the library as plain data."""
    return {
        "models": [_entry(each) for each in found.entries],
        "partials": [_partial(each) for each in found.partials],
        "total_bytes": found.allocated_bytes,
        "problems": list(found.problems),
    }


def _entry(entry: LocalEntry) -> dict[str, Any]:
    model = entry.model
    return {
        "name": entry.name,
        "path": str(entry.path),
        "bytes": entry.size_bytes,
        "disk_bytes": entry.allocated_bytes,
        "last_used": _iso(entry.used_seconds),
        "repo": entry.copy.repo,
        "quant": model.quant if model else "",
        "architecture": model.architecture if model else "",
        "parameters": model.parameters if model else 0,
        "trained_context_tokens": model.trained_context_tokens if model else 0,
        "problem": entry.problem,
        "copies": [_copy(each) for each in entry.copies],
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "kept_by": copy.place.program.value,
        "names": list(copy.names),
        "paths": [str(file.path) for file in copy.files],
    }


def _partial(partial: Partial) -> dict[str, Any]:
    return {
        "name": partial.name,
        "path": str(partial.path),
        "kept_by": partial.place.program.value,
        "done_bytes": partial.done_bytes,
        "bytes": partial.size_bytes or None,
        "changed": _iso(partial.changed_seconds),
        "can_go_on": partial.file is not None,
    }


def _lines(found: Library, pen: Pen) -> Iterator[str]:
    if not found.entries and not found.partials:
        yield "There are no models on this disk yet, apart from the built-in guide."
        yield "Look for one: localchat fit, or localchat search mistral"
    if found.entries:
        yield from name_table.lines(pen, _COLUMNS, [_row(each) for each in found.entries])
    unusable = [entry for entry in found.entries if entry.problem]
    for entry in unusable:
        yield from pen.paragraph(f"! {entry.name}: {entry.problem}")
    if found.partials:
        yield ""
        yield "Not finished:"
        for partial in found.partials:
            yield from pen.paragraph(_unfinished(partial), indent="  ")
    for problem in found.problems:
        yield from pen.paragraph(f"Note: {problem}")
    if found.entries or found.partials:
        yield ""
        yield f"{units.human_bytes(found.allocated_bytes)} on this disk in all."


def _row(entry: LocalEntry) -> tuple[Cell | str, ...]:
    where = [copy.place.program.value for copy in entry.copies]
    more = f" +{len(where) - 1}" if len(where) > 1 else ""
    short = {"Hugging Face cache": "HF cache", "localchat": "models folder"}
    return (
        Cell(
            f"{'! ' if entry.problem else ''}{entry.name}", "faint" if entry.problem else "strong"
        ),
        units.human_bytes(entry.size_bytes),
        _ago(entry.used_seconds),
        f"{short.get(where[0], where[0])}{more}",
    )


def _unfinished(partial: Partial) -> str:
    name = sanitize.line(partial.name or partial.path.name, 160)
    done = units.human_bytes(partial.done_bytes)
    if partial.fraction is not None:
        done += f" of {units.human_bytes(partial.size_bytes)} ({partial.fraction:.0%})"
    go_on = f"go on: localchat pull {name}" if partial.file else partial.place.program.value
    return f"{name}: {done}; {go_on}"


def _ago(seconds: float) -> str:
    """Say when that was; dates only for what is long ago."""
    days = int((time.time() - seconds) // _DAY_SECONDS)
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{days} days" if days < 100 else _iso(seconds)[:10]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
