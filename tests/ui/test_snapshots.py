"""What the screens look like: one picture each, compared with the one that was approved.

Update with `pytest tests/ui/test_snapshots.py --snapshot-update`, and look at every picture.
"""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from localchat.engine.client import EngineClient
from localchat.machine import profile
from localchat.ui.app import LocalchatApp
from localchat.ui.widgets.fit_grid import FitGrid
from tests import programs
from tests.ui import hosts
from tests.ui.pictures import ANSWER, LOADED, QUESTION

pytestmark = pytest.mark.skipif(
    importlib.metadata.version("textual") != "8.2.8",
    reason="pictures change with Textual; they were taken with 8.2.8",
)

AIR = profile.read(hosts.MACHINES / "macbook-air-m2-16gb.toml")
KNOWN = tuple(hosts.known(name) for name in ("mistral-7b", "qwen3-4b", "gpt-oss-120b"))
Compare = Callable[..., bool]


class _ClosingApp(LocalchatApp):
    """Ends its engine in the loop that it ran in: the plugin runs each app in one of its own."""

    def __init__(self, engine: EngineClient, **options: Any) -> None:
        super().__init__(engine, hosts.make_setup(**options))
        self._engine = engine

    async def on_unmount(self) -> None:
        await self._engine.close()


def _app(home: Path, script: dict[str, Any], **options: Any) -> _ClosingApp:
    engine = EngineClient(home / "logs", home / "safe-mode.json", programs.fake_worker(script))
    return _ClosingApp(engine, **options)


@pytest.mark.parametrize("size", [(160, 40), (100, 30), (80, 24)])
def test_models_screen(snap_compare: Compare, home: Path, size: tuple[int, int]) -> None:
    """The list of models, with the cursor on one of the reader's own."""

    async def look(pilot: Pilot[None]) -> None:
        await hosts.open_models(pilot, "↓ ")
        await hosts.press(pilot, "down")
        await hosts.look_at(pilot, "Mistral 7B Instruct v0.3")

    app = _app(home, {}, machine=AIR, known=KNOWN, open_path=None)

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", [(160, 40), (80, 24)])
def test_choices(snap_compare: Compare, home: Path, size: tuple[int, int]) -> None:
    """The grid of a model of the catalogue on a machine where it fits only just."""

    async def look(pilot: Pilot[None]) -> None:
        await hosts.open_models(pilot, "↓ ")
        await hosts.press(pilot, "down", "down", "down", "down", "right")
        await hosts.look_at(pilot, "Qwen3 4B Instruct 2507")
        await hosts.focuses(pilot, FitGrid)
        await hosts.press(pilot, "right", "right")
        await hosts.shows(pilot, "short now")
        await pilot.pause()

    app = _app(home, {}, machine=AIR, known=KNOWN, open_path=None)

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", [(100, 30), (80, 24)])
def test_chat_screen(snap_compare: Compare, home: Path, size: tuple[int, int]) -> None:
    """A question and its answer, with a draft."""

    async def look(pilot: Pilot[None]) -> None:
        await hosts.open_chat(pilot)
        pilot.app.screen.query_one(TextArea).cursor_blink = False
        await hosts.ask(pilot, QUESTION, "stopped by itself", "localchat  What should I pack")
        pilot.app.screen.query_one(TextArea).text = "And for the way back?"
        # An answer under way may show any figure for a moment.
        await hosts.shows(pilot, "154/16k 0 %", "● ready")
        await pilot.pause()

    script = {"answers": [ANSWER], "loaded": LOADED, "rate": 500}
    app = _app(home, script)

    assert snap_compare(app, terminal_size=size, run_before=look)
