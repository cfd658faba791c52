"""The conversation on screen, and which of its messages keys are for."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from localchat.ui import commands
from localchat.ui.feed import Entry, Item
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.column import Column
from localchat.ui.widgets.editor import Editor
from localchat.ui.widgets.message_view import MessageView, Wanted
from localchat.ui.widgets.scroller import Scroller

_PILL = " ↓ new text · End "
_PILL_CELLS = len(_PILL)


class _Pill(Static):
    """Tells that there is new text below, and goes there on a click."""

    class Clicked(Message):
        """The reader wants to see the newest text."""

    def on_click(self) -> None:
        self.post_message(self.Clicked())


class Transcript(Container, can_focus=True):
    """Messages, oldest first; with the focus, one of them is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("transcript")

    def __init__(self) -> None:
        super().__init__()
        self._column = Column()
        self._pill = _Pill(_PILL, markup=False)

    def compose(self) -> ComposeResult:
        yield self._column
        yield self._pill

    @property
    def chosen_id(self) -> str:
        """The message that keys are for; empty for none."""
        return self._column.chosen_id

    def view(self, message_id: str) -> MessageView | None:
        """Give the widget of a message, while it has one."""
        return self._column.view(message_id)

    def entry(self, message_id: str) -> Entry | None:
        """Give a message as it is shown."""
        found = self._column.items.get(message_id)
        return found if isinstance(found, Entry) else None

    def show(self, items: Sequence[Item]) -> None:
        """Show these, and of what was shown only what is among them."""
        before = _ids(self._column)
        self._column.show(items)
        if self.chosen_id and self.entry(self.chosen_id) is None:
            # What is in its place now: another version, or after a deletion the next message.
            at, ids = before.index(self.chosen_id), _ids(self._column)
            self.choose(ids[min(at, len(ids) - 1)] if ids and self.has_focus else "")

    def choose(self, message_id: str) -> None:
        """Choose a message, and bring it into view; empty chooses none."""
        self._column.choose(message_id)

    def go_to_end(self) -> None:
        """Show the newest text, and follow it from now on."""
        self._column.to_newest()
        self._pill.remove_class("-shown")

    def scroll_pages(self, pages: int) -> None:
        """Scroll by screens; 1000 and more is to the edge."""
        self._column.scroll_pages(pages)
        if self._column.follows:
            self._pill.remove_class("-shown")

    async def action_move(self, step: int) -> None:
        """Choose the message above or below; below the last one is the prompt."""
        ids = _ids(self._column)
        # From the newest, which is about to be chosen, where a key comes right after the focus.
        at = (ids.index(self.chosen_id) if self.chosen_id in ids else len(ids) - 1) + step
        if at >= len(ids) or not ids:
            # At once: what is typed next belongs into the prompt.
            await self.run_action("screen.write")
        else:
            self.choose(ids[max(0, at)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave every key to a message that is being edited."""
        del action, parameters
        return not isinstance(self.screen.focused, Editor)

    def action_want(self, deed: str, number: int = 0) -> None:
        """Say what the reader wants done with the chosen message."""
        if not self.chosen_id and (ids := _ids(self._column)):
            self.choose(ids[-1])
        view = self.view(self.chosen_id)
        if deed == "edit" and view is not None and view.is_mounted:
            # At once: what is typed next belongs into the text.
            view.edit()
        else:
            self.post_message(Wanted(deed, self.chosen_id, number))

    async def on_focus(self) -> None:
        """Choose the newest message unless one is chosen."""
        if not self.chosen_id:
            await self.action_move(0)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the pill in the lower right corner."""
        self._pill.styles.offset = (
            max(0, event.size.width - _PILL_CELLS - 3),
            event.size.height - 1,
        )

    @on(AnswerView.Grew)
    @on(Scroller.Moved)
    @on(_Pill.Clicked)
    def _moved(self, event: Message) -> None:
        event.stop()
        if isinstance(event, _Pill.Clicked):
            self.go_to_end()
        elif self._column.is_at_end:
            self._column.follows = True
            self._pill.remove_class("-shown")
        elif isinstance(event, AnswerView.Grew) and not self._column.follows:
            self._pill.add_class("-shown")


def _ids(column: Column) -> list[str]:
    """Every message, from the top."""
    return [key for key, item in column.items.items() if isinstance(item, Entry)]
