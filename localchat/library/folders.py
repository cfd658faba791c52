"""Models that lie in folders as plain files: our own folder, LM Studio's, Jan's, llama.cpp's.

Split models are one copy; parts that are missing are a problem of it.
"""

import re
from pathlib import Path

from localchat import sanitize
from localchat.library import disk, partials
from localchat.library.entries import Copy, Found, Partial, StoredFile
from localchat.library.places import Place, Program
from localchat.models import splits

_UNFINISHED = re.compile(
    r"^(?:downloading_)?(?P<name>.+?\.gguf)(?P<end>\.part|\.partial|\.downloadInProgress|\.tmp)$"
)


def scan(place: Place) -> Found:
    """List the models in a folder and the folders in it."""
    problems: list[str] = []
    files = list(disk.walk(place.folder, problems))
    models = [path for path in files if path.name.lower().endswith(".gguf")]
    stored: dict[Path, StoredFile] = {}
    for path in models:
        if file := disk.stored(path):
            stored[path] = file
        else:
            problems.append(_not_a_file(path))
    unfinished = [(path, match) for path in files if (match := _UNFINISHED.match(path.name))]
    return Found(
        copies=copies(place, stored),
        partials=tuple(
            partial for path, match in unfinished if (partial := _partial(place, path, match))
        ),
        problems=tuple(problems),
    )


def copies(place: Place, stored: dict[Path, StoredFile]) -> tuple[Copy, ...]:
    """Put the parts of split models together."""
    made = []
    for path, file in stored.items():
        part = splits.part_of(path)
        if part is None:
            made.append(Copy(place, (file,), (_name(place, path),)))
            continue
        here = [stored[each] for each in part.all_paths if each in stored]
        if here[0].path != path:
            continue
        missing = splits.missing_sentence(part)
        made.append(Copy(place, tuple(here), (_name(place, path),), problem=missing))
    return tuple(made)


def _name(place: Place, path: Path) -> str:
    """Name a model as its program does: LM Studio and Jan by its folders, others by its file."""
    if place.program is Program.JAN and path.name.lower() == "model.gguf":
        return path.parent.relative_to(place.folder).as_posix()
    part = splits.part_of(path)
    stem = part.stem if part else path.stem
    if place.program is Program.LM_STUDIO:
        return (path.parent.relative_to(place.folder) / stem).as_posix()
    return stem


def _partial(place: Place, path: Path, match: re.Match[str]) -> Partial | None:
    file = disk.stored(path)
    if file is None:
        return None
    named = path.with_name(match["name"])
    return partials.of_file(place, file, name=_name(place, named))


def _not_a_file(path: Path) -> str:
    shown = sanitize.line(str(path))
    if path.is_symlink():
        return f"{shown} is a link to a file that is gone or cannot be reached."
    return f"{shown} is not a file that can be opened."
