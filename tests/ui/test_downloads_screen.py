"""The downloads screen: every download a row that can be trusted, steered by the keyboard."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from localchat.hub.manners import Manners
from localchat.library import wanted
from localchat.library.values import Phase
from localchat.library.wanted import Wanted
from localchat.ui import leftovers
from localchat.ui.downloads import Terms
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.screens.download_questions import LimitScreen, StopScreen
from localchat.ui.screens.downloads import DownloadsScreen
from localchat.ui.widgets.download_list import DownloadList
from tests.fake_hub import FakeHub, Fault
from tests.hub.downloads import STEADY
from tests.ui import download_hosts, hosts
from tests.ui.download_hosts import Host

_ALPHA = download_hosts.file_of("alpha")
_BETA = download_hosts.file_of("beta", 1)
_GAMMA = download_hosts.file_of("gamma", 2)
_EVERY = (_ALPHA, _BETA, _GAMMA)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A slow hub with three models."""
    repos = (download_hosts.repo_of(*each) for each in _EVERY)
    with FakeHub(*repos, bytes_per_second=40_000, send_buffer_bytes=16_384) as hub:
        yield hub


@asynccontextmanager
async def opened(
    hub: FakeHub | None,
    folder: Path,
    *names: str,
    size: tuple[int, int] = (120, 36),
    manners: Manners = STEADY,
) -> AsyncIterator[tuple[Pilot[None], Host]]:
    """An app whose downloads screen is open, with these downloads under way."""
    app = download_hosts.make_host(hub, folder, manners)
    async with app.run_test(size=size, notifications=True) as pilot:
        for name in names:
            file = next(each[1] for each in _EVERY if each[1].path.startswith(name))
            await app.downloads.want((file,), f"maker/{name}-GGUF:Q4_K_M")
        await hosts.press(pilot, "ctrl+d")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, DownloadsScreen))
        await hosts.shows(pilot, "GiB free")
        await hosts.focuses(pilot, DownloadList)
        if names:
            await _has_rows(pilot)
        yield pilot, app


async def _has_rows(pilot: Pilot[None]) -> None:
    """Wait until the cursor is on a download."""
    shown = pilot.app.screen.query_one(DownloadList)
    await hosts.wait_until(pilot, lambda: bool(shown.key))


def _phases(app: Host) -> list[Phase]:
    return [each.phase for each in app.downloads.all()]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_every_download_is_a_row_with_bytes_speed_and_time(
    size: tuple[int, int], hub: FakeHub, tmp_path: Path
) -> None:
    """What runs, what waits its turn, the sum, the limits and the disk are seen at once."""
    async with opened(hub, tmp_path, "alpha", "beta", "gamma", size=size) as (pilot, _):
        first = ("maker/alpha-GGUF:Q4_K_M", "downloading", "of 977 KiB", "KiB/s", "s left")
        every = ("waits for its turn", "2 at once · no limit", "GiB free · models take")
        await hosts.shows(pilot, *first, *every)


async def test_pause_and_resume_by_one_key(hub: FakeHub, tmp_path: Path) -> None:
    """p pauses the download under the cursor, the next one begins; p again lets it go on."""
    async with opened(hub, tmp_path, "alpha", "beta", "gamma") as (pilot, app):
        await hosts.press(pilot, "p")
        await hosts.wait_until(pilot, lambda: _phases(app)[0] is Phase.PAUSED)
        await hosts.shows(pilot, "paused")
        await hosts.wait_until(pilot, lambda: _phases(app)[2] is not Phase.QUEUED)
        await hosts.press(pilot, "down", "p", "up", "p")
        await hosts.wait_until(pilot, lambda: _phases(app)[0] is not Phase.PAUSED)
        await hosts.wait_until(pilot, lambda: _phases(app)[1] is Phase.PAUSED)


async def test_enter_is_offered_where_it_does_something(hub: FakeHub, tmp_path: Path) -> None:
    """Not for a download under way, which p pauses; a paused one goes on with it."""
    async with opened(hub, tmp_path, "alpha") as (pilot, app):
        await hosts.shows(pilot, "p Pause")
        await hosts.hides(pilot, "⏎")
        await hosts.press(pilot, "p")
        await hosts.shows(pilot, "⏎ Go on")
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: _phases(app)[0] is not Phase.PAUSED)
        await hosts.hides(pilot, "⏎")


