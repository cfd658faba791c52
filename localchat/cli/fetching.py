"""A download with its progress on a terminal, and a Ctrl-C that keeps what came."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from localchat import errors, units
from localchat.cli.console import Console
from localchat.hub import download
from localchat.hub.access import Access
from localchat.hub.control import Control
from localchat.library import cache
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, Phase, RemoteFile

_BAR_CELLS = 16
_WAKE_SECONDS = 0.2


def here() -> Cache:
    """Find the cache that models are downloaded to."""
    return cache.here(os.environ, Path.home())


def fetch(
    files: Sequence[RemoteFile], name: str, asking: Access, console: Console
) -> tuple[Path, ...]:
    """Bring files into the cache and give where they are; `name` is what to call them.

    Raises Cancelled after Ctrl-C, which says how to go on, and else as hub.download.fetch does.
    """
    control = Control()

    def show(progress: DownloadProgress) -> None:
        console.status(line(progress))

    def work() -> tuple[Path, ...]:
        return download.fetch(files, here(), asking, show, control)

    try:
        with _on_interrupt(control):
            return _in_thread(work)
    except errors.Cancelled as stopped:
        raise errors.Cancelled(
            stopped.message, f"What came is kept; go on with: localchat pull {name}"
        ) from None
    finally:
        console.end()


def line(progress: DownloadProgress) -> str:
    """Say in at most 78 columns how a download goes."""
    if progress.note:
        return f"{progress.fraction:4.0%}  {progress.note}"
    if progress.phase is not Phase.DOWNLOADING:
        text = progress.phase.value
        return f"{progress.fraction:4.0%}  {text[:1].upper()}{text[1:]}"
    filled = round(progress.fraction * _BAR_CELLS)
    parts = [
        "#" * filled + "-" * (_BAR_CELLS - filled),
        f"{progress.fraction:4.0%}",
        f"{units.human_bytes(progress.done_bytes)} of {units.human_bytes(progress.size_bytes)}",
    ]
    if progress.bytes_per_second:
        parts.append(f"{units.human_bytes(progress.bytes_per_second)}/s")
    if progress.seconds_left is not None:
        parts.append(f"{units.human_seconds(max(progress.seconds_left, 1))} left")
    return "  ".join(parts)


def _in_thread(work: Callable[[], tuple[Path, ...]]) -> tuple[Path, ...]:
    """Work in another thread, so that Ctrl-C never meets a lock that this thread holds."""
    found: list[tuple[Path, ...]] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except errors.LocalchatError as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="download", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_WAKE_SECONDS)
    if failed:
        raise failed[0]
    if not found:
        raise errors.LocalchatError("The download ended by a fault of localchat.", "Try again.")
    return found[0]


@contextmanager
def _on_interrupt(control: Control) -> Iterator[None]:
    """Let the first Ctrl-C pause the download, and the second end the program at once."""

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, previous)
        control.pause()

    previous = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
