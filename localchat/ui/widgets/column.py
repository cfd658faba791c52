"""The messages of a conversation as widgets: those where the reader is, and no others.

A widget costs milliseconds, and a chat may have thousands of messages; those that the reader comes
near to become widgets a moment before.
"""

from collections.abc import Sequence

from textual import on
from textual.geometry import Region, Size
from textual.layout import DockArrangeResult
from textual.widget import Widget

from localchat.ui.feed import Entry, Intro, Item, Queued, Remark
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.message_view import MessageView
from localchat.ui.widgets.notice import ModelIntro, Notice
from localchat.ui.widgets.scroller import Scroller
from localchat.ui.widgets.user_message import QueuedMessage, UserMessage
from localchat.ui.window import Window

_NEAR_LINES = 40


class Column(Scroller):
    """Items one under the other."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, Item] = {}
        """All there are, by their keys, oldest first."""
        self.chosen_id = ""
        """The message that is marked as the one that keys are for; empty for none."""
        self._views: dict[str, Widget] = {}
        self._window = Window()
        self._revealed = ""
        """What was brought into view last and stays there, until the reader scrolls."""
        self._region: Region | None = None
        """Where that was arranged last."""

    @property
    def is_at_end(self) -> bool:
        """Whether the end of all is in view."""
        return self._window.is_at_end and super().is_at_end

    def view(self, key: str) -> MessageView | None:
        """Give the widget of a message, while it has one."""
        found = self._views.get(key)
        return found if isinstance(found, MessageView) else None

    def show(self, items: Sequence[Item]) -> None:
        """Show these, and of what was shown only what is among them."""
        self.items = {item.key: item for item in items}
        self._window.take(tuple(self.items), follows=self.follows)
        self._settle()

    def choose(self, key: str) -> None:
        """Mark a message and no other, and bring it into view; empty marks none."""
        if key:
            self.reveal(key)
        else:
            self._revealed = ""
        for each, is_chosen in ((self.chosen_id, False), (key, True)):
            if (view := self.view(each)) is not None:
                view.choose(is_chosen)
        self.chosen_id = key

    def reveal(self, key: str) -> None:
        """Bring a message into view."""
        self._window.to(key)
        self._settle()
        self.hold()
        # What it shows only when it is chosen is laid out at some later time; see `arrange`.
        self._revealed = key
        self.call_after_refresh(self._bring, key)

    def release_anchor(self) -> None:
        """The reader scrolls, and is not brought back."""
        self._revealed = ""
        super().release_anchor()

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Arrange the items, and keep in view what was brought there, as it grows or moves."""
        result = super().arrange(size, optimal)
        view = self._views.get(self._revealed)
        region = next((each.region for each in result.placements if each.widget is view), None)
        if region not in (None, self._region):
            self._region = region
            self.call_after_refresh(self._bring, self._revealed)
        return result

    def to_newest(self) -> None:
        """Go to the end, and follow it from now on."""
        self._revealed = ""
        if not self._window.is_at_end:
            self._window.to_newest()
            self._settle()
        self.follow()

    def scroll_pages(self, pages: int) -> None:
        """Scroll by screens; 1000 and more is to the edge."""
        if pages <= -1000 and self.items:
            self._window.to_oldest()
            self.reveal(next(iter(self.items)))
            return
        y = self.scroll_y + pages * max(1, self.size.height - 2)
        if y >= self.max_scroll_y and (pages >= 1000 or self._window.is_at_end):
            self.to_newest()
        else:
            self.scroll_to(y=max(0, y), animate=False, immediate=True)

    @on(Scroller.Moved)
    def _make_ready(self) -> None:
        self.call_after_refresh(self._page)

    def _page(self) -> None:
        """Make widgets of what the reader comes near to."""
        near = min(self.size.height, _NEAR_LINES)
        if self.scroll_y < near:
            grown = self._window.grow_up()
        else:
            grown = self.max_scroll_y - self.scroll_y < near and self._window.grow_down()
        if grown:
            self._settle()

    def _settle(self) -> None:
        """Make widgets of what is in the window, and of nothing else."""
        wanted = self._window.keys
        for key in self._views.keys() - set(wanted):
            gone = self._views.pop(key)
            gone.display = False
            gone.remove()
        run: list[Widget] = []
        for key in wanted:
            item, view = self.items[key], self._views.get(key)
            if view is None:
                run.append(self._make(item))
                continue
            if run:
                self.mount(*run, before=view)
                run = []
            if isinstance(view, MessageView) and isinstance(item, Entry) and view.entry != item:
                view.set_entry(item)
        if run:
            self.mount(*run)
        self.call_after_refresh(self._page)

    def _make(self, item: Item) -> Widget:
        view = self._views[item.key] = _view_of(item)
        if item.key == self.chosen_id and isinstance(view, MessageView):
            # Scrolled away and back again.
            view.choose(True)
        return view

    def _bring(self, key: str) -> None:
        view = self._views.get(key)
        if key == self._revealed and view is not None and view.is_attached:
            if key == next(iter(self.items)):
                self.scroll_to(y=0, animate=False, immediate=True)
            else:
                self.scroll_to_widget(view, animate=False, immediate=True)
            # That was a scroll, too, but not the reader's.
            self._revealed = key


def _view_of(item: Item) -> Widget:
    if isinstance(item, Entry):
        return AnswerView(item) if item.message.role == "assistant" else UserMessage(item)
    if isinstance(item, Intro):
        return ModelIntro(item.loaded, is_guide=item.is_guide)
    if isinstance(item, Queued):
        return QueuedMessage(item.draft)
    assert isinstance(item, Remark)
    return Notice(item.message, item.hint, tone=item.tone, details=item.details)