async def test_all_pause_and_all_go_on(hub: FakeHub, tmp_path: Path) -> None:
    """a pauses everything, what waits too; a again lets everything go on."""
    async with opened(hub, tmp_path, "alpha", "beta", "gamma") as (pilot, app):
        await hosts.press(pilot, "a")
        await hosts.wait_until(pilot, lambda: _phases(app) == [Phase.PAUSED] * 3)
        await hosts.press(pilot, "a")
        await hosts.wait_until(pilot, lambda: Phase.PAUSED not in _phases(app))


@pytest.mark.parametrize(("key", "is_kept"), [("enter", True), ("r", False)])
async def test_a_stop_asks_whether_to_keep_what_came(
    key: str, is_kept: bool, hub: FakeHub, tmp_path: Path
) -> None:
    """Esc goes back to the download; what was kept is listed and can go on."""
    async with opened(hub, tmp_path, "alpha") as (pilot, app):
        await hosts.wait_until(pilot, lambda: app.downloads.all()[0].progress.done_bytes > 50_000)
        await hosts.press(pilot, "x")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, StopScreen))
        await hosts.shows(pilot, "came so far")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, DownloadsScreen))
        assert 1 == len(app.downloads.all())
        await hosts.press(pilot, "x")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, StopScreen))
        await hosts.press(pilot, key)
        await hosts.wait_until(pilot, lambda: not app.downloads.all())
        await hosts.shows(pilot, "did not finish" if is_kept else "Nothing is being downloaded")
        left = leftovers.find(app.downloads.cache, app.downloads.journal)
        assert is_kept == bool(left)


async def test_enter_chats_with_what_is_here(hub: FakeHub, tmp_path: Path) -> None:
    """A finished download says so, in a toast too, and Enter leads to a chat with it."""
    hub.bytes_per_second = 0
    async with opened(hub, tmp_path, "alpha") as (pilot, app):
        await hosts.shows(pilot, "here, and verified", "its checksum is")
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: bool(app.chatted))
        assert [_ALPHA[0].content] == [path.read_bytes() for path in app.chatted]
        await hosts.wait_until(pilot, lambda: not isinstance(app.screen, DownloadsScreen))
        await hosts.press(pilot, "ctrl+d")
        await hosts.focuses(pilot, DownloadList)
        await _has_rows(pilot)
        await hosts.shows(pilot, "here, and verified", "GiB free")
        await hosts.press(pilot, "x")
        await hosts.shows(pilot, "Nothing is being downloaded")
        assert app.chatted[0].exists()


async def test_order_number_and_limit(hub: FakeHub, tmp_path: Path) -> None:
    """- and + change the order, n how many run at once, b how fast all may be."""
    async with opened(hub, tmp_path, "alpha", "beta", "gamma") as (pilot, app):
        await hosts.press(pilot, "down", "down", "minus")
        await hosts.wait_until(pilot, lambda: _titles(pilot) == ["alpha", "gamma", "beta"])
        await hosts.press(pilot, "plus")
        await hosts.wait_until(pilot, lambda: _titles(pilot) == ["alpha", "beta", "gamma"])
        await hosts.press(pilot, "n")
        await hosts.shows(pilot, "3 at once")
        await hosts.wait_until(pilot, lambda: Phase.QUEUED not in _phases(app))
        await hosts.press(pilot, "b")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, LimitScreen))
        await hosts.shows(pilot, "How fast may")
        await hosts.focuses(pilot, Input)
        app.screen.query_one(Input).value = "rather slow"
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "It must be")
        app.screen.query_one(Input).value = "512 KiB/s"
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "at most 512 KiB/s")
        await hosts.wait_until(pilot, lambda: Terms(3, 512 * 1024) == app.downloads.terms)


def _titles(pilot: Pilot[None]) -> list[str]:
    text = hosts.screen_text(pilot)
    places = {name: text.find(f"maker/{name}-GGUF") for name in ("alpha", "beta", "gamma")}
    return sorted(places, key=lambda name: places[name])


async def test_what_an_earlier_session_left_can_go_on_or_go(hub: FakeHub, tmp_path: Path) -> None:
    """Enter goes on with it, x removes it after a question."""
    journal = tmp_path / "downloads.json"
    for file, title in ((_ALPHA[1], "alpha of old"), (_BETA[1], "beta of old")):
        wanted.add(journal, Wanted(title, (file,)))
    async with opened(hub, tmp_path) as (pilot, app):
        await hosts.shows(pilot, "alpha of old", "beta of old")
        await _has_rows(pilot)
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: len(app.downloads.all()) == 1)
        assert "alpha of old" == app.downloads.all()[0].title
        await hosts.press(pilot, "down", "x")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await hosts.press(pilot, "enter")
        await hosts.hides(pilot, "beta of old")
        await hosts.wait_until(
            pilot, lambda: [each.title for each in wanted.read(journal)] == ["alpha of old"]
        )


