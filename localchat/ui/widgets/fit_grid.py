"""The grid of one model under the cursor: moving looks at a choice, Enter takes it."""

from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from localchat.fit.option import Option
from localchat.ui import commands
from localchat.ui.grid import Cell, Grid
from localchat.ui.widgets import grid_table


class FitGrid(Widget, can_focus=True):
    """Quantizations by contexts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *commands.bindings("grid"),
        Binding("up", "move(-1, 0)", "Up", show=False),
        Binding("down", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
        Binding("home", "move(0, -99)", "First", show=False),
        Binding("end", "move(0, 99)", "Last", show=False),
        Binding("pageup", "move(-99, 0)", "Top", show=False),
        Binding("pagedown", "move(99, 0)", "Bottom", show=False),
    ]

    grid: reactive[Grid | None] = reactive(None, layout=True)
    cursor: reactive[Cell] = reactive((0, 0))

    class Moved(Message):
        """The cursor is on another choice, or on none."""

        def __init__(self, option: Option | None) -> None:
            super().__init__()
            self.option = option

    class Chosen(Message):
        """The reader wants this choice."""

        def __init__(self, option: Option) -> None:
            super().__init__()
            self.option = option

    class Back(Message):
        """The cursor was moved out of the grid on its left."""

    @property
    def option(self) -> Option | None:
        """The choice under the cursor."""
        return self.grid.at(self.cursor) if self.grid is not None else None

    def show(self, grid: Grid | None, cursor: Cell = (0, 0)) -> None:
        """Show a grid with the cursor in this cell, or the nearest that there is."""
        if grid is not None:
            cursor = min(cursor[0], len(grid.rows) - 1), min(cursor[1], grid.columns - 1)
        self.set_reactive(FitGrid.cursor, cursor)
        self.grid = grid
        self.refresh()
        self.post_message(self.Moved(self.option))

    def render(self) -> RenderResult:
        """Draw what fits."""
        if self.grid is None:
            return ""
        return grid_table.draw(self.grid, self.cursor, self._view(), has_focus=self.has_focus)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Take a line for each quantization and one for the heading."""
        del container, viewport, width
        return len(self.grid.rows) + 1 if self.grid is not None else 0

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor; out of the grid on the left goes back to the list."""
        if self.grid is None:
            return
        row, column = self.cursor
        if columns == -1 and column == 0:
            self.post_message(self.Back())
        self._look_at((row + rows, column + columns))

    def action_leave(self) -> None:
        """Go back to the list."""
        self.post_message(self.Back())

    def action_choose(self) -> None:
        """Take the choice under the cursor."""
        option = self.option
        if option is not None:
            self.post_message(self.Chosen(option))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to where the mouse is; a second click takes the choice."""
        cell = self._view().hit(event.x, event.y) if self.grid is not None else None
        if cell is None:
            return
        if event.chain == 2 and cell == self.cursor:
            self.action_choose()
        else:
            self._look_at(cell)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look at smaller files."""
        event.stop()
        self.action_move(1, 0)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look at larger files."""
        event.stop()
        self.action_move(-1, 0)

    def _look_at(self, cell: Cell) -> None:
        assert self.grid is not None
        row = min(max(0, cell[0]), len(self.grid.rows) - 1)
        column = min(max(0, cell[1]), self.grid.columns - 1)
        if (row, column) != self.cursor:
            self.cursor = row, column
            self.post_message(self.Moved(self.option))

    def _view(self) -> grid_table.View:
        assert self.grid is not None
        return grid_table.view(self.grid, self.cursor, self.size.width, self.size.height)


class Legend(Widget):
    """What the marks in the grid mean."""

    def render(self) -> RenderResult:
        """Draw as many as fit."""
        return grid_table.legend(self.size.width)
