"""Removing a model: what that frees, what else uses it, and then doing it.

Only files that localchat or the Hub's library put there are removed, never other programs' own.
A plan says everything beforehand; `remove` refuses when the disk is no longer as planned.
"""

import functools
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localchat import errors, sanitize
from localchat.library import doomed, hubscan, locks
from localchat.library.cache import Cache
from localchat.library.doomed import Doomed
from localchat.library.entries import Copy, LocalEntry, Partial
from localchat.library.places import Place, Program

_OWN_COMMANDS = {
    Program.OLLAMA: "Remove it there: ollama rm {name}",
    Program.LM_STUDIO: "Remove it there: My Models in LM Studio, or lms.",
    Program.JAN: "Remove it there: Settings, Model providers, Llama.cpp in Jan.",
    Program.FOLDER: "It lies in a folder that you named: delete the file yourself.",
}


@dataclass(frozen=True, slots=True)
class Removal:
    """What removing would do."""

    name: str
    files: tuple[Doomed, ...] = ()
    folders: tuple[Path, ...] = ()
    """Removed where they are empty afterwards, the deepest first."""
    frees_bytes: int = 0
    notes: tuple[str, ...] = ()
    """What else uses it, and what stays, one sentence each."""
    refused: str = ""
    """Why nothing of it can be removed; empty when it can."""
    hint: str = ""
    """Where it is refused, what to do."""
    lock: Path | None = None
    """Held while it is removed: whoever downloads holds it too."""


def plan_removal(entry: LocalEntry, *, pinned: frozenset[Path] = frozenset()) -> Removal:
    """Say what removing every copy of a model that may be removed would do.

    `pinned` are files in use, such as the model that is loaded. Changes nothing.
    """
    removable = [copy for copy in entry.copies if copy.place.program not in _OWN_COMMANDS]
    kept = [copy for copy in entry.copies if copy.place.program in _OWN_COMMANDS]
    if any(file.path in pinned for copy in removable for file in copy.files):
        return Removal(entry.name, refused="It is loaded right now.", hint="Unload it first.")
    if not removable:
        command = _OWN_COMMANDS[kept[0].place.program].format(name=kept[0].names[0])
        return Removal(entry.name, refused=f"{_owner(kept[0])} keeps this model.", hint=command)
    files, folders, notes = [], [], []
    for copy in removable:
        going, emptied, said = _of_copy(copy)
        files += going
        folders += emptied
        notes += said
    notes += [f"The copy that {_owner(copy)} keeps stays." for copy in kept]
    once = tuple({each.path: each for each in files}.values())
    freed, stays = doomed.freed_bytes(once)
    return Removal(
        name=entry.name,
        files=once,
        folders=tuple(sorted(set(folders), key=lambda path: -len(path.parts))),
        frees_bytes=freed,
        notes=tuple(dict.fromkeys((*notes, *stays))),
    )


def plan_partial_removal(partial: Partial) -> Removal:
    """Say what removing a download that did not finish would do. Changes nothing."""
    name = partial.name or partial.path.name
    if partial.place.program in _OWN_COMMANDS:
        owner = partial.place.program.value
        hint = f"Let {owner} finish or remove it."
        return Removal(name, refused=f"{owner} keeps this download.", hint=hint)
    files = tuple(doomed.every((partial.path, *partial.extras)))
    lock = Cache(partial.place.folder).lock(partial.file) if partial.file else None
    return Removal(name, files, frees_bytes=doomed.freed_bytes(files)[0], lock=lock)


def remove(plan: Removal) -> int:
    """Do what a plan says and give back how many bytes were freed.

    Raises UsageError when the plan was refused, and LocalchatError when a file is no longer what
    it was, is being downloaded, or the system refuses; files before it are gone then.
    """
    if plan.refused:
        raise errors.UsageError(f"{sanitize.line(plan.name)}: {plan.refused}", plan.hint)
    if plan.lock is None or not plan.lock.parent.is_dir():
        return _removed(plan)
    with locks.held(plan.lock, functools.partial(_in_use, plan)):
        return _removed(plan)


def _in_use(plan: Removal) -> None:
    raise errors.LocalchatError(
        f"{sanitize.line(plan.name)} is being downloaded right now.", "Stop the download first."
    )


