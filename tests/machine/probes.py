"""Other computers, as the files and outputs from which they are known."""

from pathlib import Path

_PROBES = Path(__file__).parent.parent / "probes"


def text(name: str) -> str:
    """What a command printed there."""
    return (_PROBES / f"{name}.txt").read_text(encoding="utf-8")


def raw(name: str) -> bytes:
    """Bytes that were written down as hexadecimal digits."""
    return bytes.fromhex(text(name))


def tree(name: str, root: Path) -> Path:
    """Write the files of the computer `name` under `root`, and return it."""
    for section in text(name).split("=== ")[1:]:
        path, _, content = section.partition("\n")
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root
