"""What planning needs to know of a file on this disk: its header, or all headers of a split one."""

import functools
from pathlib import Path

from localchat import errors
from localchat.fit import candidates
from localchat.fit.candidate import Candidate
from localchat.models import gguf, splits
from localchat.models.folder import LocalModel

_MOST_KEPT = 500


def read(model: LocalModel) -> Candidate | None:
    """Read a file's headers; None where they say too little to plan with.

    A file that is as it was is not read a second time.
    """
    if model.problem:
        return None
    part = splits.part_of(model.path)
    paths = part.all_paths if part and part.number == 1 else (model.path,)
    try:
        states = [path.stat() for path in paths]
    except OSError:
        return None
    changed = tuple((each.st_size, each.st_mtime_ns) for each in states)
    return _read(paths, changed, model.size_bytes, model.name)


@functools.lru_cache(_MOST_KEPT)
def _read(
    paths: tuple[Path, ...], changed: tuple[tuple[int, int], ...], size_bytes: int, name: str
) -> Candidate | None:
    del changed
    try:
        first, *later = [
            gguf.check(path) if path == paths[0] else gguf.read_header(path) for path in paths
        ]
        return candidates.from_header(
            first, size_bytes, *later, model=str(paths[0]), path=paths[0], title=name
        )
    except errors.LocalchatError:
        return None
