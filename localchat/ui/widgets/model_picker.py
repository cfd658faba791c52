"""The list of models with a search, a filter and an order; the same keys work on the Hub's part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from localchat.hub.search import Search
from localchat.library.reference import Reference
from localchat.ui import commands, hub_query, shelf
from localchat.ui.hub_lines import Finding
from localchat.ui.listing import Listing
from localchat.ui.shelf import Entry
from localchat.ui.widgets.model_list import ModelList, Rows
from localchat.ui.widgets.search_bar import SearchBar


class ModelPicker(Vertical):
    """Says what is shown and in which order, above the rows."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("picker")

    class HubWanted(Message):
        """The reader wants the Hub to be searched, or to leave its results."""

        def __init__(self, wanted: Search | None, typed: str) -> None:
            super().__init__()
            self.wanted = wanted
            self.typed = typed

    class RepoWanted(Message):
        """The reader named one repository of the Hub."""

        def __init__(self, reference: Reference, typed: str) -> None:
            super().__init__()
            self.reference = reference
            self.typed = typed

    class MoreWanted(Message):
        """The reader wants further results."""

    def __init__(self) -> None:
        super().__init__()
        self.listing = Listing()
        self._about = ""
        self._asked_at = ""
        """The key of the line that the cursor was on when the Hub was asked."""
        self._search = SearchBar()
        self._summary = Static("", id="arrangement", markup=False)
        self.models = ModelList()

    def compose(self) -> ComposeResult:
        yield self._summary
        yield self._search
        yield self.models

    def show(self, entries: Sequence[Entry], about: str, *, go_to: str = "") -> None:
        """Show these entries, as they are wanted; `about` tells of the disk."""
        self._about = about
        self._list_anew(replace(self.listing, entries=tuple(entries)), go_to)

    def show_finding(self, finding: Finding, *, is_offline: bool) -> None:
        """Show what the Hub was asked for; the cursor goes to what is new, if it waits there."""
        waits = self.models.cursor is None or self.models.cursor.key == self._asked_at
        go_to = self.listing.new_key(finding) if waits else ""
        new = replace(self.listing, finding=finding, is_offline=is_offline)
        self._list_anew(new, go_to)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc leaves the search while there is one; an author is one of the Hub."""
        del parameters
        if action == "search":
            # In a text a slash is a sign as others.
            return not isinstance(self.screen.focused, Input)
        if action == "author":
            return self._at_hub is not None
        return action != "leave_search" or self.has_class("-searching")

    def action_search(self) -> None:
        """Search, as one types."""
        self.add_class("-searching")
        self._search.begin()

    def action_leave_search(self) -> None:
        """Forget what was searched for."""
        self.remove_class("-searching")
        self._search.clear()
        self.query_one(Rows).focus()
        self.post_message(self.HubWanted(None, ""))

    def action_filter(self) -> None:
        """Show the next selection of models; on the Hub, those of another size."""
        if (wanted := self._at_hub) is not None:
            self._ask(hub_query.next_size(wanted))
        else:
            arrangement = self.listing.arrangement
            new = replace(arrangement, show=shelf.next_show(arrangement.show))
            self._list_anew(replace(self.listing, arrangement=new))

    def action_sort(self) -> None:
        """Sort by the next thing."""
        if (wanted := self._at_hub) is not None:
            self._ask(hub_query.next_sort(wanted))
        else:
            arrangement = self.listing.arrangement
            new = replace(arrangement, order=shelf.next_order(arrangement.order))
            self._list_anew(replace(self.listing, arrangement=new))

    def action_author(self) -> None:
        """Look for models of one author, or of all again."""
        entry, wanted = self.models.highlighted, self._at_hub
        if wanted is not None and entry is not None and entry.result is not None:
            self._ask(replace(wanted, author="" if wanted.author else entry.result.author))

    @on(SearchBar.Typed)
    def _look(self, event: SearchBar.Typed) -> None:
        event.stop()
        arrangement = replace(self.listing.arrangement, search=event.text)
        self._list_anew(replace(self.listing, arrangement=arrangement))

    @on(SearchBar.Submitted)
    @on(ModelList.Asked)
    def _go_to_hub(self, event: SearchBar.Submitted | ModelList.Asked) -> None:
        event.stop()
        typed = self.listing.typed
        self.query_one(Rows).focus()
        named = hub_query.repository(typed)
        if isinstance(event, ModelList.Asked) and event.ask.what == "more":
            self._ask(None)
        elif named is not None:
            self._asked_at = self.models.cursor.key if self.models.cursor else ""
            self.post_message(self.RepoWanted(named, typed))
        elif typed:
            self._ask(hub_query.search(typed))

    @property
    def _at_hub(self) -> Search | None:
        """The search of which a result is under the cursor; None elsewhere."""
        return self.listing.asked_at(self.models.cursor)

    def _ask(self, wanted: Search | None) -> None:
        """Ask for a search, or for more of the one there is."""
        self._asked_at = self.models.cursor.key if self.models.cursor else ""
        more = self.MoreWanted()
        self.post_message(self.HubWanted(wanted, self.listing.typed) if wanted else more)

    def _list_anew(self, listing: Listing, go_to: str = "") -> None:
        self.listing = listing
        of_disk = listing.arrangement.show == "on this disk"
        self.models.show(listing.lines, of_disk=of_disk, go_to=go_to)
        self._summary.update(_summary(listing, self._about))


def _summary(listing: Listing, about: str) -> Content:
    models, show, order = listing.summary()
    is_usual = listing.arrangement.order == "recommended"
    has_lines = bool(listing.shown or listing.finding.results)
    return Content.assemble(
        (models, "$foreground-muted" if has_lines else "bold $warning"),
        (f" · {show}" if show else "", "bold $accent"),
        (" · by ", "$foreground-muted"),
        (order, "$foreground-muted" if is_usual else "bold $accent"),
        (f" · {about}" if about else "", "$foreground-muted"),
    )
