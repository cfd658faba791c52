"""One model: the grid of its choices, and the explanation of the one under the cursor."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localchat.fit.option import ModelPlan, Option
from localchat.ui import commands, explaining, grid
from localchat.ui.grid import KV_TYPES, Cell, KvType
from localchat.ui.shelf import Entry
from localchat.ui.stock import Stock
from localchat.ui.widgets.fit_details import FitDetails
from localchat.ui.widgets.fit_grid import FitGrid, Legend

_MOST_TITLE_CELLS = 34


class FitPane(Container):
    """What can be chosen of one model, and what each choice means."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("pane")

    class Looked(Message):
        """Another choice is looked at, or none."""

        def __init__(self, option: Option | None) -> None:
            super().__init__()
            self.option = option

    def __init__(self) -> None:
        super().__init__(classes="-empty")
        self._entry: Entry | None = None
        self._stock: Stock | None = None
        self._plans: dict[str, ModelPlan] = {}
        """Of the models that were looked at."""
        self._target: Option | None = None
        """The choice that the cursor was on before the model's files were known better."""
        self._is_awaited = False
        """The reader wants to be in the grid, which is being worked out."""
        self._kv_type: KvType = "f16"
        self._title = Static("", id="pane-title", markup=False)
        self._grid = FitGrid()
        self._details = FitDetails()

    def compose(self) -> ComposeResult:
        yield self._title
        with Container(id="choice"):
            with Container(id="grid-side"):
                yield self._grid
            with VerticalScroll(id="details-side", can_focus=False):
                yield self._details
        yield Legend()

    @property
    def option(self) -> Option | None:
        """The choice under the cursor; while the grid is worked out, what is best."""
        if self._grid.grid is not None:
            return self._grid.option
        return self._entry.best if self._entry else None

    @property
    def shown_title(self) -> str:
        """The model whose choices are shown; empty while there are none."""
        return self._entry.title if self._entry and self._grid.grid is not None else ""

    def show(self, entry: Entry | None, stock: Stock) -> None:
        """Show a model with the cursor on what is best, or where it was on the same model."""
        if stock is not self._stock:
            self._plans.clear()
        before = self._entry
        keeps = before is not None and entry is not None and before.key == entry.key
        is_other = before is None or entry is None or before.candidates != entry.candidates
        self._entry, self._stock = entry, stock
        self._target = self._grid.option or self._target if keeps else None
        if not keeps:
            self._kv_type = "f16"
        if is_other or not keeps:
            # Choices of other files must not be taken for those of these.
            self._grid.show(None)
        plan = self._plans.get(entry.key) if entry else None
        if entry is None or plan is not None or not entry.candidates:
            self._draw(plan)
        else:
            self._show_option(self.option)
            self._work_out(entry, stock)

    def action_toggle_kv(self) -> None:
        """Plan with the other type of KV cache; the cursor stays in its cell."""
        self._kv_type = KV_TYPES[(KV_TYPES.index(self._kv_type) + 1) % len(KV_TYPES)]
        plan = self._plans.get(self._entry.key) if self._entry else None
        # Without a plan one is on its way, and will be shown so.
        if plan is not None:
            self._draw(plan, self._grid.cursor)

    def take_focus(self, wanted: bool) -> None:
        """Move into the grid, as soon as it is there; or do so no longer."""
        self._is_awaited = wanted
        if wanted and self._grid.grid is not None:
            self._is_awaited = False
            # What was hidden until now cannot have the focus yet.
            self.call_after_refresh(self._grid.focus)

    @work(exclusive=True, group="grid")
    async def _work_out(self, entry: Entry, stock: Stock) -> None:
        plan = await asyncio.to_thread(stock.plan, entry)
        if stock is not self._stock:
            return
        if plan is not None:
            self._plans[entry.key] = plan
        if self._entry is not None and self._entry.key == entry.key:
            # The reader may look at a model by now that has nothing to work out.
            self._draw(plan)

    @on(FitGrid.Moved)
    def _look(self, event: FitGrid.Moved) -> None:
        event.stop()
        self._show_option(self.option)

    def _show_option(self, option: Option | None) -> None:
        if self._stock is None:
            return
        entry, limits = self._entry, self._stock.budget
        plan = self._plans.get(entry.key) if entry else None
        if entry is None:
            self._details.facts = ()
        elif option is None:
            self._details.facts = explaining.model(entry)
        else:
            here = self._stock.path_of(entry, option.label)
            self._details.facts = explaining.option(entry, option, limits, plan, here)
        self.query_one("#details-side", VerticalScroll).scroll_home(animate=False)
        self.post_message(self.Looked(option))

    def _draw(self, plan: ModelPlan | None, cell: Cell | None = None) -> None:
        """Show a plan, the cursor in a cell, or on the same choice as before, or on the best."""
        self.set_class(plan is None, "-empty")
        if self._entry is None or plan is None or self._stock is None:
            self._title.update(Content(""))
            self._grid.show(None)
            return
        shown = grid.of_plan(plan, self._kv_type, self._stock.stretch)
        for target in (self._grid.option, self._target, self._entry.best):
            if cell is None and target is not None:
                cell = shown.find(target)
        self._title.update(_title(self._entry, self._kv_type))
        self._grid.show(shown, cell or self._grid.cursor)
        if self._is_awaited:
            self.take_focus(True)


def _title(entry: Entry, kv_type: KvType) -> Content:
    return Content.assemble(
        Content.styled(entry.title, "bold $primary").truncate(_MOST_TITLE_CELLS, ellipsis=True),
        ("  quant × context, in GiB", "$foreground-muted"),
        ("   KV cache ", "$foreground-muted"),
        (kv_type, "bold" if kv_type == "f16" else "bold $accent"),
    )
