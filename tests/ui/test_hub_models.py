"""Repositories of the Hub in the models screen: their exact grids, and the way onto this disk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localchat import units
from localchat.fit.option import Option
from localchat.library.values import Phase
from localchat.ui.screens.models import ModelsScreen
from localchat.ui.widgets.fit_grid import FitGrid
from localchat.ui.widgets.model_list import ModelList, Rows
from tests import hub_demo
from tests.conftest import MakeEngine
from tests.fake_hub import FakeHub, FakeRepo, Fault
from tests.library import disks
from tests.ui import hosts, hub_hosts

SIZE = (160, 44)
QUANTS = ("Q8_0", "Q4_K_M", "Q2_K")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub with a large model, one that answers, and one that no engine can run."""
    folder = tmp_path / "offered"
    eight = tuple(hub_demo.sparse(folder / "eight", "Orchard-8B", "llama", QUANTS))
    made = (
        FakeRepo(hub_demo.EIGHT, eight, downloads=1_240_000, likes=2_100),
        FakeRepo(hub_demo.GATED, eight, is_gated=True, downloads=310_000, likes=800),
        hub_demo.guide(folder / "guide"),
        hub_demo.unknown(folder / "new"),
    )
    with FakeHub(*made) as served:
        yield served


def _grid(pilot: Pilot[None]) -> FitGrid:
    return pilot.app.screen.query_one(FitGrid)


async def _read(pilot: Pilot[None], name: str) -> Option:
    """Go to a repository by its name, and wait for its grid."""
    await hub_hosts.ask(pilot, name)
    await hosts.wait_until(
        pilot, lambda: _grid(pilot).has_focus and _grid(pilot).option is not None
    )
    option = _grid(pilot).option
    assert option is not None
    return option


