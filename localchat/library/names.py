"""Names that come from the network, checked before they become part of a path or a URL.

Whatever is not plainly harmless on every system is refused: a file that is worth having has an
ordinary name. Knows nothing of where the names are put.
"""

import re
from typing import Final

from localchat import errors, sanitize

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPO_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_FORBIDDEN: Final = frozenset('<>:"|?*\\')
_MOST_SEGMENT_BYTES = 200
_MOST_PATH_BYTES = 700
_MOST_FOLDERS = 16
# Windows opens devices by these names, whatever their ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)


def commit(text: str) -> str:
    """Return a commit id, 40 hex digits. Raises DownloadFailed for anything else."""
    return text if _COMMIT.fullmatch(text) else _refuse("a commit", text)


def sha256(text: str) -> str:
    """Return a sha256, 64 hex digits. Raises DownloadFailed for anything else."""
    return text if _SHA256.fullmatch(text) else _refuse("a checksum", text)


def etag(text: str) -> str:
    """Return the hash in an ETag: a sha256, or git's own. Raises DownloadFailed for others.

    >>> etag('W/"0123456789abcdef0123456789abcdef01234567"')
    '0123456789abcdef0123456789abcdef01234567'
    """
    plain = text.removeprefix("W/").strip('"')
    is_hash = _COMMIT.fullmatch(plain) or _SHA256.fullmatch(plain)
    return plain if is_hash else _refuse("a checksum", text)


def repo(text: str) -> str:
    """Return a repository's name, "user/name". Raises DownloadFailed for anything else."""
    return text if is_repo(text) else _refuse("a repository", text)


def path(text: str) -> str:
    """Return a file's path in a repository. Raises DownloadFailed for one that may do harm."""
    return text if is_path(text) else _refuse("a file", text)


def revision(text: str) -> str:
    """Return a branch, tag or commit. Raises DownloadFailed for one that may do harm."""
    return text if is_path(text) else _refuse("a branch", text)


def is_repo(text: str) -> bool:
    """Tell whether a text is a repository's name.

    >>> is_repo("bartowski/Mistral-7B-v0.3-GGUF"), is_repo("../name"), is_repo("a--b/c")
    (True, False, False)
    """
    parts = text.split("/")
    return len(parts) == 2 and all(
        # The cache writes "/" as "--", so that a name with "--" would be another one's folder.
        _REPO_PART.fullmatch(part) and "--" not in part and ".." not in part
        for part in parts
    )


def is_path(text: str) -> bool:
    """Tell whether a file's path in a repository is harmless on every system.

    >>> is_path("UD/model-Q4_K_M.gguf"), is_path("a/../b"), is_path("nul.gguf"), is_path("C:x")
    (True, False, False, False)
    """
    segments = text.split("/")
    if len(segments) > _MOST_FOLDERS or len(_bytes(text)) > _MOST_PATH_BYTES:
        return False
    return all(_is_harmless(segment) for segment in segments)


def _is_harmless(segment: str) -> bool:
    # str.isprintable is false for controls, invisible marks and the overrides of writing direction.
    return (
        0 < len(_bytes(segment)) <= _MOST_SEGMENT_BYTES
        and segment.isprintable()
        and not _FORBIDDEN & set(segment)
        and segment[0] not in " -~"
        and segment[-1] not in " ."
        and not _DEVICES.fullmatch(segment.partition(".")[0].rstrip())
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refuse(what: str, text: str) -> str:
    shown = sanitize.line(text, 60)
    raise errors.DownloadFailed(
        f"The Hub names {what} in a way that is not safe to use: {shown!r}.",
        "Nothing was written. Choose another repository, or another mirror if you use one.",
    )
