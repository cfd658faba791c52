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


def hexadecimal(text: str) -> int | None:
    """Read a number such as "0x1586" or "15BF"; None for anything else.

    >>> hexadecimal("0x1586\\n"), hexadecimal("C1"), hexadecimal("-")
    (5510, 193, None)
    """
    try:
        return int(text, 16)
    except ValueError:
        return None


def names(folder: Path) -> tuple[str, ...]:
    """List a folder, sorted; empty when it is not there or cannot be read."""
    try:
        return tuple(sorted(each.name for each in folder.iterdir()))
    except OSError:
        return ()


def exists(path: Path) -> bool:
    """Tell whether a file is there; one that cannot be asked for is not."""
    try:
        return path.exists()
    except OSError:
        return False
