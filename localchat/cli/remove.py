"""`localchat rm`: a model, or a download that did not finish, off this disk."""

import argparse
import dataclasses
import json
import sys
from typing import Any

from localchat import errors, sanitize, units
from localchat.cli import asking, stored
from localchat.cli.console import Console
from localchat.library import removal
from localchat.library.entries import Library, LocalEntry, Partial
from localchat.library.removal import Removal
from localchat.models import folder


def run(given: argparse.Namespace) -> int:
    """Remove one model after a question, and return the exit code.

    Raises ModelNotFound, UsageError where another program keeps it or nobody can be asked, and
    LocalchatError when the disk refuses.
    """
    console = Console(sys.stdout, sys.stderr)
    plan = _plan(given.model)
    shown = sanitize.line(plan.name, 160)
    if plan.refused:
        raise errors.UsageError(f"{shown} cannot be removed here: {plan.refused}", plan.hint)
    frees = units.human_bytes(plan.frees_bytes)
    if not given.yes:
        if not asking.can_ask():
            raise errors.UsageError(
                f"Removing {shown} would free {frees}, and nobody can be asked here.",
                f"Say --yes: localchat rm {shown} --yes",
            )
        _explain(plan, console)
        if not asking.yes(f"Remove {shown} and free {frees}?", default=False):
            console.note("Nothing was removed.")
            return int(errors.ExitCode.OK)
    elif not given.json:
        _explain(plan, console)
    freed_bytes = removal.remove(plan)
    if given.json:
        console.result(json.dumps(as_json(plan, freed_bytes)))
    else:
        console.result(f"Removed {shown}: {units.human_bytes(freed_bytes)} are free again.")
    return int(errors.ExitCode.OK)


def as_json(plan: Removal, freed_bytes: int) -> dict[str, Any]:
    """Describe what was removed as plain data."""
    return {
        "name": plan.name,
        "freed_bytes": freed_bytes,
        "removed": [str(each.path) for each in plan.files],
        "notes": list(plan.notes),
    }


def _explain(plan: Removal, console: Console) -> None:
    for note in plan.notes:
        console.note(note)


def _plan(text: str) -> Removal:
    if text == folder.GUIDE:
        raise errors.UsageError(
            "guide is part of localchat and stays.", "It takes hardly any room."
        )
    here = stored.scan()
    found = stored.find(text, here)
    unfinished = _partials(here, text)
    # The path alone tells an unfinished download from the model of the same name.
    names = [each.name for each in found] + [str(each.path) for each in unfinished]
    if len(names) > 1:
        raise errors.UsageError(
            f"{sanitize.line(text, 120)} may be {len(names)} things on this disk.",
            f"Name one of them: {sanitize.line(', '.join(names), 600)}",
        )
    if found:
        return _of_entry(found[0])
    if unfinished:
        return removal.plan_partial_removal(unfinished[0])
    raise errors.ModelNotFound(
        f"There is no {sanitize.line(text, 120)} on this disk.",
        "See what there is: localchat list",
    )


def _of_entry(entry: LocalEntry) -> Removal:
    """Plan to remove a model, and say so when it goes from several places at once."""
    plan = removal.plan_removal(entry)
    going = {doomed.path for doomed in plan.files}
    names = [copy.names[0] for copy in entry.copies if copy.path in going]
    if len(names) < 2:
        return plan
    note = f"The same file is here as {' and as '.join(names)}: all of these go."
    return dataclasses.replace(plan, notes=(note, *plan.notes))


def _partials(here: Library, text: str) -> list[Partial]:
    wanted = text.strip().lower()
    return [
        each
        for each in here.partials
        if wanted in (each.name.lower(), each.repo.lower(), each.path.name, str(each.path).lower())
    ]
