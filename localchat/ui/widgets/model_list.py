"""The models as rows to choose from, and below them what the Hub has."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from localchat.ui import commands, hub_states
from localchat.ui.hub_lines import Ask, Line, Note
from localchat.ui.shelf import Entry
from localchat.ui.widgets import hub_table, model_table
from localchat.ui.widgets.model_table import Now

_HEADING_LINES = 3


class ModelList(Vertical):
    """Rows under a heading."""

    class Highlighted(Message):
        """The cursor is on another model, or on none."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Chosen(Message):
        """The reader wants this model."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    class Entered(Message):
        """The reader wants to see what can be chosen of this model."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    class Asked(Message):
        """The reader wants the Hub to be asked."""

        def __init__(self, ask: Ask) -> None:
            super().__init__()
            self.ask = ask

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()
        self._now = Now()
        self._of_disk = False
        self.drawn: tuple[Content, ...] = ()
        self._heading = Static("", id="columns", markup=False)
        self._rows = Rows(markup=False)

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._rows

    @property
    def cursor(self) -> Line | None:
        """The line under the cursor."""
        index = self._rows.highlighted
        return None if index is None or index >= len(self.lines) else self.lines[index]

    @property
    def highlighted(self) -> Entry | None:
        """The entry under the cursor."""
        line = self.cursor
        return line if isinstance(line, Entry) else None

    def show(self, lines: Sequence[Line], *, of_disk: bool = False, go_to: str = "") -> None:
        """Show these lines; the cursor goes to the one with a key, or stays on its model."""
        before = self.cursor
        self.lines, self._of_disk = tuple(lines), of_disk
        self._draw(go_to or (before.key if before else ""))
        if go_to:
            # Not drawn yet, so that the rows do not know where they are.
            self.call_after_refresh(self._scroll_to_cursor)
        self.post_message(self.Highlighted(self.highlighted))

    def update(self, now: Now) -> None:
        """Show what is loaded and downloaded now."""
        self._now = now
        if self.drawn and self._table()[1] != self.drawn:
            self._draw(self.cursor.key if self.cursor else "")

    def on_resize(self, _: events.Resize) -> None:
        """Fit the columns to the new width."""
        self._draw(self.cursor.key if self.cursor else "")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which model the cursor is on."""
        event.stop()
        # Not the one of the event: others may be in its place when that arrives.
        self.post_message(self.Highlighted(self.highlighted))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell which model was chosen."""
        event.stop()
        line = event.option.line if isinstance(event.option, _Row) else None
        if isinstance(line, Entry):
            self.post_message(self.Chosen(line))
        elif isinstance(line, Ask):
            self.post_message(self.Asked(line))

    def on_rows_entered(self, event: "Rows.Entered") -> None:
        """Tell whose choices are wanted: the cursor's message may still be on its way."""
        event.stop()
        if self.highlighted is not None:
            self.post_message(self.Entered(self.highlighted))

    def _scroll_to_cursor(self) -> None:
        """Let the cursor be seen below the headings above it."""
        rows = self._rows
        top = max(0, (rows.highlighted or 0) - _HEADING_LINES)
        rows.scroll_to(y=top, animate=False)

    def _draw(self, key: str) -> None:
        rows = self._rows
        heading, self.drawn = self._table()
        self._heading.update(heading)
        places = {line.key: at for at, line in reversed([*enumerate(self.lines)])}
        able = [at for at, line in enumerate(self.lines) if not isinstance(line, Note)]
        with self.prevent(OptionList.OptionHighlighted):
            rows.set_options(
                _Row(content, line) for content, line in zip(self.drawn, self.lines, strict=True)
            )
            if able:
                rows.highlighted = places.get(key, able[0])

    def _table(self) -> tuple[Content, tuple[Content, ...]]:
        width = max(0, self.size.width - Rows.SIDE_CELLS * 2 - Rows.SCROLLBAR_CELLS)
        kinds = [line.kind if isinstance(line, Note) else "" for line in self.lines]
        border = kinds.index("columns") if "columns" in kinds else len(kinds)
        above = [line for line in self.lines[:border] if isinstance(line, Entry)]
        below = [line for line in self.lines[border:] if isinstance(line, Entry)]
        heading, models = model_table.table(above, width, self._now, of_disk=self._of_disk)
        columns, found = hub_table.table(
            [each.result for each in below if each.result],
            [self._state(each) for each in below],
            width,
        )
        drawn = iter((*models, *found))
        return heading if above else Content(""), tuple(
            next(drawn) if isinstance(line, Entry) else _words(line, columns) for line in self.lines
        )

    def _state(self, entry: Entry) -> Content | None:
        is_told = entry.offer is not None or hub_states.of(entry, self._now.downloads) is not None
        return model_table.state(entry, self._now) if is_told else None


class _Row(Option):
    """A row that knows its line: that is taken, also when others are in its place by then."""

    def __init__(self, content: Content, line: Line) -> None:
        super().__init__(content, disabled=isinstance(line, Note))
        self.line = line


def _words(line: Note | Ask, columns: Content) -> Content:
    if isinstance(line, Note) and line.kind == "columns":
        return columns
    if isinstance(line, Ask):
        return Content.assemble(("▸ ", "bold $primary"), (line.words, "$primary"))
    styles = {"heading": "bold $accent", "error": "$text-error"}
    return Content.styled(line.words, styles.get(line.kind, "$foreground-muted"))


class Rows(OptionList):
    """The rows; the mouse looks at a model, and a second click takes it."""

    SIDE_CELLS = 1
    SCROLLBAR_CELLS = 1
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("list")

    class Entered(Message):
        """The reader wants to see what can be chosen of the model under the cursor."""

    def action_enter(self) -> None:
        """Go on to what can be chosen of this model."""
        self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """Look before taking: OptionList itself takes at the first click."""
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is None or self.get_option_at_index(clicked).disabled:
            return
        if event.chain == 2 and clicked == self.highlighted:
            self.action_select()
        else:
            self.highlighted = clicked
