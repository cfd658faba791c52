"""Removing from the models screen: what goes, what that frees, and what else uses it."""

from pathlib import Path

from localchat import sanitize, units
from localchat.library import removal
from localchat.library.removal import Removal
from localchat.ui.shelf import Entry


def plan(entry: Entry, loaded: Path | None) -> Removal | None:
    """Say what removing a line of the list would do; None where there is nothing on the disk.

    Looks at the disk: call it in a thread.
    """
    if entry.partial is not None:
        return removal.plan_partial_removal(entry.partial)
    if entry.local is not None and entry.local.is_guide:
        why = "It is part of localchat and stays."
        return Removal(entry.title, refused=why, hint="It takes hardly any room.")
    if entry.held is None:
        return None
    pinned = frozenset({loaded}) if loaded else frozenset[Path]()
    found = removal.plan_removal(entry.held, pinned=pinned)
    if found.refused and loaded in {file.path for copy in entry.held.copies for file in copy.files}:
        hint = "Load another model, and then remove this one."
        return Removal(entry.title, refused=found.refused, hint=hint)
    return found


def question(planned: Removal) -> tuple[str, str, str]:
    """Ask whether it shall go: the question, what else is to know, and the word for yes."""
    frees = units.human_bytes(planned.frees_bytes)
    name = sanitize.line(planned.name, 120)
    notes = [sanitize.line(note, 300) for note in planned.notes]
    size = f"{frees} will be free again." if planned.frees_bytes else "This frees no room."
    return f"Remove {name}?", " ".join([size, *notes]), f"remove it, {frees}"
