"""The list of downloads, with a cursor that stays on its download while others come and go."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from localchat.ui import commands
from localchat.ui.widgets.download_row import DownloadRow
from localchat.ui.widgets.download_words import Line


class DownloadList(VerticalScroll, can_focus=True):
    """Shows a Line for each key; keys keep their rows."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("downloadlist")

    class Taken(Message):
        """The reader pressed Enter, or clicked twice."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, DownloadRow] = {}
        self.key = ""
        """Where the cursor is; empty while there are no rows."""
        self.can_take: Callable[[str], bool] = bool
        """The owner's: whether Enter does anything with a row."""

    async def show(self, lines: Mapping[str, Line]) -> None:
        """Show these, in their order."""
        gone = [self._rows.pop(key) for key in tuple(self._rows) if key not in lines]
        place = self._place
        if gone:
            await self.remove_children(gone)
        fresh = [DownloadRow(key, line) for key, line in lines.items() if key not in self._rows]
        if fresh:
            await self.mount_all(fresh)
        for key, line in lines.items():
            if key in self._rows:
                self._rows[key].show(line)
        self._rows |= {row.key: row for row in fresh}
        if list(self._rows) != list(lines):
            self._rows = {key: self._rows[key] for key in lines}
            order = list(lines)
            self.sort_children(key=lambda row: order.index(getattr(row, "key", "")))
        if self.key not in lines:
            self._go(min(place, len(lines) - 1))

    @property
    def keys(self) -> tuple[str, ...]:
        """What is shown, in order."""
        return tuple(self._rows)

    def show_one(self, key: str, line: Line) -> bool:
        """Show how one stands; False when there is no such row."""
        row = self._rows.get(key)
        if row is not None:
            row.show(line)
        return row is not None

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        if self._rows:
            self._go(min(max(self._place + rows, 0), len(self._rows) - 1))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Enter only where it does something."""
        del parameters
        return action != "take" or self.can_take(self.key)

    def action_take(self) -> None:
        """Do what this row offers."""
        self.post_message(self.Taken(self.key))

    @on(DownloadRow.Chosen)
    def _choose(self, event: DownloadRow.Chosen) -> None:
        event.stop()
        if event.row.key == self.key:
            self.action_take()
        else:
            self._go(list(self._rows).index(event.row.key))

    @property
    def _place(self) -> int:
        return list(self._rows).index(self.key) if self.key in self._rows else 0

    def _go(self, place: int) -> None:
        keys = list(self._rows)
        self.key = keys[place] if 0 <= place < len(keys) else ""
        for key, row in self._rows.items():
            row.set_class(key == self.key, "-cursor")
        if self.key:
            self._rows[self.key].scroll_visible(animate=False)
        self.post_message(self.Moved())
