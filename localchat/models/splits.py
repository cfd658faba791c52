"""Models cut into several files, by their names alone: `model-00002-of-00005.gguf`."""

import re
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$", re.IGNORECASE)
_MOST_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a model that was cut into `count`."""

    path: Path
    stem: str
    number: int
    """From 1."""
    count: int

    @property
    def all_paths(self) -> tuple[Path, ...]:
        """Where llama.cpp looks for the parts, in order."""
        count = self.count
        names = (f"{self.stem}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1))
        return tuple(self.path.with_name(name) for name in names)

    @property
    def first(self) -> Path:
        """The part that is opened to load the model."""
        return self.all_paths[0]

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of the parts that are not on the disk."""
        paths = enumerate(self.all_paths, start=1)
        return tuple(number for number, path in paths if not path.is_file())


def part_of(path: Path) -> Part | None:
    """Read the part and the number of parts from a file's name; None for a whole model.

    >>> part = part_of(Path("big-00002-of-00003.gguf"))
    >>> part.number, part.count, part.first.name
    (2, 3, 'big-00001-of-00003.gguf')
    """
    match = _PART.match(path.name)
    if match is None:
        return None
    number, count = int(match["number"]), int(match["count"])
    if not 1 <= number <= count <= _MOST_PARTS:
        return None
    return Part(path, match["stem"], number, count)


def missing_sentence(part: Part) -> str:
    """Say which parts are not on the disk; empty when all are."""
    missing = part.missing
    if not missing:
        return ""
    if len(missing) == 1:
        return f"Part {missing[0]} of {part.count} is missing."
    listed = ", ".join(str(number) for number in missing[:-1])
    return f"Parts {listed} and {missing[-1]} of {part.count} are missing."
