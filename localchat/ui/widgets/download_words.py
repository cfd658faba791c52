"""What is said of downloads: one line for each, and one for all of them. Pure: values in, text out.

Names of models and files are untrusted and made safe here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localchat import sanitize, units
from localchat.library.values import DownloadProgress, Phase
from localchat.ui.leftovers import Leftover

if TYPE_CHECKING:
    from localchat.hub.queue import Download

_GOING: Final = frozenset(
    {Phase.ASKING, Phase.WAITING_FOR_OTHER, Phase.CHECKING, Phase.DOWNLOADING, Phase.RETRYING,
     Phase.FINISHING}
)  # fmt: skip
_TITLE_CHARACTERS = 160
_STALL_NOTE = "Nothing has come"
_STATES: Final = {
    Phase.QUEUED: ("waits for its turn", "$foreground-muted"),
    Phase.ASKING: ("asking the Hub", "$primary"),
    Phase.WAITING_FOR_OTHER: ("another program downloads it", "$warning"),
    Phase.CHECKING: ("checking what is here", "$primary"),
    Phase.DOWNLOADING: ("downloading", "$primary"),
    Phase.RETRYING: ("waits to try again", "$warning"),
    Phase.PAUSED: ("paused", "$foreground-muted"),
    Phase.FINISHING: ("writing to disk", "$primary"),
    Phase.DONE: ("here, and verified", "$success"),
    Phase.FAILED: ("failed", "$error"),
    Phase.CANCELLED: ("stopped", "$foreground-muted"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What is shown of one download."""

    title: str
    state: str
    color: str
    """Of the state and the bar."""
    figures: str
    """Bytes, speed and time left."""
    fraction: float | None = None
    """How much is here; None when it is not known."""
    note: str = ""
    """Why it waits or failed, and what to do."""
    is_error: bool = False


def is_going(phase: Phase) -> bool:
    """Whether a download is at work, or waits for another try."""
    return phase in _GOING


def is_open(phase: Phase) -> bool:
    """Whether a download has not come to its end, and is meant to."""
    return is_going(phase) or phase in (Phase.QUEUED, Phase.PAUSED)


def of_download(download: "Download") -> Line:
    """Describe a download of this session."""
    progress = download.progress
    state, color = _STATES[progress.phase]
    if progress.phase is Phase.DOWNLOADING and progress.note.startswith(_STALL_NOTE):
        state, color = "stalled", "$warning"
    note = progress.note
    if download.error is not None:
        note = f"{download.error.message} {download.error.hint}".strip()
    if progress.phase is Phase.PAUSED and download.error is not None:
        state, color = "paused: the disk is full", "$warning"
    return Line(
        title=sanitize.line(download.title, _TITLE_CHARACTERS),
        state=state,
        color=color,
        figures=figures(progress),
        fraction=progress.fraction,
        note=sanitize.line(note, 500),
        is_error=progress.phase is Phase.FAILED,
    )


def of_leftover(leftover: Leftover) -> Line:
    """Describe what is left of an earlier session's download."""
    done = units.human_bytes(leftover.done_bytes)
    size = f"{done} of {units.human_bytes(leftover.size_bytes)}" if leftover.size_bytes else done
    can_go_on = bool(leftover.files)
    fraction = leftover.done_bytes / leftover.size_bytes if leftover.size_bytes else None
    return Line(
        title=sanitize.line(leftover.title, _TITLE_CHARACTERS),
        state="did not finish" if can_go_on else "left over: cannot go on",
        color="$warning",
        figures=size,
        fraction=min(fraction, 1.0) if fraction is not None else None,
    )


def figures(progress: DownloadProgress) -> str:
    """Say how much is here, how fast it comes, and for how long.

    >>> figures(DownloadProgress(Phase.DOWNLOADING, 1 << 30, 4 << 30, 12 << 20, 250.0))
    '1.00 of 4.00 GiB · 12.0 MiB/s · 4 min 10 s left'
    >>> figures(DownloadProgress(Phase.DONE, 4 << 30, 4 << 30))
    '4.00 GiB'
    """
    if progress.phase is Phase.DONE:
        return units.human_bytes(progress.size_bytes)
    parts = [_of(progress.done_bytes, progress.size_bytes)]
    if progress.bytes_per_second:
        parts.append(f"{units.human_bytes(progress.bytes_per_second)}/s")
    if progress.seconds_left is not None:
        parts.append(f"{units.human_seconds(max(progress.seconds_left, 1))} left")
    return " · ".join(parts)


def share(fraction: float) -> str:
    """Say how much is done, and never all of it before it is.

    >>> share(0.428), share(0.999), share(1.0)
    ('42 %', '99 %', '100 %')
    """
    return f"{int(fraction * 100)} %"


def total(downloads: Sequence["Download"]) -> DownloadProgress | None:
    """Add up what is not at its end; None where there is nothing."""
    open_ones = [each.progress for each in downloads if is_open(each.phase)]
    if not open_ones:
        return None
    done_bytes = sum(each.done_bytes for each in open_ones)
    size_bytes = sum(each.size_bytes for each in open_ones)
    speed = sum(each.bytes_per_second for each in open_ones)
    left = (size_bytes - done_bytes) / speed if speed else None
    return DownloadProgress(Phase.DOWNLOADING, done_bytes, size_bytes, speed, left)


def brief(downloads: Sequence["Download"]) -> str:
    """Say in a few cells that downloads go on; empty while none does."""
    going = [each for each in downloads if is_going(each.phase)]
    if not going:
        return ""
    together = total(going)
    assert together is not None
    parts = [f"↓ {len(going)}", share(together.fraction)]
    if together.bytes_per_second:
        parts.append(f"{units.human_bytes(together.bytes_per_second)}/s")
    return " · ".join(parts)


def _of(done_bytes: int, size_bytes: int) -> str:
    done, size = units.human_bytes(done_bytes), units.human_bytes(size_bytes)
    number, _, unit = done.partition(" ")
    return f"{number if size.endswith(f' {unit}') else done} of {size}"