async def test_grid_of_a_repository_is_exact(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """A result that is chosen shows every file with its true size, for headers alone."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "orchard")
        await hosts.shows(pilot, "1.2M downloads in 30 days · 2.1k likes")
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: _grid(pilot).option is not None)
        grid = _grid(pilot).grid
        assert grid is not None
        found = {each.label: each.file_bytes for each in grid.rows}
        option = _grid(pilot).option
        assert option is not None
        size = units.human_bytes(option.candidate.file_bytes)
        await hosts.shows(pilot, f"Enter: download {size} and chat")
        assert (option.footprint.basis, option.candidate.uncertainty_bytes) == ("formula", 0)

    (repo,) = (hub.repos[name] for name in (hub_demo.EIGHT,))
    sizes = {file.path.split("-")[-1].removesuffix(".gguf"): file.size_bytes for file in repo.files}
    assert sizes == found
    assert hub.served_bytes() < units.MIB


async def test_name_or_address_goes_straight_there(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """What is pasted from the Hub's pages opens that repository, at the file that is named.

    Also where something of it is on this disk, and listed above.
    """
    disks.HubCache(tmp_path / "hub").add(hub_demo.EIGHT, "o-Q4_0.gguf", disks.model("Other"))
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        address = f"https://huggingface.co/{hub_demo.EIGHT}/blob/main/Orchard-8B-Q2_K.gguf"
        option = await _read(pilot, address)

    assert option.label == "Q2_K"
    assert not any(entry.path.startswith("/api/models?") for entry in hub.requests())


async def test_reading_is_told_and_can_be_stopped(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """While headers come, their bytes are counted; Esc gives up, and nothing is shown later."""
    hub.bytes_per_second = 8_000
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, hub_demo.EIGHT)
        await hosts.shows(pilot, f"Reading the headers of {hub_demo.EIGHT}")
        await hosts.shows(pilot, " KiB   Esc stops it")
        await hosts.press(pilot, "escape")
        await hosts.hides(pilot, "Reading")
        assert _grid(pilot).grid is None


async def test_what_the_engine_cannot_run_is_told_before_a_download(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """An architecture that the installed llama.cpp does not know is named, and nothing offered."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, hub_demo.NEW)
        await hosts.shows(pilot, 'does not know the architecture "hermes9"')
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Choose another repository.")
        assert () == app.downloads.all()


async def test_gated_repository_says_what_to_do(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """It is marked in the list, and reading it tells where to ask."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await hub_hosts.ask(pilot, "orchard")
        await hosts.shows(pilot, "gated")
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "down", "enter")
        await hosts.shows(pilot, "Its owner must let you in first", "token")
        await hosts.hides(pilot, "Reading")


async def test_catalogue_becomes_exact_before_it_is_downloaded(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """Enter on a model of the catalogue reads its repository; only then is a download offered."""
    known = hosts.known("mistral-7b")
    hub.add(FakeRepo(known.repo, hub.repos[hub_demo.EIGHT].files))
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub, known=(known,))
    async with app.run_test(size=SIZE) as pilot:
        await hosts.open_models(pilot, "↓ ")
        await hosts.press(pilot, "down")
        await hosts.shows(pilot, "Enter: ask the Hub for exact sizes")
        assert [] == hub.requests()
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Enter: download ")
        await hosts.wait_until(pilot, lambda: _labels(pilot) == set(QUANTS))
        await hosts.shows(pilot, f"{known.repo} on the Hub")


def _labels(pilot: Pilot[None]) -> set[str]:
    grid = _grid(pilot).grid
    return {row.label for row in grid.rows} if grid is not None else set()


async def test_what_was_downloaded_is_loaded_as_it_was_chosen(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub, home: Path
) -> None:
    """Whoever waits for a download chats with it, in the context that was chosen."""
    home.mkdir()
    log = home / "commands"
    app = hub_hosts.make_app(fake_engine(log=str(log)), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        option = await _read(pilot, hub_demo.GUIDE)
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    (load,) = (
        each for each in map(json.loads, log.read_text().splitlines()) if each["tag"] == "load"
    )
    assert load["path"].endswith("/guide-Q8_0.gguf")
    assert load["params"]["context_tokens"] == option.context_tokens


async def test_whoever_went_on_is_only_told(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """Who waits no longer keeps the screen; what has come is an entry of the list, and ready."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await _read(pilot, hub_demo.GUIDE)
        hub.bytes_per_second = 50_000
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "It is loaded when it is here.")
        await hosts.press(pilot, "escape", "escape")
        await hosts.hides(pilot, "It is loaded")
        await hosts.open_models(pilot, "↓ ")
        await hosts.press(pilot, "escape")
        (download,) = app.downloads.all()
        app.downloads.pause(download.id)
        await hosts.wait_until(pilot, lambda: app.downloads.all()[0].phase is Phase.PAUSED)
        hub.bytes_per_second = 0
        app.downloads.resume(download.id)
        await hosts.shows(pilot, "localchat Guide", "ready")
        assert isinstance(app.screen, ModelsScreen)


async def test_row_shows_how_a_download_stands(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub
) -> None:
    """Per cent while it goes, paused and failed as it happens."""
    app = hub_hosts.make_app(fake_engine(), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await _read(pilot, hub_demo.GUIDE)
        hub.bytes_per_second = 100_000
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: " %" in _state(pilot))
        (download,) = app.downloads.all()
        app.downloads.pause(download.id)
        await hosts.wait_until(pilot, lambda: "paused" in _state(pilot))
        hub.fail(Fault("status", on="resolve", status=403, times=-1))
        app.downloads.resume(download.id)
        await hosts.wait_until(pilot, lambda: "failed" in _state(pilot))


def _state(pilot: Pilot[None]) -> str:
    drawn = pilot.app.screen.query_one(ModelList).drawn
    return "\n".join(line.plain for line in drawn if hub_demo.GUIDE in line.plain)


async def test_what_is_here_is_not_downloaded_again(
    fake_engine: MakeEngine, tmp_path: Path, hub: FakeHub, home: Path
) -> None:
    """The very file under another name in another place is found, and loaded from there."""
    home.mkdir()
    log = home / "commands"
    content = (tmp_path / "offered" / "guide" / "guide-Q8_0.gguf").read_bytes()
    mine = disks.put(tmp_path / "models" / "mine.gguf", content)
    app = hub_hosts.make_app(fake_engine(log=str(log)), tmp_path, hub)
    async with app.run_test(size=SIZE) as pilot:
        await _read(pilot, hub_demo.GUIDE)
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    assert str(mine) in log.read_text()
    assert hub.served_bytes() < len(content) // 2
