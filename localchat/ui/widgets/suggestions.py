"""What could be meant by what is being written: a short list below the prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from localchat import sanitize

MOST_ROWS = 8
_MARKED = "bold $primary"
_MUTED = "$foreground-muted"
_LABEL_CHARACTERS = 400
_WIDEST_LABEL = 50


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that could be meant."""

    value: str
    """A path as written, or a command's word."""
    label: str
    """Untrusted text."""
    detail: str = ""
    marked: tuple[int, ...] = ()
    """The letters of the label that were typed."""
    is_open: bool = False
    """More has to be written: it is a folder, or a command that needs an argument."""


class Suggestions(OptionList, can_focus=False):
    """The list; the prompt's box moves in it, since the cursor stays in the text."""

    class Taken(Message):
        """A row was clicked."""

        def __init__(self, suggestion: Suggestion) -> None:
            super().__init__()
            self.suggestion = suggestion

    def __init__(self) -> None:
        super().__init__(markup=False, compact=True)
        self._rows: tuple[Suggestion, ...] = ()
        self.subject: object = None
        """What the rows were found for."""

    @property
    def is_open(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._rows)

    @property
    def chosen(self) -> Suggestion | None:
        """The row that the cursor is on."""
        at = self.highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def show(self, rows: Sequence[Suggestion], subject: object) -> None:
        """Show these rows, the first one chosen; none close the list."""
        self.subject = subject
        chosen = self.chosen
        if self._rows != tuple(rows):
            self._rows = tuple(rows)
            width = min(max(map(_label_cells, self._rows), default=0), _WIDEST_LABEL)
            self.set_options(Option(_content(row, width)) for row in self._rows)
            self.highlighted = self._rows.index(chosen) if chosen in self._rows else 0
        self.set_class(bool(rows), "-open")

    def close(self) -> None:
        """Show nothing."""
        self.show((), None)

    def move(self, rows: int) -> None:
        """Choose another row, around the ends."""
        self.highlighted = ((self.highlighted or 0) + rows) % len(self._rows)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Taken(self._rows[event.option_index]))


def _label_cells(row: Suggestion) -> int:
    return cell_len(sanitize.line(row.label, _LABEL_CHARACTERS))


def _content(row: Suggestion, width: int) -> Content:
    label = sanitize.line(row.label, _LABEL_CHARACTERS)
    content = Content(label)
    # Cleaning moves letters only where a name holds what no name should.
    if label == row.label:
        for place in row.marked:
            content = content.stylize(_MARKED, place, place + 1)
    gap = " " * max(2, width + 2 - content.cell_length)
    return Content.assemble(content, gap, (sanitize.line(row.detail), _MUTED))
