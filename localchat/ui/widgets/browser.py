"""The models, the choices of the one under the cursor, and the memory that each would take."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message

from localchat.fit.option import Option
from localchat.ui import commands, pools, shelf, taking, wording
from localchat.ui.shelf import Entry
from localchat.ui.stock import Stock
from localchat.ui.widgets.fit_grid import FitGrid
from localchat.ui.widgets.fit_pane import FitPane
from localchat.ui.widgets.machine_bar import MachineBar
from localchat.ui.widgets.memory_bar import MemoryBar
from localchat.ui.widgets.model_list import ModelList, Rows
from localchat.ui.widgets.model_picker import ModelPicker


class Browser(Container):
    """Looks around; what is wanted goes to the screen.

    Where there is no room for list and grid side by side, one of them is seen: `-choosing`.
    """

    # In the grid it is the pane's, and shown.
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("pane", in_footer=False)

    class Wanted(Message):
        """The reader wants to chat with this model, in this way if it has been worked out."""

        def __init__(self, entry: Entry, option: Option | None) -> None:
            super().__init__()
            self.entry = entry
            self.option = option

    class Moved(Message):
        """Another model is looked at, or the other of list and grid has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.picker = ModelPicker()
        self.stock: Stock | None = None
        self.entry: Entry | None = None
        """What is looked at."""
        self._enter_title = ""
        """What the footer says of Enter."""
        self._machine = MachineBar()
        self._memory = MemoryBar()
        self._pane = FitPane()

    def compose(self) -> ComposeResult:
        yield self._machine
        yield self._memory
        with Container(id="panes"):
            yield self.picker
            yield self._pane

    @property
    def is_choosing(self) -> bool:
        """Whether the grid has the cursor, not the list."""
        return self.has_class("-choosing")

    def name_of(self, path: Path) -> str:
        """Name the model in this file; by the file's name when it is not in the list."""
        found = shelf.find(self.stock.entries, path) if self.stock else None
        return found.title if found else wording.model_name(path.name, is_guide=False)

    def show(self, stock: Stock, *, go_to: str = "") -> None:
        """Show what there is, the cursor on the entry of a key where one is given."""
        self.stock = stock
        self._machine.hardware = stock.hardware
        self._machine.is_simulated = stock.setup.is_simulated
        if not self._memory.pools:
            # As tall from the first moment on as it will be: nothing moves under the mouse.
            self._memory.pools = pools.of(stock.hardware, stock.budget, None)
        self.picker.show(stock.entries, stock.disk_words, go_to=go_to)

    def choose(self, begin: bool) -> None:
        """Go from the list to the grid, or back."""
        self.set_class(begin, "-choosing")
        self.take_focus()
        self.post_message(self.Moved())

    def take_focus(self) -> None:
        """Put the cursor where it was, in the list or in the grid."""
        self._pane.take_focus(self.is_choosing)
        if not self.is_choosing:
            self.query_one(Rows).focus()

    def footer_title(self, command_id: str) -> str:
        """Say what Enter does where the cursor is."""
        if command_id not in ("list.choose", "grid.choose"):
            return ""
        line = self.entry if self.is_choosing else self.picker.models.cursor
        is_shown = isinstance(line, Entry) and self.entry is not None and line.key == self.entry.key
        option = self._pane.option if is_shown or not isinstance(line, Entry) else line.best
        found = taking.way(line, option, self.stock)
        return taking.TITLES[found] if found else ""

    def action_toggle_kv(self) -> None:
        """Plan with the other type of KV cache."""
        self._pane.action_toggle_kv()

    @on(ModelList.Highlighted)
    def _describe(self, event: ModelList.Highlighted) -> None:
        event.stop()
        self._look_at(event.entry)

    def _look_at(self, entry: Entry | None) -> None:
        if self.stock is None:
            return
        # The first list that comes moves nobody, who may be told something or write meanwhile.
        if self.entry is not None and (entry is None or self.entry.key != entry.key):
            self.post_message(self.Moved())
        self.entry = entry
        self._pane.show(entry, self.stock)

    @on(FitPane.Looked)
    def _look(self, event: FitPane.Looked) -> None:
        event.stop()
        if self.stock is not None:
            footprint = event.option.footprint if event.option else None
            self._memory.pools = pools.of(self.stock.hardware, self.stock.budget, footprint)
        if self._enter_title != (title := self.footer_title("grid.choose")):
            # Not at every step: the footer is made anew each time.
            self._enter_title = title
            self.refresh_bindings()

    @on(ModelList.Chosen)
    def _want_listed(self, event: ModelList.Chosen) -> None:
        event.stop()
        # While the grid is still on its way to this model, its choice is another model's.
        is_shown = self.entry is not None and self.entry.key == event.entry.key
        option = self._pane.option if is_shown else event.entry.best
        self.post_message(self.Wanted(event.entry, option))

    @on(FitGrid.Chosen)
    def _want(self, event: FitGrid.Chosen) -> None:
        event.stop()
        if self.entry is not None:
            self.post_message(self.Wanted(self.entry, event.option))

    @on(ModelList.Entered)
    @on(FitGrid.Back)
    def _go(self, event: ModelList.Entered | FitGrid.Back) -> None:
        event.stop()
        if isinstance(event, FitGrid.Back):
            self.choose(False)
        elif event.entry.candidates:
            self._look_at(event.entry)
            self.choose(True)
        elif event.entry.result is not None:
            self.post_message(self.Wanted(event.entry, None))
