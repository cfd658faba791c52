"""`localchat import`: GGUF files into the models folder, the originals untouched."""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from localchat import errors, paths, sanitize, units
from localchat.cli.console import Console
from localchat.models import folder, gguf, splits

_CHUNK_BYTES = 8 * units.MIB
_RESERVE_BYTES = 256 * units.MIB

How = Literal["linked", "copied", "already here"]


@dataclass(frozen=True, slots=True)
class Imported:
    """One model that is in the models folder now."""

    source: Path
    path: Path
    size_bytes: int
    how: How


def run(given: argparse.Namespace) -> int:
    """Import files and folders of them, and return the exit code.

    Every header is looked at before anything is done. Raises ModelNotFound, BadModel, UsageError
    for a name that is taken, DiskFull, and LocalchatError when the folder cannot be written.
    """
    console = Console(sys.stdout, sys.stderr)
    sources = [model for text in given.sources for model in _models(Path(text).expanduser())]
    into = paths.paths().models
    for source in sources:
        gguf.check(source)
        _check_names(source, into)
    done = [_import(source, into, console) for source in sources]
    if given.json:
        console.result(json.dumps([as_json(each) for each in done], indent=2))
    else:
        for each in done:
            console.result(_sentence(each))
    return int(errors.ExitCode.OK)


def as_json(imported: Imported) -> dict[str, Any]:
    """Describe what was done as plain data."""
    return {
        "source": str(imported.source),
        "path": str(imported.path),
        "bytes": imported.size_bytes,
        "how": imported.how,
    }


def _models(source: Path) -> Iterator[Path]:
    """Yield the first files of the models that are meant."""
    shown = sanitize.line(str(source), 200)
    if source.is_dir():
        found = [
            path
            for path in sorted(source.rglob("*"))
            if path.suffix.lower() == ".gguf" and path.is_file() and _is_first(path)
        ]
        if not found:
            raise errors.ModelNotFound(
                f"There is no .gguf file in {shown}.", "Name another folder."
            )
        yield from found
        return
    if not source.is_file():
        raise errors.ModelNotFound(f"There is no file {shown}.", "Give the path of a .gguf file.")
    part = splits.part_of(source)
    yield part.first if part else source


def _is_first(path: Path) -> bool:
    part = splits.part_of(path)
    return part is None or part.number == 1


def _files(source: Path) -> tuple[Path, ...]:
    part = splits.part_of(source)
    return part.all_paths if part else (source,)


def _check_names(source: Path, into: Path) -> None:
    """Raise UsageError when another file has a name that is needed."""
    for file in _files(source):
        target = into / file.name
        if target.exists() and not target.samefile(file):
            shown = sanitize.line(file.name, 120)
            raise errors.UsageError(
                f"There is another {shown} in the models folder.",
                "Rename one of them, or remove that one: localchat rm "
                f"{sanitize.line(target.stem, 120)}",
            )


def _import(source: Path, into: Path, console: Console) -> Imported:
    files = _files(source)
    size_bytes = sum(file.stat().st_size for file in files)
    if source.resolve().is_relative_to(into.resolve()):
        return Imported(source, source, size_bytes, "already here")
    # Of two sources with one name, the first has it by now.
    _check_names(source, into)
    try:
        paths.private_folder(into)
        ways = [_bring(file, into / file.name, console) for file in files]
    except OSError as error:
        why = sanitize.line(error.strerror or type(error).__name__)
        raise errors.LocalchatError(
            f"{sanitize.line(source.name, 120)} cannot be put into {sanitize.line(str(into))}: "
            f"{why}.",
            "Check who may write there, and how much room there is.",
        ) from error
    finally:
        console.end()
    how: How = "copied" if "copied" in ways else "linked" if "linked" in ways else "already here"
    return Imported(source, into / files[0].name, size_bytes, how)


def _bring(file: Path, target: Path, console: Console) -> How:
    if target.exists():
        return "already here"
    original = file.resolve()
    try:
        os.link(original, target)
    except OSError:
        # Another disk, or a system without such links.
        _copy(original, target, console)
        return "copied"
    return "linked"


def _copy(original: Path, target: Path, console: Console) -> None:
    """Copy a file so that its name stands for all of it or is not there. Raises DiskFull."""
    size_bytes = original.stat().st_size
    lacking_bytes = size_bytes + _RESERVE_BYTES - shutil.disk_usage(target.parent).free
    if lacking_bytes > 0:
        raise errors.DiskFull(
            f"A copy of {sanitize.line(original.name, 120)} needs "
            f"{units.human_bytes(lacking_bytes)} more room.",
            "Free some space, with localchat rm for example.",
            missing_bytes=lacking_bytes,
        )
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with original.open("rb") as source, part.open("wb") as copy:
            done_bytes = 0
            while piece := source.read(_CHUNK_BYTES):
                copy.write(piece)
                done_bytes += len(piece)
                console.status(f"Copying {done_bytes / size_bytes:.0%}")
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _sentence(imported: Imported) -> str:
    name = sanitize.line(folder.describe(imported.path).name, 80)
    size = units.human_bytes(imported.size_bytes)
    path = sanitize.line(str(imported.path))
    if imported.how == "already here":
        return f"{name} is in the models folder already: {path}"
    if imported.how == "linked":
        return (
            f"{name} ({size}) has a second name in the models folder, which takes no room: {path}"
        )
    return f"{name} ({size}) was copied into the models folder: {path}"
