"""A file of the Hub to its place in the cache: resumed, verified, and only then visible.

The order of things keeps every promise: the part grows under a lock, its hash is compared, it is
written through to the disk, and a rename makes it visible. Killed at any moment, the next run goes
on from the bytes that are there.
"""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from localchat import errors, sanitize, units
from localchat.hub import xet
from localchat.hub.access import Access
from localchat.hub.control import Control, Stopped
from localchat.hub.manners import Manners
from localchat.hub.meter import Meter, OnProgress, Ticker
from localchat.hub.receiving import Receiver, Tools
from localchat.hub.throttle import Throttle
from localchat.hub.transport import Transport
from localchat.library import cache as caches
from localchat.library import locks, names, parts
from localchat.library.cache import Cache
from localchat.library.parts import Part
from localchat.library.values import DownloadProgress, Phase, RemoteFile

_LOCK_SECONDS = 0.2
_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_TRIES: Final = 2


def _ignore(_: DownloadProgress) -> None:
    """Nobody watches."""


def fetch(
    files: Sequence[RemoteFile],
    cache: Cache,
    who: Access,
    on_progress: OnProgress = _ignore,
    control: Control | None = None,
    manners: Manners | None = None,
    throttle: Throttle | None = None,
) -> tuple[Path, ...]:
    """Bring files into the cache, such as the parts of one model, and return where they are.

    `on_progress` is called several times a second from a thread of its own, and once at the end.
    Whatever ends it, the bytes that came are kept for the next time.
    Raises Offline, HubRefused, HubNotFound, RateLimited, NetworkError, DownloadFailed, DiskFull,
    Cancelled when `control` stops it, and LocalchatError when the cache cannot be written.
    """
    rules = manners or Manners()
    meter = Meter(sum(file.size_bytes for file in files))
    tools = Tools(meter, control or Control(), rules, throttle or Throttle())
    with Ticker(meter, on_progress, rules.tick_seconds), _ending(meter, cache):
        _check(files, cache, rules)
        return tuple(_fetch(file, cache, who, tools) for file in files)


def missing_bytes(files: Sequence[RemoteFile], cache: Cache) -> int:
    """Count the bytes that would have to come. Raises DownloadFailed for unsafe names."""
    return sum(_missing_bytes(file, cache) for file in files)


def discard(files: Sequence[RemoteFile], cache: Cache) -> None:
    """Remove what came of downloads that did not finish, unless somebody goes on with them."""
    for file in files:
        with contextlib.suppress(OSError, errors.DownloadFailed, _Busy):
            if cache.lock(file).parent.is_dir():
                with locks.held(cache.lock(file), _give_up):
                    parts.discard(cache, file)


class _Busy(Exception):
    """Another thread or program holds the lock."""


def _give_up() -> None:
    raise _Busy


@contextlib.contextmanager
def _ending(meter: Meter, cache: Cache) -> Iterator[None]:
    """Say in the meter how it ended, and turn what the system raises into errors of ours."""
    try:
        yield
        meter.enter(Phase.DONE)
    except Stopped as stopped:
        is_pause = stopped.wish == "pause"
        meter.enter(Phase.PAUSED if is_pause else Phase.CANCELLED)
        raise errors.Cancelled(
            f"The download was {'paused' if is_pause else 'stopped'}.",
            "What came is kept: the next download of it goes on from there.",
        ) from None
    except OSError as error:
        told = _of_disk(error, cache)
        meter.enter(Phase.FAILED, told.message)
        raise told from error
    except errors.LocalchatError as error:
        meter.enter(Phase.FAILED, error.message)
        raise


def _check(files: Sequence[RemoteFile], cache: Cache, manners: Manners) -> None:
    """Raise DownloadFailed for what cannot be asked for, DiskFull when there is no room for it."""
    for file in files:
        cache.pointer(file)
        names.revision(file.revision)
        parts.expected_hash(file)
    needed_bytes = missing_bytes(files, cache)
    room_bytes = parts.room_bytes(cache) - manners.reserve_bytes
    if needed_bytes > room_bytes and needed_bytes:
        lacking_bytes = needed_bytes - room_bytes
        raise errors.DiskFull(
            f"The download needs {units.human_bytes(needed_bytes)} more on the disk of"
            f" {sanitize.line(str(cache.folder))}, and {units.human_bytes(lacking_bytes)} of room"
            " are missing.",
            "Free some space, with localchat rm for example; what came so far is kept.",
            missing_bytes=lacking_bytes,
        )


