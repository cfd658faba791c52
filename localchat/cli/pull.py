"""`localchat pull`: a model of the Hub onto this disk, resumed, verified, and told about."""

import argparse
import dataclasses
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localchat import errors, sanitize, units
from localchat.cli import already, asking, fetching, hub, offering, stored
from localchat.cli.console import Console
from localchat.cli.offering import Offer
from localchat.engine import wire
from localchat.hub import download
from localchat.hub.access import Access
from localchat.library import reference
from localchat.library.places import Program
from localchat.library.reference import Reference
from localchat.library.values import RemoteFile
from localchat.models import catalogue


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is on this disk now."""

    path: Path
    name: str
    repo: str
    quant: str
    size_bytes: int
    files: tuple[RemoteFile, ...] = ()
    seconds: float = 0.0
    was_here: bool = False
    other_name: str = ""
    """What it is called here and who keeps it, where it was not downloaded by its own name."""


def run(given: argparse.Namespace) -> int:
    """Bring one model to this disk and return the exit code. Raises any LocalchatError."""
    console = Console(sys.stdout, sys.stderr)
    wanted = _reference(given.model)
    who = hub.who(given.offline)
    if who.is_offline:
        pulled = _without_network(wanted)
    else:
        pulled = _online(wanted, who, console, given.force)
    if given.json:
        console.result(json.dumps(as_json(pulled)))
    else:
        console.note(_sentence(pulled))
        console.result(sanitize.text(str(pulled.path)))
    return int(errors.ExitCode.OK)


def as_json(pulled: Pulled) -> dict[str, Any]:
    """Describe what is here as plain data; `sha256` is that of `path`, the first file."""
    return {
        "path": str(pulled.path),
        "repo": pulled.repo,
        "quant": pulled.quant,
        "bytes": pulled.size_bytes,
        "sha256": pulled.files[0].sha256 if pulled.files else _hash_in_cache(pulled.path),
        "seconds": round(pulled.seconds, 3),
        "files": [
            {"name": file.path, "bytes": file.size_bytes, "sha256": file.sha256}
            for file in pulled.files
        ],
    }


def when_needed(
    text: str, params: wire.EngineParams, *, offline: bool, yes: bool | None, force: bool
) -> Path:
    """Pull a model that is to be opened and is not on this disk, when the user agrees.

    `yes` is the flag that agrees beforehand; None for a command that has none.

    Raises Offline, ModelNotFound where nobody can be asked, Cancelled when the user says no, and
    else as a pull does.
    """
    wanted = _reference(text)
    who = hub.who(offline)
    shown = sanitize.line(text, 120)
    if who.is_offline:
        raise hub.not_here(text)
    if not yes and not asking.can_ask():
        raise errors.ModelNotFound(
            f"{shown} is not on this disk.",
            f"Fetch it first: localchat pull {shown}{'' if yes is None else ' (or say --yes)'}",
        )
    console = Console(sys.stdout, sys.stderr)
    with hub.client(who, console) as client:
        offer = offering.find(client, wanted, params)
    if found := _elsewhere(offer, console):
        console.note(_sentence(found))
        return found.path
    if offer.objection is not None and not force:
        raise offer.objection
    if not yes and not _agrees(offer, console):
        raise errors.Cancelled("Nothing was downloaded.")
    return _fetched(offer, who, console).path


def _agrees(offer: Offer, console: Console) -> bool:
    for said in (offer.choice, offer.note):
        if said:
            console.note(said)
    missing_bytes = download.missing_bytes(offer.quant.files, fetching.here())
    if not missing_bytes:
        return True
    rest = "" if missing_bytes == offer.quant.size_bytes else ", the rest of it"
    size = units.human_bytes(missing_bytes)
    name = sanitize.line(offer.name, 120)
    return asking.yes(f"{name} is not on this disk. Download {size}{rest}?", default=True)


def _online(wanted: Reference, who: Access, console: Console, force: bool) -> Pulled:
    with hub.client(who, console) as client:
        offer = offering.find(client, wanted, wire.EngineParams())
    if offer.choice:
        console.note(offer.choice)
    if found := _elsewhere(offer, console):
        return found
    missing_bytes = download.missing_bytes(offer.quant.files, fetching.here())
    if missing_bytes and offer.objection is not None and not force:
        _ask_despite(offer, offer.objection, console)
    elif missing_bytes and offer.note:
        console.note(f"Note: {offer.note}")
    return _fetched(offer, who, console)


def _ask_despite(offer: Offer, objection: errors.LocalchatError, console: Console) -> None:
    """Let the user download what cannot be used here. Raises the objection when nobody does."""
    if not asking.can_ask():
        raise objection
    console.note(objection.message)
    size = units.human_bytes(offer.quant.size_bytes)
    if not asking.yes(f"Download {size} anyway?", default=False):
        raise objection


def _elsewhere(offer: Offer, console: Console) -> Pulled | None:
    """Find the very files at another place of this disk, so that they need not come again."""
    if not download.missing_bytes(offer.quant.files, fetching.here()):
        return None
    entry = already.find(offer.quant, console)
    if entry is None:
        return None
    program = entry.copy.place.program
    place = "models folder" if program is Program.LOCALCHAT else program.value
    found = _pulled(offer, entry.path)
    return dataclasses.replace(found, was_here=True, other_name=f"{entry.name} ({place})")


def _fetched(offer: Offer, who: Access, console: Console) -> Pulled:
    was_here = not download.missing_bytes(offer.quant.files, fetching.here())
    began = time.monotonic()
    found = fetching.fetch(offer.quant.files, offer.name, who, console)
    seconds = time.monotonic() - began
    return dataclasses.replace(_pulled(offer, found[0]), seconds=seconds, was_here=was_here)


def _pulled(offer: Offer, path: Path) -> Pulled:
    return Pulled(
        path=path,
        name=offer.name,
        repo=offer.repo.repo,
        quant=offer.quant.label,
        size_bytes=offer.quant.size_bytes,
        files=offer.quant.files,
    )


def _without_network(wanted: Reference) -> Pulled:
    entry = stored.one(wanted.name)
    if entry is None:
        raise hub.not_here(wanted.name)
    quant = entry.model.quant if entry.model else entry.name.rpartition(":")[2]
    return Pulled(entry.path, entry.name, entry.copy.repo, quant, entry.size_bytes, was_here=True)


def _reference(text: str) -> Reference:
    wanted = reference.parse(text)
    if wanted is not None:
        return wanted
    shown = sanitize.line(text, 120)
    if Path(text).expanduser().exists():
        raise errors.UsageError(
            f"{shown} is on this disk already.", "To list it with the others: localchat import FILE"
        )
    near = catalogue.near(reference.divide(text)[0])
    raise errors.ModelNotFound(
        f"{shown} is no model of the Hub that localchat knows.",
        f"Did you mean {' or '.join(near)}?"
        if near
        else f"Look for it: localchat search {shown}, then: localchat pull user/repo",
    )


def _sentence(pulled: Pulled) -> str:
    size = units.human_bytes(pulled.size_bytes)
    name = sanitize.line(pulled.name, 160)
    if pulled.was_here:
        other = sanitize.line(pulled.other_name, 160)
        return f"{name}, {size}, is on this disk already{f', as {other}' if other else ''}."
    seconds = units.human_seconds(pulled.seconds)
    return f"{name} is here, {size}, its checksum is right ({seconds})."


def _hash_in_cache(path: Path) -> str:
    """The name of a blob of the Hub's cache is its hash; empty for other files."""
    name = path.resolve().name
    is_hash = len(name) == 64 and all(each in "0123456789abcdef" for each in name)
    return name if is_hash else ""
