"""The footer: what it says a key does, and that it says nothing by halves."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from localchat.library.entries import Partial
from localchat.library.places import Place, Program
from localchat.ui import stock, taking
from localchat.ui.shelf import Entry
from localchat.ui.widgets.fit_grid import FitGrid
from localchat.ui.widgets.key_footer import KeyFooter
from tests import hub_demo
from tests.conftest import MakeEngine
from tests.fake_hub import FakeHub, FakeRepo
from tests.ui import hosts, hub_hosts


def _footer(pilot: Pilot[None]) -> str:
    return hosts.screen_text(pilot).splitlines()[-1].strip()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
async def test_no_key_is_cut_at_the_edge(
    fake_engine: MakeEngine, tmp_path: Path, width: int
) -> None:
    """However narrow the terminal is, in the prompt and at a message; help is always there."""
    app = hosts.make_app(fake_engine(rate=1000), chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(width, 24), notifications=True) as pilot:
        await hosts.wait_until(pilot, lambda: app.open_chat is not None)
        await hosts.ask(pilot, "Question")
        for keys, sign in (((), "^n New chat"), (("tab",), "e Edit")):
            await hosts.press(pilot, *keys)
            await hosts.wait_until(pilot, lambda sign=sign: sign in _footer(pilot))  # type: ignore[misc]
            assert _footer(pilot).endswith("f1 Help")
            footer = app.screen.query_one(KeyFooter)
            assert footer.virtual_size.width <= footer.size.width


async def test_at_80_columns_a_message_has_its_most_useful_keys(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """And the way back to the prompt; the prompt has its own, and how to quit."""
    app = hosts.make_app(fake_engine(rate=1000), chats_file=tmp_path / "chats.db")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await hosts.wait_until(pilot, lambda: app.open_chat is not None)
        await hosts.ask(pilot, "Question")
        await hosts.wait_until(pilot, lambda: "Stop" not in _footer(pilot))
        words = ("Copy", "New chat", "Models", "Chats", "Settings", "Quit", "Help")
        # All at once, but not at every moment: it is made anew where something is possible now.
        await hosts.wait_until(pilot, lambda: all(word in _footer(pilot) for word in words))
        await hosts.press(pilot, "tab")
        its = ("Edit", "Regenerate", "Continue", "Copy", "Delete", "Write", "Help")
        await hosts.wait_until(pilot, lambda: all(word in _footer(pilot) for word in its))


async def test_what_was_made_anew_is_drawn(fake_engine: MakeEngine) -> None:
    """As the footer is, in one go: also where nothing else happens on the screen afterwards."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await app.push_screen(Screen())
        await pilot.pause()
        with app.batch_update():
            await app.screen.mount(Static("Made anew"))
            # What the screen is told meanwhile, it puts off.
            await asyncio.sleep(0.5)
        await hosts.shows(pilot, "Made anew")


async def test_the_footer_says_what_enter_does_with_a_model(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Chat with what is here; see the files of a repository, then download one; ask the Hub."""
    eight = hub_demo.sparse(tmp_path / "eight", "Orchard-8B", "llama", ("Q8_0", "Q2_K"))
    with FakeHub(FakeRepo(hub_demo.EIGHT, tuple(eight))) as hub:
        app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
        async with app.run_test(size=(120, 36)) as pilot:
            await hosts.shows(pilot, "built in")
            await hosts.wait_until(pilot, lambda: "⏎ Chat" in _footer(pilot))
            await hub_hosts.search(pilot, "orchard")
            await hosts.press(pilot, "down")
            await hosts.wait_until(pilot, lambda: "⏎ Ask the Hub" in _footer(pilot))
            await hosts.press(pilot, "enter")
            await hosts.shows(pilot, hub_demo.EIGHT)
            await hosts.wait_until(pilot, lambda: "⏎ Files" in _footer(pilot))
            await hosts.press(pilot, "enter")
            await hosts.wait_until(pilot, lambda: isinstance(app.focused, FitGrid))
            await hosts.wait_until(pilot, lambda: "⏎ Download" in _footer(pilot))


def test_a_download_that_did_not_finish_goes_on() -> None:
    """Enter takes it up again, whatever is known of its model."""
    place = Place(Program.HUB, Path("/hub"))
    entry = Entry(partial=Partial(place, Path("/hub/a.incomplete")), known=hosts.known("qwen3-8b"))
    assert taking.way(entry, None, stock.look(hosts.make_setup(models=()))) == "go on"