def _missing_bytes(file: RemoteFile, cache: Cache) -> int:
    if caches.find(cache, file) is not None or cache.blob(file).exists():
        return 0
    try:
        here_bytes = parts.part_path(cache.blob(file)).stat().st_size
    except OSError:
        here_bytes = 0
    return max(file.size_bytes - here_bytes, 0)


def _fetch(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> Path:
    tools.meter.begin_file(file.name)
    found = caches.find(cache, file)
    if found is not None:
        caches.note_revision(cache, file)
    else:
        tools.control.check()
        if file.size_bytes > tools.manners.http_limit_bytes:
            found = xet.fetch(file, cache, who, tools)
        else:
            found = _fetch_locked(file, cache, who, tools)
    tools.meter.end_file(file.size_bytes)
    return found


def _fetch_locked(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> Path:
    def wait() -> None:
        tools.meter.enter(Phase.WAITING_FOR_OTHER)
        tools.control.wait(_LOCK_SECONDS)

    caches.prepare(cache, file)
    with locks.held(cache.lock(file), wait):
        found = caches.find(cache, file) or _attached(file, cache, tools)
        if found is None:
            _receive(file, cache, who, tools)
            tools.meter.enter(Phase.FINISHING)
            found = caches.publish(cache, file, parts.part_path(cache.blob(file)))
        parts.sweep(cache, file)
        return found


def _attached(file: RemoteFile, cache: Cache, tools: Tools) -> Path | None:
    """Use the content if another name brought it into the cache, once its hash is right."""
    blob = cache.blob(file)
    if not blob.is_file():
        return None
    tools.meter.enter(Phase.CHECKING)
    for done_bytes in parts.verify(blob, file):
        tools.meter.at(done_bytes)
        tools.control.check()
    return caches.attach(cache, file) if blob.is_file() else None


def _receive(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> None:
    """Bring a file's part to its right content; wrong content is fetched anew, once."""
    expected = parts.expected_hash(file)
    for _ in range(_TRIES):
        actual = _fill_part(file, cache, who, tools)
        if actual == expected:
            return
        tools.meter.at(0)
        tools.meter.enter(Phase.RETRYING, "What came is damaged, and is fetched once more.")
    parts.sweep(cache, file)
    raise errors.DownloadFailed(
        f"What came for {sanitize.line(file.name, 80)} is damaged: its checksum is {actual},"
        f" not {expected}.",
        "It was fetched twice and nothing of it is kept; try again later, or another mirror.",
        expected_sha256=expected,
        actual_sha256=actual,
    )


def _fill_part(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> str:
    """Receive what is missing and return the hash of all; wrong content is put aside."""
    with Part(cache, file) as part:
        _recheck(part, tools)
        if part.done_bytes < file.size_bytes:
            who.check_online(f"the download of {sanitize.line(file.name, 80)}")
            part.note(part.validator)
            with Transport(who, tools.manners, tools.control) as transport:
                Receiver(file, part, transport, tools).run()
        tools.meter.enter(Phase.FINISHING)
        actual = part.hexdigest()
        if actual == parts.expected_hash(file):
            part.sync()
        else:
            part.quarantine()
    return actual


def _recheck(part: Part, tools: Tools) -> None:
    tools.meter.enter(Phase.CHECKING)
    for done_bytes in part.rehash():
        tools.meter.at(done_bytes)
        tools.control.check()


def _of_disk(error: OSError, cache: Cache) -> errors.LocalchatError:
    folder = sanitize.line(str(cache.folder))
    if error.errno in _FULL:
        return errors.DiskFull(
            f"The disk of {folder} is full.",
            "What came is kept: free some space, and the download goes on from there.",
        )
    reason = sanitize.line(error.strerror or type(error).__name__, 80)
    return errors.LocalchatError(
        f"The download cannot be written to {folder}: {reason}.",
        "Check who may write there, or set HF_HOME to another folder.",
    )
