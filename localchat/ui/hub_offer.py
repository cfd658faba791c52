"""What a repository of the Hub offers, once its headers were read: values for the screens.

Knows no connection; `hub_desk` asks.
"""

from dataclasses import dataclass
from pathlib import Path

from localchat.fit.candidate import Candidate
from localchat.library import held
from localchat.library.entries import Library
from localchat.library.values import RemoteQuant, RemoteRepo


@dataclass(frozen=True, slots=True)
class Offer:
    """The quantizations of a repository, each exact to the byte."""

    repo: RemoteRepo
    candidates: tuple[Candidate, ...]
    """Those that can be run, the largest first; their labels are those of the quantizations."""
    problems: tuple[tuple[str, str], ...] = ()
    """Labels that cannot be run, and why, one sentence each."""
    wanted_label: str = ""
    """The quantization that the reader named; empty without."""

    def quant(self, label: str) -> RemoteQuant | None:
        """Find what is to be downloaded for a label."""
        return next((each for each in self.repo.quants if each.label == label), None)

    def here(self, library: Library) -> dict[str, Path]:
        """Tell which of them this disk has already, and where."""
        entries = ((quant.label, held.held(library, quant)) for quant in self.repo.quants)
        return {label: entry.path for label, entry in entries if entry is not None}
