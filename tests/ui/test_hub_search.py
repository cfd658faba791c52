"""Searching the Hub from the models screen: only when it is wanted, and always told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localchat.ui.hub_lines import NOTHING_FOUND
from localchat.ui.shelf import Entry
from localchat.ui.widgets.model_list import ModelList, Rows
from localchat.ui.widgets.model_picker import ModelPicker
from tests import hub_demo
from tests.conftest import MakeEngine
from tests.fake_hub import FakeHub, FakeRepo, Fault
from tests.hub_content import COMMIT
from tests.ui import hosts, hub_hosts

SIZE = (160, 44)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A Hub with many repositories, none of which can be read."""
    with FakeHub(*hub_demo.crowd(45)) as made:
        yield made


def _cursor(pilot: Pilot[None]) -> str:
    line = pilot.app.screen.query_one(ModelList).cursor
    return line.key if line is not None else ""


def _repos(pilot: Pilot[None]) -> list[str]:
    lines = pilot.app.screen.query_one(ModelList).lines
    return [line.result.repo for line in lines if isinstance(line, Entry) and line.result]


async def test_typing_asks_nobody(fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub) -> None:
    """What is typed filters what is listed; the Hub is asked on Enter, and then at once."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.search(pilot, "model")
        await hosts.shows(pilot, 'Search the Hub for "model", by downloads')
        assert [] == hub.requests()
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "someone0/Model-000-GGUF")

        assert 20 == len(_repos(pilot))
        assert _cursor(pilot) == "hub:someone0/Model-000-GGUF"
        row = "someone0/Model-000-GGUF 1.0B 9.0k 900"
        await hosts.wait_until(pilot, lambda: row in " ".join(hosts.screen_text(pilot).split()))


async def test_line_in_the_list_searches_too(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """The visible line is chosen like a model."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.search(pilot, "model-00")
        await hosts.press(pilot, "down")
        await hosts.focuses(pilot, Rows)
        await hosts.wait_until(pilot, lambda: _cursor(pilot) == "ask:search")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "someone0/Model-000-GGUF")


async def test_further_results_follow(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """At the end of the results the next ones are asked for, and the cursor goes to them."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "model")
        await hosts.wait_until(pilot, lambda: len(_repos(pilot)) == 20)
        for count in (40, 45):
            await hosts.press(pilot, "end")
            await hosts.wait_until(pilot, lambda: _cursor(pilot) == "ask:more")
            before = len(_repos(pilot))
            await hosts.press(pilot, "enter")
            await hosts.wait_until(pilot, lambda count=count: len(_repos(pilot)) == count)  # type: ignore[misc]
            await hosts.wait_until(
                pilot,
                lambda before=before: _cursor(pilot) == f"hub:{_repos(pilot)[before]}",  # type: ignore[misc]
            )
        await hosts.press(pilot, "end")
        await hosts.wait_until(pilot, lambda: _cursor(pilot) == f"hub:{_repos(pilot)[-1]}")

    assert 3 == len(hub.requests())


async def test_filters_are_words_and_keys(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """Author, size and order are asked for by words in the search, and changed by keys."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "model author:someone1 <8b sort:likes")
        await hosts.shows(pilot, "on the Hub · by likes · up to 8B · of someone1")
        await _answered(pilot, hub, 1)
        asked = hub.requests()[0].path
        assert "author=someone1" in asked and "sort=likes" in asked and "search=model" in asked
        await hosts.press(pilot, "s")
        await hosts.shows(pilot, "on the Hub · by date")
        await _answered(pilot, hub, 2)
        assert "sort=lastModified" in hub.requests()[-1].path
        await hosts.press(pilot, "f")
        await hosts.shows(pilot, "by date · up to 9.5B · of someone1")
        await _answered(pilot, hub, 3)
        assert "author=someone1" in hub.requests()[-1].path
        await hosts.press(pilot, "a")
        await _answered(pilot, hub, 4)
        await hosts.shows(pilot, "by date · up to 9.5B")
        await hosts.hides(pilot, "of someone1")
        assert "author=" not in hub.requests()[-1].path


async def _answered(pilot: Pilot[None], hub: FakeHub, count: int) -> None:
    """Wait until so many questions were asked, and the cursor is on a result."""
    picker = pilot.app.screen.query_one(ModelPicker)

    def is_answered() -> bool:
        if len(hub.requests()) != count or picker.listing.finding.asking:
            return False
        return _cursor(pilot).removeprefix("hub:") in _repos(pilot)

    await hosts.wait_until(pilot, is_answered)


async def test_nothing_found_is_told(fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub) -> None:
    """An empty answer is no empty screen."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "no such thing")
        await hosts.shows(pilot, NOTHING_FOUND)


async def test_errors_are_told_and_left(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """What went wrong stands in one sentence; Esc forgets the search, and asks nothing more."""
    hub.fail(Fault("status", on="api", status=503, times=-1))
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "model")
        await hosts.shows(pilot, "503")
        count = len(hub.requests())
        await hosts.press(pilot, "escape")
        await hosts.hides(pilot, "503", "on the Hub")
        assert count == len(hub.requests())


async def test_silent_hub_can_be_left(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """While nothing comes, the list can be used, and Esc gives the search up."""
    hub.fail(Fault("black hole", on="api"))
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "model")
        await hosts.shows(pilot, "Searching the Hub …")
        await hosts.press(pilot, "escape")
        await hosts.hides(pilot, "Searching")
        await hosts.shows(pilot, "Guide")


async def test_offline_says_so(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Offline, one sentence says why the Hub is not asked."""
    app = hub_hosts.make_app(fake_engine(), tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.search(pilot, "model")
        await hosts.shows(pilot, "localchat is offline, so the Hub is not asked.")
        await hosts.press(pilot, "enter")
        await hosts.shows(
            pilot, "localchat is offline, and the Hugging Face Hub needs the network."
        )


async def test_names_of_the_hub_are_made_safe(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """What a repository tells about itself cannot move the terminal's cursor."""
    evil: dict[str, object] = {"architecture": "lla\x1b[2Jma\u202e", "total": 10**9}
    repo = FakeRepo("maker/evil-GGUF", commit=COMMIT, downloads=3, gguf=evil)
    with FakeHub(repo) as hub:
        app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
        async with app.run_test(size=SIZE) as pilot:
            await hub_hosts.ask(pilot, "evil")
            await hosts.shows(pilot, "1.0B weights")
            text = hosts.screen_text(pilot)

    assert "\x1b" not in text and "\u202e" not in text
