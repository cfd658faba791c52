"""Files that are to go: what they are when that is planned, and what of the disk comes free.

Removes nothing itself.
"""

import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localchat import units

_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Doomed:
    """One file that goes, as it was when the plan was made."""

    path: Path
    is_link: bool
    device: int
    inode: int
    size_bytes: int


def freed_bytes(files: tuple[Doomed, ...]) -> tuple[int, list[str]]:
    """Tell what comes free, and what does not: content that keeps another name on this disk."""
    names: dict[tuple[int, int] | Path, list[Doomed]] = defaultdict(list)
    for doomed in files:
        if not doomed.is_link:
            key = (doomed.device, doomed.inode) if doomed.inode else doomed.path
            names[key].append(doomed)
    freed, notes = 0, []
    for doomed_names in names.values():
        try:
            status = doomed_names[0].path.lstat()
        except OSError:
            continue
        if status.st_nlink > len(doomed_names):
            left = units.human_bytes(status.st_size)
            notes.append(f"{left} stay on the disk: another folder has a hard link to them.")
            continue
        blocks: int | None = getattr(status, "st_blocks", None)
        freed += status.st_size if blocks is None else blocks * _BLOCK_BYTES
    return freed, notes


def every(paths: Iterable[Path]) -> list[Doomed]:
    """Look at every file that is there."""
    return [each for path in paths if (each := one(path))]


def one(path: Path) -> Doomed | None:
    """Look at a file or link; None when there is neither."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    is_link = stat.S_ISLNK(status.st_mode)
    if not is_link and not stat.S_ISREG(status.st_mode):
        return None
    return Doomed(path, is_link, status.st_dev, status.st_ino, status.st_size)
