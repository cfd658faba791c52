"""Whether this disk has what is about to be downloaded, wherever it lies."""

from localchat import sanitize
from localchat.cli import stored
from localchat.cli.console import Console
from localchat.library import held
from localchat.library.entries import Copy, LocalEntry
from localchat.library.values import RemoteQuant


def find(quant: RemoteQuant, console: Console) -> LocalEntry | None:
    """Find a model on this disk that is this very one.

    Files of the same size whose hash nobody knows are hashed, which takes a while.
    """
    here = stored.scan()
    if entry := held.held(here, quant):
        return entry
    for entry in held.perhaps(here, quant):
        if any(_is_same(copy, quant, console) for copy in entry.copies):
            return entry
    return None


def _is_same(copy: Copy, quant: RemoteQuant, console: Console) -> bool:
    if [file.size_bytes for file in copy.files] != [file.size_bytes for file in quant.files]:
        return False
    shown = sanitize.line(copy.names[0], 50)
    try:
        for done_bytes in held.compare(copy, quant):
            if done_bytes < 0:
                return False
            console.status(f"Comparing with {shown} {done_bytes / quant.size_bytes:.0%}")
    except OSError:
        return False
    finally:
        console.end()
    return True
