"""How the download of a model stands, in the few cells of a column. Pure."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content

from localchat.library.values import DownloadProgress, Phase
from localchat.ui.shelf import Entry

if TYPE_CHECKING:
    from localchat.hub.queue import Download

_OVER = frozenset({Phase.DONE, Phase.CANCELLED})
_WAITING = frozenset({Phase.RETRYING, Phase.WAITING_FOR_OTHER})


def of(entry: Entry, downloads: "Iterable[Download]") -> "Download | None":
    """Find the newest download of a model that has not come to a good end; None without one."""
    found = [each for each in downloads if each.phase not in _OVER and _is_of(entry, each)]
    return found[-1] if found else None


def words(progress: DownloadProgress) -> Content:
    """Say how a download stands.

    >>> words(DownloadProgress(Phase.PAUSED, 43, 100)).plain
    'paused 43 %'
    """
    percent = f"{100 * progress.fraction:.0f} %"
    if progress.phase is Phase.FAILED:
        return Content.styled("failed", "$text-error")
    if progress.phase is Phase.QUEUED:
        return Content.styled("queued", "$primary")
    if progress.phase is Phase.PAUSED:
        return Content.styled(f"paused {percent}", "$warning")
    if progress.phase in _WAITING:
        return Content.styled(f"waits {percent}", "$warning")
    return Content.styled(f"↓ {percent}", "bold $primary")


def _is_of(entry: Entry, download: "Download") -> bool:
    if entry.partial is not None:
        return entry.partial.file in download.files
    return any(file.repo in entry.repos for file in download.files[:1])
