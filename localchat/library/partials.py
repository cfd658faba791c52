"""Downloads that did not finish: how far one came is read off its own first bytes.

A GGUF file says at its beginning how large it will be, whichever program fetches it.
"""

from localchat import errors
from localchat.library.entries import Partial, StoredFile
from localchat.library.places import Place
from localchat.models import gguf

_NOT_KNOWN_BYTES = 1 << 62


def of_file(place: Place, file: StoredFile, name: str = "", repo: str = "") -> Partial:
    """Describe an unfinished file that grows from its beginning."""
    return Partial(
        place=place,
        path=file.path,
        name=name,
        repo=repo,
        # A file that was laid out in advance has holes where nothing arrived yet.
        done_bytes=min(file.size_bytes, file.allocated_bytes or file.size_bytes),
        size_bytes=whole_bytes(file),
        allocated_bytes=file.allocated_bytes,
        changed_seconds=file.changed_nanoseconds / 1e9,
    )


def whole_bytes(file: StoredFile) -> int:
    """Read how large an unfinished file will be; 0 when it does not tell yet."""
    try:
        with file.real_path.open("rb", buffering=0) as source:
            header = gguf.parse(source, file.path.name, _NOT_KNOWN_BYTES)
    except (OSError, ValueError, errors.BadModel):
        return 0
    return header.file_bytes
