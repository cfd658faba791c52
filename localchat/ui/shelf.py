"""Everything there is to choose from: what is on this disk first, then the catalogue and the Hub.

Searching, filtering and sorting are pure; nothing here knows widgets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from localchat.fit.candidate import Candidate
from localchat.fit.option import Option
from localchat.hub.search import SearchResult
from localchat.library.entries import LocalEntry, Partial
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.ui import wording
from localchat.ui.hub_offer import Offer

Show = Literal["all models", "fits now", "fits with apps closed", "on this disk"]
Order = Literal["recommended", "size", "speed", "quality", "name", "last use"]
SHOWS: Final[tuple[Show, ...]] = ("all models", "fits now", "fits with apps closed", "on this disk")
ORDERS: Final[tuple[Order, ...]] = (
    "recommended", "size", "speed", "quality", "name", "last use",
)  # fmt: skip
_LAST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a file of this disk, whole or not, a model of the catalogue, or one of the Hub."""

    local: LocalModel | None = None
    known: CatalogueModel | None = None
    held: LocalEntry | None = None
    """Where the file lies, and its copies; None for what is built in."""
    partial: Partial | None = None
    result: SearchResult | None = None
    """A repository of the Hub."""
    offer: Offer | None = None
    """What its repository offers, once that was read: exact."""
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
        if self.result is not None:
            return f"hub:{self.result.repo}"
        return self.known.id if self.known else str(self.path or "")

    @property
    def path(self) -> Path | None:
        """The file; None when it is not on this disk."""
        if self.partial is not None:
            return self.partial.path
        return self.local.path if self.local else None

    @property
    def title(self) -> str:
        """The model's name, safe to show."""
        if self.local is not None:
            return wording.model_name(self.local.name, is_guide=self.local.is_guide)
        names = (
            self.known.title if self.known else "",
            self.result.repo if self.result else "",
            (self.partial.name or self.partial.path.name) if self.partial else "",
        )
        return wording.model_name("".join(names), is_guide=False)

    @property
    def parameters(self) -> int:
        """How many weights it has; 0 when unknown."""
        if self.local is not None:
            return self.local.parameters
        if self.known is not None:
            return self.known.parameters
        return (self.result.parameters if self.result else 0) or 0

    @property
    def has_files(self) -> bool:
        """Whether it is known how large its files are, so that it can be planned for."""
        if self.local is not None or self.offer is not None:
            return True
        return bool(self.known and any(files.sizes for files in self.known.files))

    @property
    def is_here(self) -> bool:
        """Whether it is on this disk, if only in part."""
        return self.local is not None or self.partial is not None

    @property
    def repos(self) -> frozenset[str]:
        """The repositories of the Hub that it may come from."""
        names = {self.result.repo} if self.result else set()
        if self.known is not None:
            known = self.known
            names |= {known.repo, *known.fallback_repos, *(files.repo for files in known.files)}
        if self.partial is not None:
            names.add(self.partial.repo)
        return frozenset(names)

    @property
    def words(self) -> str:
        """What a search looks at."""
        parts = [self.title, *self.repos]
        if self.local is not None:
            parts += [self.local.architecture, self.local.quant, self.local.path.name]
        if self.held is not None:
            for copy in self.held.copies:
                parts += [*copy.names, copy.place.program.value]
        if self.known is not None:
            known = self.known
            parts += [known.id, known.family, known.architecture, *known.aliases, *known.good_for]
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
        return entry.is_here
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
    if order == "last use":
        return (-(entry.held.used_seconds if entry.held else 0.0), name)
    # Files keep their order, with the built-in model in front.
    return (0, 0, "") if entry.is_here else (1, entry.place, name)
