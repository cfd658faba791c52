"""The conversation on screen: it follows the newest text only while the reader is at the end."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from localchat import sanitize
from localchat.ui.widgets.answer import AnswerView

_PILL = " ↓ new text · End "
_PILL_CELLS = len(_PILL)


class UserMessage(Static):
    """What the reader wrote, as it was written."""

    def __init__(self, text: str) -> None:
        super().__init__(Content(sanitize.text(text)), classes="message", markup=False)


class _Scroll(VerticalScroll):
    """The scrolling part: it follows the end until the reader leaves it, and again from there."""

    class Moved(Message):
        """The view has moved."""

    def __init__(self) -> None:
        super().__init__()
        self.follows = True

    def anchor(self, anchor: bool = True) -> None:
        """Follow the end."""
        self.follows = anchor
        super().anchor(anchor)

    def release_anchor(self) -> None:
        """Stop following; scrolling down at the very end comes here too, and changes nothing."""
        self.follows = False
        super().release_anchor()
        self.call_after_refresh(self._follow_if_at_end)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that the view has moved."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def _follow_if_at_end(self) -> None:
        # The target tells a scroll that is only beginning from one that goes nowhere.
        if not self.follows and self.scroll_target_y >= self.max_scroll_y:
            self.anchor()


class _Pill(Static):
    """Tells that there is new text below, and goes there on a click."""

    class Clicked(Message):
        """The reader wants to see the newest text."""

    def on_click(self) -> None:
        self.post_message(self.Clicked())


class Transcript(Container):
    """Messages, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self._messages = Vertical(id="messages")
        self._column = _Scroll()
        self._pill = _Pill(_PILL, markup=False)

    def compose(self) -> ComposeResult:
        with self._column:
            yield self._messages
        yield self._pill

    def on_mount(self) -> None:
        """Stay at the end until the reader scrolls."""
        self._column.anchor()

    @property
    def at_end(self) -> bool:
        """Whether the newest text is in view."""
        return self._column.scroll_y >= self._column.max_scroll_y

    async def add(self, *messages: Widget) -> None:
        """Put messages at the end, and go there."""
        await self.append(*messages)
        self.go_to_end()

    async def append(self, *messages: Widget) -> None:
        """Put messages at the end; the view goes there only if it was there."""
        await self._messages.mount(*messages)

    def toggle_thoughts(self) -> None:
        """Fold or unfold the newest thinking there is."""
        for view in reversed(tuple(self.query(AnswerView))):
            if view.toggle_thoughts():
                return

    async def clear(self) -> None:
        """Take everything away."""
        await self._messages.remove_children()
        self.go_to_end()

    def go_to_end(self) -> None:
        """Show the newest text, and follow it from now on."""
        self._column.anchor()
        self._show_pill(False)

    def scroll_pages(self, pages: int) -> None:
        """Scroll by screens; 1000 and more is to the edge."""
        column = self._column
        rows = pages * max(1, column.size.height - 2)
        if column.scroll_y + rows >= column.max_scroll_y:
            self.go_to_end()
        else:
            column.scroll_to(y=max(0, column.scroll_y + rows), animate=False, immediate=True)

    @on(AnswerView.Grew)
    def _grew(self) -> None:
        if not self._column.follows:
            self._show_pill(not self.at_end)

    @on(_Scroll.Moved)
    def _moved(self) -> None:
        if self.at_end:
            self._column.follows = True
            self._show_pill(False)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the pill in the lower right corner."""
        self._pill.styles.offset = (
            max(0, event.size.width - _PILL_CELLS - 3),
            event.size.height - 1,
        )

    @on(_Pill.Clicked)
    def _clicked(self) -> None:
        self.go_to_end()

    def _show_pill(self, shown: bool) -> None:
        self._pill.set_class(shown, "-shown")