async def test_the_start_offers_what_did_not_finish(tmp_path: Path) -> None:
    """It says how many there are and how to go on; nothing goes on by itself."""
    for file, title in ((_ALPHA[1], "alpha of old"), (_BETA[1], "beta of old")):
        wanted.add(tmp_path / "downloads.json", Wanted(title, (file,)))
    with FakeHub() as hub:
        app = download_hosts.make_host(hub, tmp_path)
        async with app.run_test(size=(120, 36), notifications=True) as pilot:
            await hosts.shows(pilot, "2 downloads did not finish")
            assert () == app.downloads.all()
        assert [] == hub.log


async def test_leaving_during_downloads_says_what_becomes_of_them(
    hub: FakeHub, tmp_path: Path
) -> None:
    """Esc stays; the second Ctrl+Q leaves at once; everything is offered the next time."""
    async with opened(hub, tmp_path, "alpha", "beta") as (pilot, app):
        await hosts.wait_until(pilot, lambda: app.downloads.all()[0].progress.done_bytes > 50_000)
        await hosts.press(pilot, "ctrl+q")
        await hosts.shows(pilot, "Quit during 2 downloads?", "What came is kept")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, DownloadsScreen))
        await hosts.press(pilot, "ctrl+q")
        await hosts.shows(pilot, "Quit during 2 downloads?")
        await hosts.press(pilot, "ctrl+q")
        async with asyncio.timeout(hosts.PATIENCE_SECONDS):
            while not app._exit:
                await asyncio.sleep(0.02)
    assert [Phase.PAUSED] * 2 == _phases(app)
    left = leftovers.find(app.downloads.cache, app.downloads.journal)
    assert 2 == len(left)
    assert left[0].done_bytes >= 50_000


async def test_a_full_disk_pauses_and_can_be_resumed(hub: FakeHub, tmp_path: Path) -> None:
    """The row says that the disk is full and what is kept; p goes on once there is room."""
    hub.bytes_per_second = 0
    greedy = Manners(reserve_bytes=1 << 60)
    async with opened(hub, tmp_path, "alpha", manners=greedy) as (pilot, app):
        await hosts.shows(pilot, "paused: the disk is full", "Free some space")
        await hosts.wait_until(pilot, lambda: app.failures == 1)
        await hosts.press(pilot, "p")
        # It tries again, and comes to the same end.
        await hosts.wait_until(pilot, lambda: app.failures == 2)
        await hosts.shows(pilot, "paused: the disk is full")


async def test_a_countdown_is_shown_while_it_waits(hub: FakeHub, tmp_path: Path) -> None:
    """429 with Retry-After: the row says for how long, and it goes down."""
    wait = (("Retry-After", "30"),)
    hub.fail(Fault("status", on="resolve", status=429, headers=wait))
    async with opened(hub, tmp_path, "alpha", manners=Manners(reserve_bytes=0)) as (pilot, _):
        await hosts.shows(pilot, "waits to try again")
        seen: list[int] = []

        def count() -> bool:
            found = re.search(r"Trying again in (\d+) s", hosts.screen_text(pilot))
            if found and int(found[1]) not in seen:
                seen.append(int(found[1]))
            return len(seen) >= 3

        await hosts.wait_until(pilot, count)
        assert sorted(seen, reverse=True) == seen


async def test_offline_says_so_in_one_sentence(tmp_path: Path) -> None:
    """What was left is listed; going on with it is refused by its reason."""
    wanted.add(tmp_path / "downloads.json", Wanted("alpha of old", (_ALPHA[1],)))
    async with opened(None, tmp_path) as (pilot, app):
        await hosts.shows(pilot, "alpha of old")
        await _has_rows(pilot)
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "localchat is offline")
        assert () == app.downloads.all()


async def test_the_note_leads_to_the_downloads(hub: FakeHub, tmp_path: Path) -> None:
    """Two under way, their share and speed, on the bar of any screen; a click opens the list."""
    app = download_hosts.make_host(hub, tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        for file in (_ALPHA, _BETA):
            await app.downloads.want((file[1],), file[1].name)
        await hosts.shows(pilot, "↓ 2 · ", "KiB/s")
        await hosts.click(pilot, "↓ 2 · ")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, DownloadsScreen))
        await hosts.shows(pilot, "GiB free")
        await hosts.hides(pilot, "↓ 2")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "↓ 2 · ")
        hub.bytes_per_second = 0
        app.downloads.agree(Terms(2))
        await asyncio.sleep(0)