def _removed(plan: Removal) -> int:
    for each in plan.files:
        now = doomed.one(each.path)
        if now is not None and now != each:
            raise errors.LocalchatError(
                f"{sanitize.line(str(each.path))} has changed since it was looked at.",
                "Look at the list again, and then remove it.",
            )
    for each in plan.files:
        try:
            each.path.unlink(missing_ok=True)
        except OSError as error:
            why = sanitize.line(error.strerror or "the system refuses")
            raise errors.LocalchatError(
                f"{sanitize.line(str(each.path))} cannot be removed: {why}.",
                "Close the programs that use it, or see whose file it is.",
            ) from error
    for folder in plan.folders:
        try:
            folder.rmdir()
        except OSError:
            continue
    return plan.frees_bytes


def _of_copy(copy: Copy) -> tuple[list[Doomed], list[Path], list[str]]:
    if copy.repo and copy.pointers:
        return _of_hub_cache(copy)
    paths = [file.path for file in copy.files]
    notes = []
    for file in copy.files:
        if file.real_path != file.path:
            notes.append(
                f"Only the link goes: its file {sanitize.line(str(file.real_path))} stays."
            )
    if copy.place.program is Program.LLAMA_CPP:
        notes.append("llama.cpp downloaded it and would have to do so again.")
        paths += [extra for path in paths for extra in _llama_cpp_extras(path)]
    return doomed.every(paths), _parents(paths, copy.place), notes


def _of_hub_cache(copy: Copy) -> tuple[list[Doomed], list[Path], list[str]]:
    """Every name that the cache has for the files, and their blobs where nothing else uses them."""
    repo = copy.place.folder / (hubscan.PREFIX + copy.repo.replace("/", "--"))
    gone = set(copy.pointers)
    commits = {path.relative_to(repo).parts[1] for path in gone}
    users = _users(repo)
    notes = ["llama.cpp, transformers and others that use this cache lose it too."]
    if len(commits) > 1:
        notes.append(f"{len(commits)} commits of the repository have this same file: all lose it.")
    if named := [name for name in copy.revisions if name != "main"]:
        notes.append(f"It belongs to {sanitize.line(', '.join(named), 120)}.")
    blobs: list[Path] = []
    for file in copy.files:
        if others := users[file.real_path] - gone:
            notes.append(f"{_count(len(others))} of the repository has the same content: it stays.")
        elif file.real_path.parent == Path(os.path.realpath(repo / "blobs")):
            blobs.append(file.real_path)
        elif file.real_path != file.path:
            notes.append("Its content stays in a store that repositories share: `hf cache prune`.")
            blobs += _links_to(repo / "blobs", file.real_path)
    left = {path.relative_to(repo).parts[1] for paths in users.values() for path in paths - gone}
    refs = _references(repo, commits - left)
    folders = [*_parents((*gone, *refs), copy.place), repo / "blobs"]
    # Blobs first: what cannot be removed then keeps its names.
    return doomed.every([*blobs, *copy.pointers, *refs]), folders, notes


def _references(repo: Path, commits: set[str]) -> list[Path]:
    """The branches and tags that lead to commits which have no file left."""
    problems: list[str] = []
    named = hubscan.references(repo, problems)
    return [repo / "refs" / name for commit in commits for name in named.get(commit, ())]


def _users(repo: Path) -> dict[Path, set[Path]]:
    """Which names in the snapshots lead to which blob."""
    users: dict[Path, set[Path]] = defaultdict(set)
    for root, _, names in os.walk(repo / "snapshots"):
        for name in names:
            path = Path(root) / name
            users[Path(os.path.realpath(path))].add(path)
    return users


def _links_to(blobs: Path, content: Path) -> list[Path]:
    return [path for path in _children(blobs) if Path(os.path.realpath(path)) == content]


def _llama_cpp_extras(path: Path) -> Iterable[Path]:
    """What llama.cpp writes beside a download."""
    return (path.with_name(f"{path.name}.etag"), path.with_name(f"{path.name}.json"))


def _parents(paths: Iterable[Path], place: Place) -> list[Path]:
    """The folders above files, up to the place itself, which stays."""
    return [parent for path in paths for parent in path.parents if _is_below(parent, place.folder)]


def _children(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder.iterdir())
    except OSError:
        return ()


def _is_below(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)


def _owner(copy: Copy) -> str:
    if copy.place.program is Program.FOLDER:
        return f"Your folder {sanitize.line(str(copy.place.folder))}"
    return copy.place.program.value


def _count(number: int) -> str:
    return "Another file" if number == 1 else f"{number} other files"
