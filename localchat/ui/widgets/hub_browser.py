"""The browser with the Hub behind it: what is asked there, and what came of it."""

import asyncio
from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localchat import errors, sanitize, units
from localchat.hub.search import Search
from localchat.library.reference import Reference
from localchat.ui.downloads import DownloadDesk
from localchat.ui.hub_desk import HubDesk
from localchat.ui.hub_lines import NOTHING_FOUND, Finding, of_repository
from localchat.ui.hub_offer import Offer
from localchat.ui.hub_talk import HubTalk, Reading
from localchat.ui.shelf import Entry
from localchat.ui.widgets.browser import Browser
from localchat.ui.widgets.model_picker import ModelPicker
from localchat.ui.widgets.model_table import Now

Keep = Callable[[Entry, Offer], None]


class HubBrowser(Vertical):
    """Searches the Hub and reads repositories when the reader wants it, and never else."""

    class Turned(Message):
        """A question has begun or ended, so that there is or was something to stop."""

    def __init__(self, desk: HubDesk, downloads: DownloadDesk, keep: Keep) -> None:
        """`keep` remembers what a repository offers."""
        super().__init__()
        self.browser = Browser()
        self.now = Now()
        self._downloads = downloads
        self._keep = keep
        self.talk = HubTalk(self, desk)
        self._note = Static("", id="hub-note", markup=False)

    def compose(self) -> ComposeResult:
        yield self.browser
        yield self._note

    def on_mount(self) -> None:
        """Follow the downloads."""
        self._downloads.subscribe(self)
        self._show_search()

    def on_unmount(self) -> None:
        """Ask nothing any more."""
        self.talk.stop()

    def read(self, entry: Entry) -> None:
        """Read what a model's repository offers, and show it."""
        if entry.known is not None:
            self.talk.read(entry, entry.known)
        elif entry.result is not None:
            self.talk.read(entry, Reference(entry.result.repo))

    def show_now(self, now: Now) -> None:
        """Show what is loaded and downloaded now."""
        self.now = now
        self.browser.picker.models.update(now)

    @on(ModelPicker.HubWanted)
    def _search(self, event: ModelPicker.HubWanted) -> None:
        event.stop()
        if event.wanted is None:
            self.talk.found(Finding())
        else:
            self.talk.search(event.wanted, event.typed)

    @on(ModelPicker.MoreWanted)
    def _search_on(self) -> None:
        self.talk.more()

    @on(ModelPicker.RepoWanted)
    def _open(self, event: ModelPicker.RepoWanted) -> None:
        event.stop()
        result = of_repository(event.reference.repo)
        entry = Entry(result=result)
        self.talk.found(Finding(event.typed, Search(result.repo), (result,)))
        self.talk.read(entry, event.reference)

    @on(HubTalk.Found)
    def _show_search(self) -> None:
        talk = self.talk
        self.browser.picker.show_finding(talk.finding, is_offline=talk.is_offline)
        self._show_note()

    @on(HubTalk.Moved)
    def _show_note(self) -> None:
        words = _of_reading(self.talk.reading) or _of_search(self.talk.finding)
        self._note.update(words or Content(""))
        self._note.display = words is not None
        self.post_message(self.Turned())

    @on(Browser.Moved)
    def _forget(self) -> None:
        self.talk.forget()

    @on(HubTalk.Read)
    @work(exclusive=True, group="read")
    async def _show_offer(self, event: HubTalk.Read) -> None:
        browser = self.browser
        if browser.stock is None:
            return
        # What is looked at may have changed while the headers came.
        is_awaited = browser.entry is None or browser.entry.key == event.entry.key
        found = await asyncio.to_thread(browser.stock.with_offer, event.entry, event.offer)
        browser.show(found, go_to=event.entry.key if is_awaited else "")
        self._keep(event.entry, event.offer)
        if is_awaited:
            browser.choose(bool(event.offer.candidates))

    @on(DownloadDesk.Changed)
    def _show_downloads(self) -> None:
        self.show_now(Now(self.now.loaded, self._downloads.all()))


def _of_reading(reading: Reading | None) -> Content | None:
    if reading is None:
        return None
    if reading.error is not None:
        return _error(reading.error)
    size = units.human_bytes(reading.received_bytes)
    return Content.assemble(
        (f"Reading the headers of {sanitize.line(reading.entry.title, 80)}", "bold"),
        f" · {size}" if reading.received_bytes else " · asking the Hub",
        ("   Esc stops it", "$foreground-muted"),
    )


def _of_search(finding: Finding) -> Content | None:
    """Tell what the list tells too, but perhaps below the lines that are seen."""
    if finding.asking:
        return Content.assemble(
            ("Searching the Hub …", "bold"), ("   Esc stops it", "$foreground-muted")
        )
    if finding.error is not None:
        return _error(finding.error)
    return Content(NOTHING_FOUND) if finding.wanted and not finding.results else None


def _error(error: errors.LocalchatError) -> Content:
    lines = [Content.styled(sanitize.line(error.message, 600), "$text-error")]
    if error.hint:
        lines.append(Content.styled(sanitize.line(error.hint, 600), "$foreground-muted"))
    return Content("\n").join(lines)
