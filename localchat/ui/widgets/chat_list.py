"""Chats as rows to choose from, or what a search found in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from localchat.chat.records import ChatRecord, Hit
from localchat.ui import chat_rows, commands


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, and the message in it that was found; None for the chat as it was left."""

    chat_id: str
    message_id: str | None = None


class ChatList(Vertical):
    """Rows under a heading; one of them is under the cursor."""

    class Highlighted(Message):
        """The cursor is on another chat, or on none."""

        def __init__(self, place: Place | None) -> None:
            super().__init__()
            self.place = place

    class Chosen(Message):
        """The reader wants to go to what is under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._records: tuple[ChatRecord, ...] = ()
        self._hits: tuple[Hit, ...] | None = None
        self._open_id: str | None = None
        self._heading = Static("", id="columns", markup=False)
        self._rows = ChatRows(markup=False)

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._rows

    @property
    def place(self) -> Place | None:
        """What is under the cursor."""
        index, places = self._rows.highlighted, self._places()
        return None if index is None or index >= len(places) else places[index]

    def show(
        self, records: Sequence[ChatRecord], hits: Sequence[Hit] | None, open_id: str | None
    ) -> None:
        """Show chats, or hits; the cursor stays on its chat, or else on its line."""
        before, index = self.place, self._rows.highlighted
        self._records, self._open_id = tuple(records), open_id
        self._hits = None if hits is None else tuple(hits)
        self._draw(before or (Place(open_id) if open_id else None), index or 0)
        self.post_message(self.Highlighted(self.place))

    def take_focus(self) -> None:
        """Let the keys move the cursor."""
        # At once, unlike `focus`, which would take the focus from what was gone to meanwhile.
        if self._rows.is_attached:
            self.screen.set_focus(self._rows)

    def move(self, lines: int) -> None:
        """Move the cursor, while something else has the focus."""
        for _ in range(abs(lines)):
            (self._rows.action_cursor_down if lines > 0 else self._rows.action_cursor_up)()

    def on_resize(self, _: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._draw(self.place, self._rows.highlighted or 0)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which chat the cursor is on."""
        event.stop()
        # Not the one of the event: others may be in its place when that arrives.
        self.post_message(self.Highlighted(self.place))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell which chat was chosen."""
        event.stop()
        self.post_message(self.Chosen())

    def _places(self) -> tuple[Place, ...]:
        if self._hits is not None:
            return tuple(Place(each.chat_id, each.message_id) for each in self._hits)
        return tuple(Place(each.id) for each in self._records)

    def _draw(self, place: Place | None, index: int) -> None:
        width = max(20, self.size.width - 3)
        places = self._places()
        if self._hits is not None:
            drawn = [chat_rows.hit(each, width) for each in self._hits]
            self._heading.update(_found(len(drawn)))
        else:
            drawn = [
                chat_rows.row(each, width, is_open=each.id == self._open_id)
                for each in self._records
            ]
            self._heading.update(chat_rows.heading(width))
        with self.prevent(OptionList.OptionHighlighted):
            self._rows.set_options(Option(each) for each in drawn)
            if places:
                wanted = places.index(place) if place in places else min(index, len(places) - 1)
                self._rows.highlighted = wanted


def _found(count: int) -> Content:
    words = "Nothing was found." if not count else f"{count:,} found, the newest first"
    return Content.styled(words, "$warning" if not count else "$foreground-muted")


class ChatRows(OptionList):
    """The rows; the mouse looks at a chat, and a second click opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *commands.bindings("chatrows"),
        # As all keys of the list before the one that is typed next: none may overtake another.
        Binding("up", "cursor_up", show=False, priority=True),
        Binding("down", "cursor_down", show=False, priority=True),
        Binding("home", "first", show=False, priority=True),
        Binding("end", "last", show=False, priority=True),
        Binding("pageup", "page_up", show=False, priority=True),
        Binding("pagedown", "page_down", show=False, priority=True),
    ]

    def on_click(self, event: events.Click) -> None:
        """Look before opening: OptionList itself opens at the first click."""
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is None:
            return
        if event.chain == 2 and clicked == self.highlighted:
            self.action_select()
        else:
            self.highlighted = clicked
