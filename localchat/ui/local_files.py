"""What planning needs to know of a file on this disk: its header, or all headers of a split one."""

from localchat import errors
from localchat.fit import candidates
from localchat.fit.candidate import Candidate
from localchat.models import gguf, splits
from localchat.models.folder import LocalModel


def read(model: LocalModel) -> Candidate | None:
    """Read a file's headers; None where they say too little to plan with."""
    if model.problem:
        return None
    part = splits.part_of(model.path)
    paths = part.all_paths if part and part.number == 1 else (model.path,)
    try:
        first, *later = [
            gguf.check(path) if path == paths[0] else gguf.read_header(path) for path in paths
        ]
        return candidates.from_header(
            first,
            model.size_bytes,
            *later,
            model=str(model.path),
            path=model.path,
            title=model.name,
        )
    except errors.LocalchatError:
        return None
