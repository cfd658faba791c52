"""The pane of one model: what it shows is that model's, whenever it was worked out."""

import asyncio
import threading

from textual.app import App, ComposeResult

from localchat.fit.option import ModelPlan
from localchat.ui import stock, themes
from localchat.ui.shelf import Entry
from localchat.ui.stock import Stock
from localchat.ui.widgets.fit_pane import FitPane
from tests.ui import hosts


class _SlowStock(Stock):
    """Works out nothing before it may."""

    gate = threading.Event()

    def plan(self, entry: Entry) -> ModelPlan | None:
        self.gate.wait(60)
        return super().plan(entry)


class _Host(App[None]):
    """Only the pane."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self.pane = FitPane()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def compose(self) -> ComposeResult:
        yield self.pane


async def test_a_plan_that_comes_late_is_not_taken_for_another_models() -> None:
    """The grid of a model that was left meanwhile is not shown under the name of the next."""
    found = stock.look(hosts.make_setup()).recommend()
    slow = _SlowStock(found.setup, found.hardware, found.budget, found.entries)
    planned = next(each for each in slow.entries if len(each.candidates) > 0)
    broken = next(each for each in slow.entries if each.local and each.local.problem)
    app = _Host()
    async with app.run_test(size=(100, 30)) as pilot:
        app.pane.show(planned, slow)
        await asyncio.sleep(0.05)
        app.pane.show(broken, slow)
        slow.gate.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.pane.shown_title == ""
        app.pane.show(planned, slow)
        await hosts.wait_until(pilot, lambda: app.pane.shown_title == planned.title)
