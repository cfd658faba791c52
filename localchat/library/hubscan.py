"""The models in a Hugging Face cache, whichever program put them there.

The layout is huggingface_hub's: `models--user--name` with `blobs`, `snapshots/<commit>/<path>` and
`refs/<branch>`; a snapshot's files are links to blobs, or the files themselves where a system has
no links. Reads it only; `cache` writes.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from localchat import sanitize
from localchat.library import disk, labels, partials, parts
from localchat.library.cache import Cache
from localchat.library.entries import Copy, Found, Partial, StoredFile
from localchat.library.places import Place
from localchat.models import splits

PREFIX = "models--"
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
_UNFINISHED = re.compile(r"^(?P<etag>[0-9a-f]{40,64})(?:\.[0-9a-f]{8})?\.incomplete$")


def scan(place: Place) -> Found:
    """List the GGUF files of every repository in a cache."""
    problems: list[str] = []
    copies: list[Copy] = []
    unfinished: list[Partial] = []
    for folder in disk.children(place.folder, problems):
        repo = repo_of(folder.name)
        if repo and folder.is_dir():
            copies += _copies(place, folder, repo, problems)
            unfinished += _unfinished(place, folder, repo, problems)
    return Found(tuple(copies), tuple(unfinished), tuple(problems))


def repo_of(folder_name: str) -> str:
    """Read a repository's name off its folder's; empty when it is none.

    >>> repo_of("models--user--name"), repo_of("datasets--user--name")
    ('user/name', '')
    """
    if not folder_name.startswith(PREFIX):
        return ""
    return folder_name.removeprefix(PREFIX).replace("--", "/", 1)


def references(folder: Path, problems: list[str]) -> Mapping[str, tuple[str, ...]]:
    """Read which branches and tags of a repository lead to which commit, "main" first."""
    found: dict[str, list[str]] = defaultdict(list)
    refs = folder / "refs"
    for path in disk.walk(refs, problems):
        commit = disk.read_small(path, 200).decode("ascii", errors="replace").strip()
        if _COMMIT.match(commit):
            found[commit].append(path.relative_to(refs).as_posix())
    return {
        commit: tuple(sorted(names, key=lambda name: (name != "main", name)))
        for commit, names in found.items()
    }


def _copies(place: Place, folder: Path, repo: str, problems: list[str]) -> list[Copy]:
    revisions = references(folder, problems)
    snapshots = [path for path in disk.children(folder / "snapshots", problems) if path.is_dir()]
    # What a branch leads to comes first, then the newest: its name needs no commit.
    snapshots.sort(key=lambda path: (path.name not in revisions, -_changed(path), path.name))
    made: dict[tuple[str, object], Copy] = {}
    named: set[str] = set()
    for snapshot in snapshots:
        stored = _models(snapshot, problems)
        for copy in _of_snapshot(place, snapshot, stored, repo, revisions, named):
            key = (copy.path_in_repo, tuple(file.identity for file in copy.files))
            made[key] = _merged(made[key], copy) if key in made else copy
        named |= {copy.names[0] for copy in made.values()}
    return list(made.values())


def _of_snapshot(
    place: Place,
    snapshot: Path,
    stored: Mapping[Path, StoredFile],
    repo: str,
    revisions: Mapping[str, tuple[str, ...]],
    named: set[str],
) -> list[Copy]:
    made = []
    for path, file in stored.items():
        part = splits.part_of(path)
        files: tuple[StoredFile, ...] = (file,)
        if part:
            files = tuple(stored[each] for each in part.all_paths if each in stored)
            if files[0].path != path:
                continue
        in_repo = path.relative_to(snapshot).as_posix()
        name = _name(repo, in_repo)
        if name in named:
            name = f"{name}@{snapshot.name[:7]}"
        made.append(
            Copy(
                place=place,
                files=files,
                names=(name,),
                repo=repo,
                commit=snapshot.name,
                path_in_repo=in_repo,
                revisions=revisions.get(snapshot.name, ()),
                pointers=tuple(each.path for each in files),
                problem=splits.missing_sentence(part) if part else "",
            )
        )
    return _told_apart(made)


def _told_apart(copies: list[Copy]) -> list[Copy]:
    """Where one repository has two files of a quantization, name them by their files."""
    names = [copy.names[0] for copy in copies]
    return [
        copy
        if names.count(copy.names[0]) == 1
        else replace(copy, names=(f"{copy.repo}:{copy.path_in_repo}",))
        for copy in copies
    ]


def _merged(known: Copy, other: Copy) -> Copy:
    """The same file in another commit: one copy, with every name that the cache has for it."""
    return replace(
        known,
        pointers=(*known.pointers, *other.pointers),
        revisions=tuple(dict.fromkeys((*known.revisions, *other.revisions))),
    )


def _models(snapshot: Path, problems: list[str]) -> dict[Path, StoredFile]:
    stored = {}
    for path in disk.walk(snapshot, problems):
        if not path.name.lower().endswith(".gguf"):
            continue
        if file := disk.stored(path):
            stored[path] = file
        else:
            shown = sanitize.line(str(path))
            problems.append(f"{shown} is in the cache by its name only: its content is gone.")
    return stored


def _name(repo: str, in_repo: str) -> str:
    label, quant = labels.label(in_repo)
    return f"{repo}:{label if quant else in_repo}"


def _unfinished(place: Place, folder: Path, repo: str, problems: list[str]) -> list[Partial]:
    """Our own downloads, which can go on, and what huggingface_hub left, which begins anew."""
    found = []
    for path in disk.children(folder / "blobs", problems):
        if path.name.endswith((parts.PART, parts.QUARANTINE)) and (file := disk.stored(path)):
            found.append(_own(place, file, repo))
        elif _UNFINISHED.match(path.name) and (file := disk.stored(path)):
            found.append(partials.of_file(place, file, name=repo, repo=repo))
    return found


def _own(place: Place, stored: StoredFile, repo: str) -> Partial:
    partial = partials.of_file(place, stored, name=repo, repo=repo)
    blob = stored.path.with_name(stored.path.name.partition(".")[0])
    note = parts.note_path(blob)
    known = parts.read(Cache(place.folder), blob) if stored.path == parts.part_path(blob) else None
    if known is None:
        return replace(partial, extras=(note,))
    return replace(
        partial,
        extras=(note,),
        name=_name(repo, known.file.path),
        done_bytes=known.done_bytes,
        size_bytes=known.file.size_bytes,
        file=known.file,
    )


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
