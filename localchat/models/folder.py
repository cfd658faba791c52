"""Which models are on this disk: the built-in one and the GGUF files in the models folder.

Reads headers only. Knows nothing of the engine, so whether it supports an architecture is open.
"""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localchat import errors, sanitize
from localchat.models import gguf, splits

GUIDE = "guide"
"""What the built-in model is called on the command line."""
_DEPTH = 3
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model file, as far as its header tells. Its texts are untrusted."""

    path: Path
    name: str
    """As its maker called it, or else the file's name."""
    size_bytes: int
    """Of all parts."""
    architecture: str = ""
    quant: str = ""
    parameters: int = 0
    trained_context_tokens: int = 0
    is_guide: bool = False
    problem: str = ""
    """Why it cannot be opened, in one sentence; empty when nothing is known against it."""


def describe(path: Path, is_guide: bool = False) -> LocalModel:
    """Tell what a file's header says; what is wrong with it is in `problem`."""
    try:
        header = gguf.check(path)
    except errors.LocalchatError as error:
        return LocalModel(path, path.stem, _size_bytes(path), problem=error.message)
    part = splits.part_of(path)
    return LocalModel(
        path=path,
        name=header.name or (part.stem if part else path.stem),
        size_bytes=_size_bytes(path),
        architecture=header.architecture,
        quant=header.quant,
        # The first part of a split model knows only its own tensors.
        parameters=0 if part and part.count > 1 else header.parameters,
        trained_context_tokens=header.trained_context_tokens,
        is_guide=is_guide,
    )


def find_models(folder: Path, guide: Path) -> tuple[LocalModel, ...]:
    """List the built-in model, then every GGUF in the models folder, sorted by file name.

    Looks three folders deep, follows links to files but not to folders, and lists a split model
    once, by its first part. A folder that is missing or unreadable holds nothing.
    """
    found = [path for path in _gguf_files(folder) if not _is_later_part(path)]
    found.sort(key=lambda path: (path.name.lower(), str(path)))
    return (describe(guide, is_guide=True), *(describe(path) for path in found))


def resolve(text: str, folder: Path, guide: Path) -> Path:
    """Find the file that a MODEL argument means: `guide`, a path, or a name in the models folder.

    Raises ModelNotFound, with names like it as the hint.
    """
    if text == GUIDE:
        return guide
    path = Path(text).expanduser()
    if _exists(path):
        return path
    files = [file for file in _gguf_files(folder) if not _is_later_part(file)]
    wanted = text.lower()
    for file in sorted(files):
        if wanted in (file.name.lower(), file.stem.lower(), _stem(file).lower()):
            return file
    what = "file" if wanted.endswith(".gguf") or "/" in text or os.sep in text else "model"
    shown = sanitize.line(text, 120)
    raise errors.ModelNotFound(f'There is no {what} "{shown}".', _hint(text, files, folder))


def _hint(text: str, files: list[Path], folder: Path) -> str:
    names = {_stem(file).lower(): _stem(file) for file in files} | {GUIDE: GUIDE}
    near = difflib.get_close_matches(text.lower(), names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(sanitize.line(names[name], 80) for name in near)}?"
    shown = sanitize.line(str(folder))
    return f"MODEL is guide, a path to a .gguf file, or the name of one in {shown}."


def _gguf_files(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Yield at most a thousand files, so that a link to a whole disk costs no minute."""
    count = 0
    # os.walk does not follow links to folders, so there are no loops.
    for root, folders, names in os.walk(folder):
        if len(Path(root).relative_to(folder).parts) >= depth:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if name.lower().endswith(".gguf") and not name.startswith("."):
                count += 1
                if count > _MOST_FILES:
                    return
                yield Path(root) / name


def _is_later_part(path: Path) -> bool:
    part = splits.part_of(path)
    return part is not None and any(each.is_file() for each in part.all_paths[: part.number - 1])


def _stem(path: Path) -> str:
    part = splits.part_of(path)
    return part.stem if part else path.stem


def _size_bytes(path: Path) -> int:
    part = splits.part_of(path)
    total = 0
    for each in part.all_paths if part else (path,):
        try:
            total += each.stat().st_size
        except OSError:
            continue
    return total


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
