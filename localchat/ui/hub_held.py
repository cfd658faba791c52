"""Whether a file of this disk, whose hash nobody knows, is what is about to be downloaded."""

from collections.abc import Callable
from pathlib import Path

from localchat import sanitize
from localchat.library import held
from localchat.library.entries import Copy, Library
from localchat.library.values import RemoteQuant

OnProgress = Callable[[str, float], None]
"""Gets the name of what is compared with, and how much of it was read."""


def find(
    library: Library, quant: RemoteQuant, on_progress: OnProgress, is_stopped: Callable[[], bool]
) -> Path | None:
    """Hash what has the right size, and give what is the very same. Call it in a thread."""
    for entry in held.perhaps(library, quant):
        for copy in entry.copies:
            if _is_same(copy, quant, on_progress, is_stopped):
                return copy.path
    return None


def _is_same(
    copy: Copy, quant: RemoteQuant, on_progress: OnProgress, is_stopped: Callable[[], bool]
) -> bool:
    if [file.size_bytes for file in copy.files] != [file.size_bytes for file in quant.files]:
        return False
    name = sanitize.line(copy.names[0], 80)
    try:
        for done_bytes in held.compare(copy, quant):
            if done_bytes < 0 or is_stopped():
                return False
            on_progress(name, done_bytes / quant.size_bytes)
    except OSError:
        return False
    return True
