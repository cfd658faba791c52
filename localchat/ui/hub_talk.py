"""One search and one reading of a repository at a time, for a widget that shows both."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace

from textual.message import Message
from textual.widget import Widget

from localchat import errors
from localchat.hub.search import Search
from localchat.library.reference import Reference
from localchat.models.catalogue import CatalogueModel
from localchat.ui.hub_desk import HubDesk
from localchat.ui.hub_lines import Finding
from localchat.ui.hub_offer import Offer
from localchat.ui.shelf import Entry

_TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Reading:
    """A repository whose headers are being read, or could not be."""

    entry: Entry
    received_bytes: int = 0
    error: errors.LocalchatError | None = None


class HubTalk:
    """Asks, and posts to its host what came; what is asked next ends what was asked before."""

    class Found(Message):
        """The search has come further, or has ended."""

    class Moved(Message):
        """The reading has come further, or has ended."""

    class Read(Message):
        """It is known what a repository offers."""

        def __init__(self, entry: Entry, offer: Offer) -> None:
            super().__init__()
            self.entry = entry
            self.offer = offer

    def __init__(self, host: Widget, desk: HubDesk) -> None:
        self._host = host
        self._desk = desk
        self.finding = Finding()
        self.reading: Reading | None = None

    @property
    def is_offline(self) -> bool:
        """Whether the Hub may not be asked."""
        return self._desk.is_offline

    @property
    def is_busy(self) -> bool:
        """Whether there is something to stop."""
        is_reading = self.reading is not None and self.reading.error is None
        return is_reading or bool(self.finding.asking)

    def search(self, wanted: Search, typed: str) -> None:
        """Look for models; what was found for the same text stays until then."""
        kept = self.finding.results if self.finding.typed == typed else ()
        self._find(Finding(typed, wanted, kept, asking="first page"))
        self._begin(self._seek())

    def more(self) -> None:
        """Get the next results."""
        self._find(replace(self.finding, asking="next page", error=None))
        self._begin(self._seek())

    def found(self, finding: Finding) -> None:
        """Show this, which needs no search."""
        self.stop()
        self._find(finding)

    def read(self, entry: Entry, wanted: Reference | CatalogueModel) -> None:
        """Read what a repository offers; Read follows."""
        self._read_so_far(Reading(entry))
        self._begin(self._read(entry, wanted))

    def stop(self) -> None:
        """Give up what is asked."""
        self._host.workers.cancel_group(self._host, "hub")
        self._desk.stop()
        if self.finding.asking:
            kept = replace(self.finding, asking="")
            self._find(kept if kept.results else Finding())
        if self.reading is not None:
            self._read_so_far(None)

    def forget(self) -> None:
        """Say no longer why a repository could not be read."""
        if self.reading is not None and self.reading.error is not None:
            self._read_so_far(None)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._host.run_worker(work, group="hub", exclusive=True)

    async def _seek(self) -> None:
        before, kept = self.finding, self.finding.results
        try:
            if before.asking == "next page" and before.page is not None:
                page = await self._desk.following(before.page)
            elif before.wanted is not None:
                page, kept = await self._desk.search(before.wanted), ()
            else:
                return
        except errors.Cancelled:
            return
        except errors.LocalchatError as error:
            self._find(replace(before, asking="", error=error))
            return
        known = {each.repo for each in kept}
        new = tuple(each for each in page.results if each.repo not in known)
        self._find(replace(before, results=(*kept, *new), page=page, asking=""))

    async def _read(self, entry: Entry, wanted: Reference | CatalogueModel) -> None:
        asked = asyncio.ensure_future(self._desk.read(wanted))
        try:
            while not asked.done():
                await asyncio.wait({asked}, timeout=_TICK_SECONDS)
                self._read_so_far(Reading(entry, self._desk.received_bytes))
            offer = asked.result()
        except errors.Cancelled:
            self._read_so_far(None)
        except errors.LocalchatError as error:
            self._read_so_far(Reading(entry, error=error))
        else:
            self._read_so_far(None)
            self._host.post_message(HubTalk.Read(entry, offer))
        finally:
            asked.cancel()

    def _find(self, finding: Finding) -> None:
        self.finding = finding
        self._host.post_message(HubTalk.Found())

    def _read_so_far(self, reading: Reading | None) -> None:
        self.reading = reading
        self._host.post_message(HubTalk.Moved())
