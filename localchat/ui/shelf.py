"""Everything there is to choose from: files of this disk first, then the catalogue.

Searching, filtering and sorting are pure; nothing here knows widgets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from localchat.fit.candidate import Candidate
from localchat.fit.option import Option
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.ui import wording

Show = Literal["all models", "fits now", "fits with apps closed", "on this disk"]
Order = Literal["recommended", "size", "speed", "quality", "name"]
SHOWS: Final[tuple[Show, ...]] = ("all models", "fits now", "fits with apps closed", "on this disk")
ORDERS: Final[tuple[Order, ...]] = ("recommended", "size", "speed", "quality", "name")
_LAST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list: a file of this disk, or a model of the catalogue."""

    local: LocalModel | None = None
    known: CatalogueModel | None = None
    candidates: tuple[Candidate, ...] = ()
    """Its files, as far as planning knows them; empty while they are being read."""
    best: Option | None = None
    """What to take where the reader has no wish of his own."""
    place: int = _LAST
    """In the ranking across models; 0 is the first."""
    reason: str = ""
    """Why it stands there, in one sentence."""

    @property
    def key(self) -> str:
        """What tells this entry from all others."""
        return str(self.local.path) if self.local else self.known.id if self.known else ""

    @property
    def path(self) -> Path | None:
        """The file; None when it is not on this disk."""
        return self.local.path if self.local else None

    @property
    def title(self) -> str:
        """The model's name, safe to show."""
        if self.local is not None:
            return wording.model_name(self.local.name, is_guide=self.local.is_guide)
        return wording.model_name(self.known.title if self.known else "", is_guide=False)

    @property
    def parameters(self) -> int:
        """How many weights it has; 0 when unknown."""
        if self.local is not None:
            return self.local.parameters
        return self.known.parameters if self.known else 0

    @property
    def has_files(self) -> bool:
        """Whether it is known how large its files are, so that it can be planned for."""
        return self.local is not None or bool(self.known and any(f.sizes for f in self.known.files))

    @property
    def words(self) -> str:
        """What a search looks at."""
        if self.local is not None:
            parts = [self.title, self.local.architecture, self.local.quant, self.local.path.name]
        elif self.known is not None:
            known = self.known
            parts = [known.title, known.id, known.family, known.architecture, *known.aliases]
            parts += [*known.good_for, known.repo]
        else:
            parts = []
        return " ".join(parts).lower()


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the reader wants to see, and in which order."""

    show: Show = "all models"
    order: Order = "recommended"
    search: str = ""


def arrange(entries: Iterable[Entry], wanted: Arrangement) -> tuple[Entry, ...]:
    """Choose and sort entries; every word of the search must occur."""
    words = wanted.search.lower().split()
    found = [
        entry
        for entry in entries
        if _is_shown(entry, wanted.show) and all(word in entry.words for word in words)
    ]
    return tuple(sorted(found, key=lambda entry: _place(entry, wanted.order)))


def next_show(show: Show) -> Show:
    """Return the filter after this one."""
    return SHOWS[(SHOWS.index(show) + 1) % len(SHOWS)]


def next_order(order: Order) -> Order:
    """Return the order after this one."""
    return ORDERS[(ORDERS.index(order) + 1) % len(ORDERS)]


def find(entries: Sequence[Entry], path: Path) -> Entry | None:
    """Find a file's entry."""
    return next((entry for entry in entries if entry.path == path), None)


def _is_shown(entry: Entry, show: Show) -> bool:
    if show == "on this disk":
        return entry.local is not None
    if show == "fits now":
        return entry.best is not None and entry.best.fits == "now"
    if show == "fits with apps closed":
        return entry.best is not None and entry.best.fits != "no"
    return True


def _place(entry: Entry, order: Order) -> tuple[float | str, ...]:
    name = entry.title.lower()
    best = entry.best
    if order == "name":
        return (name,)
    if order == "size":
        return (-entry.parameters, name)
    if order == "speed":
        return (-best.speed.middle if best else 0.0, name)
    if order == "quality":
        tier = entry.known.tier if entry.known else 0
        return (-tier, -best.quality.retained if best else 0.0, name)
    # Files keep the folder's order, with the built-in model in front.
    return (0, 0, "") if entry.local else (1, entry.place, name)
