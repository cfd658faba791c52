"""Small files of the system, read without ever failing."""

from pathlib import Path

_MOST_BYTES = 1 << 20


def read(path: Path) -> str:
    """Read a small text file; empty when it is not there or cannot be read."""
    try:
        with path.open("rb") as handle:
            return handle.read(_MOST_BYTES).decode("utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def whole_number(text: str) -> int | None:
    """Read a whole number; None for anything else."""
    try:
        return int(text)
    except ValueError:
        return None


def names(folder: Path) -> tuple[str, ...]:
    """List a folder, sorted; empty when it is not there or cannot be read."""
    try:
        return tuple(sorted(each.name for each in folder.iterdir()))
    except OSError:
        return ()
