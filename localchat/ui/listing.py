"""The whole list as a value: what there is, what of it is wanted, what the Hub was asked for."""

from dataclasses import dataclass, field, replace

from localchat.hub.search import Search, SearchResult
from localchat.ui import hub_lines, hub_query, shelf, wording
from localchat.ui.hub_lines import Finding, Line
from localchat.ui.shelf import Arrangement, Entry


@dataclass(frozen=True, slots=True)
class Listing:
    """What is shown in the list, and in which order."""

    entries: tuple[Entry, ...] = ()
    arrangement: Arrangement = field(default_factory=Arrangement)
    finding: Finding = field(default_factory=Finding)
    is_offline: bool = False
    """The Hub may not be asked."""

    @property
    def typed(self) -> str:
        """What stands in the search field."""
        return self.arrangement.search.strip()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries that are wanted, in the order wanted; without the Hub's results."""
        found = {f"hub:{each.repo}" for each in self._results}
        wanted = replace(self.arrangement, search=hub_query.local_words(self.typed))
        entries = shelf.arrange(self.entries, wanted)
        return tuple(each for each in entries if each.key not in found)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everything in the list; what was read of a result stands in its place."""
        read = {each.key: each for each in self.entries}
        hub = hub_lines.lines(self.finding, self.typed, is_offline=self.is_offline)
        return *self.shown, *(read.get(line.key, line) for line in hub)

    def asked_at(self, line: Line | None) -> Search | None:
        """Give the search of which a line is a result; None for other lines."""
        is_result = isinstance(line, Entry) and line.result is not None
        return self.finding.wanted if is_result and line in self.lines else None

    def new_key(self, finding: Finding) -> str:
        """Give the key of the first result that is new in a finding; empty without."""
        known = {each.repo for each in self._results} if self.is_more(finding) else set()
        new = (each.repo for each in finding.results if each.repo not in known)
        return next((f"hub:{repo}" for repo in new), "")

    def is_more(self, finding: Finding) -> bool:
        """Whether a finding goes on with this one."""
        return finding.wanted == self.finding.wanted and finding.typed == self.finding.typed

    def summary(self) -> tuple[str, str, str]:
        """Say how many there are, which, and in what order."""
        shown, of, wanted = len(self.shown), len(self.entries), self.arrangement
        models = f"{shown} of {of}" if shown < of else wording.count(of, "model")
        order = "recommendation" if wanted.order == "recommended" else wanted.order
        return models, "" if wanted.show == "all models" else wanted.show, order

    @property
    def _results(self) -> tuple[SearchResult, ...]:
        return self.finding.results if self.finding.typed == self.typed else ()
