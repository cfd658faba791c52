"""`localchat show`: what is known of one model, before it is planned for any machine."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Any

from localchat import errors, sanitize, units
from localchat.cli import choice, console
from localchat.cli.choice import Choice
from localchat.cli.tables import Cell, Column, Pen
from localchat.fit import ladder, losses, quality
from localchat.fit.candidate import Candidate
from localchat.library.values import RemoteRepo
from localchat.models.shapes import Shape


def run(given: argparse.Namespace) -> int:
    """Print what is known of a model. Raises ModelNotFound or BadModel."""
    chosen = choice.find(given.model, offline=given.offline)
    found = dataclasses.replace(chosen, candidates=losses.alike(chosen.candidates))
    if given.json:
        text = json.dumps(as_json(found), indent=2)
    else:
        text = "\n".join(_lines(found, Pen(sys.stdout)))
    console.write(sys.stdout, text + "\n")
    return int(errors.ExitCode.OK)


def as_json(found: Choice) -> dict[str, Any]:
    """Describe a model as plain data."""
    known, header = found.known, found.header
    about = _of_catalogue(found) if known else _of_file(found)
    shape = _shape(found)
    about["shape"] = dataclasses.asdict(shape)
    about["kv_bytes_per_token"] = shape.kv_bytes_per_token
    about["window_kv_bytes_per_token"] = shape.window_kv_bytes_per_token
    about["state_bytes"] = shape.recurrent.state_bytes if shape.recurrent else 0
    about["files"] = [_file(each) for each in found.candidates]
    about["sources"] = list(known.sources) if known else ["the file's header"]
    about["notes"] = list(found.notes)
    if header is not None:
        about["has_chat_template"] = bool(header.chat_template)
    if found.remote is not None:
        about |= _of_remote(found.remote)
    elif header is not None:
        about["is_whole"] = found.is_whole
    return about


def _shape(found: Choice) -> Shape:
    """What the headers say wins over what the catalogue knows."""
    if found.known is not None and found.remote is None:
        return found.known.shape
    return found.candidates[0].shape


def _of_remote(remote: RemoteRepo) -> dict[str, Any]:
    return {
        "repo": remote.repo,
        "fallback_repos": [],
        "commit": remote.commit,
        "gated": remote.gated,
        "private": remote.private,
        "other_files": [file.path for file in remote.others],
        "sources": [f"the headers of {remote.repo}"],
    }


def _of_catalogue(found: Choice) -> dict[str, Any]:
    known = found.known
    assert known is not None
    kept = (
        "id", "title", "family", "aliases", "repo", "fallback_repos", "base_repo", "architecture",
        "parameters", "active_parameters", "trained_context_tokens", "released",
        "thinking", "multimodal", "languages", "good_for", "tier", "tier_reason", "note",
    )  # fmt: skip
    values = {name: getattr(known, name) for name in kept}
    plain = {name: list(each) if isinstance(each, tuple) else each for name, each in values.items()}
    return {**plain, "license": known.license}


def _of_file(found: Choice) -> dict[str, Any]:
    candidate = found.candidates[0]
    return {
        "id": candidate.model,
        "title": candidate.title,
        "path": str(candidate.path) if candidate.path else "",
        "architecture": candidate.architecture,
        "parameters": candidate.parameters,
        "trained_context_tokens": candidate.trained_context_tokens,
        "license": found.header.text("general.license") if found.header else "",
    }


def _file(candidate: Candidate) -> dict[str, Any]:
    judged = quality.of(candidate)
    return {
        "quant": candidate.label,
        "file_bytes": candidate.file_bytes,
        "uncertainty_bytes": candidate.uncertainty_bytes,
        "has_imatrix": candidate.has_imatrix,
        "is_quantization_aware": candidate.is_quantization_aware,
        "quality_loss_percent": round(judged.loss_percent, 2),
        "quality_loss_percent_low": round(judged.loss_percent_low, 2),
        "quality_loss_percent_high": round(judged.loss_percent_high, 2),
        "quality": judged.words,
        "floor_reason": judged.floor_reason,
        "source": judged.source,
    }


def _lines(found: Choice, pen: Pen) -> Iterator[str]:
    about = as_json(found)
    yield pen.mark(sanitize.line(about["title"], 78), "strong")
    for name, value in _facts(found, about):
        if value:
            first, *rest = pen.paragraph(value, indent=" " * 14)
            yield pen.mark(f"{name:<14}", "faint") + first.strip()
            yield from rest
    yield ""
    yield from pen.table(_COLUMNS, [_row(each) for each in found.candidates])
    if not found.candidates:
        yield "The catalogue does not know the sizes of its files. Ask the Hub for them:"
        yield f"localchat show {sanitize.line(about['repo'], 120)}"
        return
    yield ""
    lossy = [each for each in map(quality.of, found.candidates) if each.loss_percent]
    source = lossy[0].source if lossy else "nothing is lost"
    yield from pen.paragraph(
        "Loss is perplexity above that of F16, from the best maker of such a file to the worst: "
        f"{source}. `localchat fit MODEL` says what has room here."
    )
    if found.remote is not None:
        yield f"Download it: localchat pull {sanitize.line(found.remote.repo, 120)}"


_COLUMNS = (
    Column("quant", 12, right=False),
    Column("file", 10),
    Column("loss", 14),
    Column("", 40, right=False),
)


def _row(candidate: Candidate) -> tuple[Cell | str, ...]:
    judged = quality.of(candidate)
    low, high = judged.loss_percent_low, judged.loss_percent_high
    span = "over 100 %" if low > 100 else f"{low:.1f} - {high:.1f} %"
    words = judged.words.replace(" as the original", "").replace(" than the original", "")
    return (
        Cell(candidate.label, "strong"),
        units.human_bytes(candidate.file_bytes),
        "none" if high < 0.05 else span,
        Cell(words, "faint" if judged.is_below_floor else ""),
    )


def _facts(found: Choice, about: dict[str, Any]) -> Iterator[tuple[str, str]]:
    active = about.get("active_parameters")
    at_work = f", {active / 1e9:.1f}B at work on a token" if active else ""
    yield "weights", f"{_count(about['parameters'])}{at_work}"
    yield "architecture", f"{about['architecture']}, {about['shape']['layers']} layers"
    yield "memory", _memory(_shape(found))
    yield "context", f"{ladder.limit_tokens(about['trained_context_tokens']):,} tokens"
    yield "license", about["license"]
    yield "released", about.get("released", "")
    yield "thinks", about.get("thinking", "").replace("none", "no")
    yield "languages", ", ".join(about.get("languages", ()))
    yield "good for", ", ".join(about.get("good_for", ()))
    if "tier" in about:
        yield "tier", f"{about['tier']} of 9: {about['tier_reason']}"
    yield (
        "repository",
        ", ".join([about["repo"], *about["fallback_repos"]] if "repo" in about else ()),
    )
    yield "file", about.get("path", "")
    if found.remote is not None and found.remote.gated:
        yield "", "gated: its owner must let you in first"
    if not found.is_whole:
        yield "", "only its header is here, not its weights"
    yield "also called", ", ".join([about["id"], *about.get("aliases", ())])
    yield "note", about.get("note", "")
    for note in found.notes:
        yield "note", note
    yield "sources", "; ".join(about["sources"])


def _count(parameters: int) -> str:
    billions = parameters / 1e9
    return f"{billions:.2f}B" if billions >= 0.1 else f"{parameters / 1e6:.1f}M"


def _memory(shape: Shape) -> str:
    parts = []
    if shape.kv_bytes_per_token:
        parts.append(f"{units.human_bytes(shape.kv_bytes_per_token)} of KV cache a token")
    if shape.window_kv_bytes_per_token:
        window = max(each.window_tokens or 0 for each in shape.attention)
        each = units.human_bytes(shape.window_kv_bytes_per_token)
        parts.append(f"{each} a token for the last {window:,}")
    if shape.recurrent:
        parts.append(f"{units.human_bytes(shape.recurrent.state_bytes)} of state")
    return ", ".join(parts)
