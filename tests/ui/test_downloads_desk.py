"""The desk: what is wanted comes, is told of in the app's loop, and outlives the program."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App

from localchat import errors
from localchat.hub import download
from localchat.hub.access import Access
from localchat.library import wanted
from localchat.library.cache import Cache
from localchat.library.values import Phase, RemoteFile
from localchat.ui import leftovers
from localchat.ui.downloads import DownloadDesk, Terms
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub.downloads import STEADY
from tests.hub_content import COMMIT, pattern
from tests.ui import download_hosts

_ALPHA = download_hosts.file_of("alpha")
_BETA = download_hosts.file_of("beta", 1)
_GAMMA = download_hosts.file_of("gamma", 2)
_PATIENCE_SECONDS = 90.0


class Listener(App[None]):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: list[Phase] = []
        self.finished: list[tuple[Path, ...]] = []
        self.failed: list[errors.LocalchatError] = []

    def on_download_desk_changed(self, event: DownloadDesk.Changed) -> None:
        self.changed.append(event.download.phase)

    def on_download_desk_finished(self, event: DownloadDesk.Finished) -> None:
        self.finished.append(event.paths)

    def on_download_desk_failed(self, event: DownloadDesk.Failed) -> None:
        self.failed.append(event.error)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub with three models."""
    repos = (download_hosts.repo_of(*each) for each in (_ALPHA, _BETA, _GAMMA))
    with FakeHub(*repos, send_buffer_bytes=16_384) as hub:
        yield hub


@asynccontextmanager
async def listening(
    hub: FakeHub, folder: Path, at_once: int = 2
) -> AsyncIterator[tuple[DownloadDesk, Listener]]:
    """A desk with a journal, and an app that listens."""
    desk = DownloadDesk(
        Cache(folder / "hub"),
        Access(hub.endpoint),
        Terms(at_once),
        folder / "downloads.json",
        STEADY,
    )
    listener = Listener()
    async with listener.run_test() as pilot:
        desk.subscribe(listener)
        yield desk, listener
        await pilot.pause()
        await desk.close()


async def until(condition: object) -> None:
    """Wait until a callable says yes."""
    assert callable(condition)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def test_nothing_of_the_network_is_loaded_before_a_download() -> None:
    """The app is imported without the HTTP client and without huggingface_hub."""
    code = (
        "import sys, localchat.ui.app\n"
        "print([name for name in sys.modules if name in ('httpx2', 'huggingface_hub')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == found.stdout.strip()


async def test_what_is_wanted_comes_and_is_told_of(hub: FakeHub, tmp_path: Path) -> None:
    """Changes come up to about eight times a second, the end once, with the file's place."""
    hub.bytes_per_second = 500_000
    then: list[tuple[Path, ...]] = []
    async with listening(hub, tmp_path) as (desk, listener):
        began = time.monotonic()
        await desk.want((_ALPHA[1],), "alpha", then.append)
        assert 1 == len(desk.all())
        await until(lambda: listener.finished)
        seconds = time.monotonic() - began
        found = desk.find((_ALPHA[1],))
        assert found is not None
        assert Phase.DONE is found.phase
        assert [found.paths] == listener.finished == then
        assert _ALPHA[0].content == found.paths[0].read_bytes()
    # It takes two seconds at least; how many changes are heard of depends on the machine too.
    assert 3 <= listener.changed.count(Phase.DOWNLOADING) <= 9 * seconds + 2
    assert () == wanted.read(tmp_path / "downloads.json")


async def test_wanting_again_does_not_download_again(hub: FakeHub, tmp_path: Path) -> None:
    """The same files are one download, resumed where it pauses; both who wait are called."""
    hub.bytes_per_second = 500_000
    async with listening(hub, tmp_path) as (desk, listener):
        called: list[str] = []
        first = await desk.want((_ALPHA[1],), "alpha", lambda _: called.append("first"))
        desk.pause(first)
        again = await desk.want((_ALPHA[1],), "alpha again", lambda _: called.append("second"))
        assert first == again
        assert Phase.PAUSED is not desk.all()[0].phase
        await until(lambda: listener.finished)
        assert ["first", "second"] == called
        assert 1 == len(desk.all())
        again = await desk.want((_ALPHA[1],), "alpha")
        await until(lambda: len(listener.finished) == 2)
        assert [again] == [each.id for each in desk.all()]
    assert 1 == len(
        [each for each in hub.requests("cdn") if each.body_bytes == _ALPHA[0].size_bytes]
    )


async def test_offline_it_refuses_in_one_sentence(tmp_path: Path) -> None:
    """No thread begins, and nothing is remembered."""
    desk = DownloadDesk(
        Cache(tmp_path), Access(is_offline=True), journal=tmp_path / "downloads.json"
    )
    with pytest.raises(errors.Offline, match="offline, and a download needs the network"):
        await desk.want((_ALPHA[1],), "alpha")
    assert () == desk.all()
    assert [] == list(tmp_path.iterdir())


async def test_a_failure_is_told_once_and_again_when_it_fails_again(
    hub: FakeHub, tmp_path: Path
) -> None:
    """The error keeps its kind; what failed is still wanted after the program's end."""
    hub.fail(Fault("status", on="resolve", status=403, times=2))
    async with listening(hub, tmp_path) as (desk, listener):
        id = await desk.want((_ALPHA[1],), "alpha")
        await until(lambda: listener.failed)
        desk.resume(id)
        await until(lambda: len(listener.failed) == 2)
        await asyncio.sleep(0.3)
    assert [errors.HubRefused] * 2 == [type(each) for each in listener.failed]
    assert ["alpha"] == [each.title for each in wanted.read(tmp_path / "downloads.json")]


@pytest.mark.parametrize("keep", [True, False])
async def test_a_stop_keeps_what_came_or_removes_it(
    keep: bool, hub: FakeHub, tmp_path: Path
) -> None:
    """Either way it leaves the list; only what is kept is offered the next time."""
    hub.bytes_per_second = 60_000
    async with listening(hub, tmp_path) as (desk, _):
        id = await desk.want((_ALPHA[1],), "alpha")
        await until(lambda: desk.all()[0].progress.done_bytes > 50_000)
        await desk.cancel(id, keep=keep)
        await until(lambda: not desk.all())
    left = leftovers.find(desk.cache, desk.journal)
    assert (["alpha"] if keep else []) == [each.title for each in left]


async def test_the_end_of_the_program_loses_nothing(hub: FakeHub, tmp_path: Path) -> None:
    """What ran, what waited and their titles are found the next time, and no byte comes twice."""
    hub.bytes_per_second = 150_000
    async with listening(hub, tmp_path, at_once=1) as (desk, _):
        await desk.want((_ALPHA[1],), "alpha")
        await desk.want((_BETA[1], _GAMMA[1]), "beta and gamma")
        await until(lambda: desk.all()[0].progress.done_bytes > 150_000)
    first, second = leftovers.find(desk.cache, desk.journal)
    assert ("alpha", "beta and gamma") == (first.title, second.title)
    assert first.done_bytes >= 150_000
    assert (0, 2_000_000) == (second.done_bytes, second.size_bytes)
    hub.bytes_per_second = 0
    async with listening(hub, tmp_path) as (desk, listener):
        for left in (first, second):
            await desk.want(left.files, left.title)
        await until(lambda: len(listener.finished) == 2)
    assert () == leftovers.find(desk.cache, desk.journal)
    resumed = [each.headers.get("range") for each in hub.requests("cdn")]
    assert f"bytes={first.done_bytes}-" in resumed


async def test_the_order_and_how_many_run_may_change(hub: FakeHub, tmp_path: Path) -> None:
    """What is moved forward has its turn earlier; one more at once begins one more."""
    hub.bytes_per_second = 30_000
    async with listening(hub, tmp_path, at_once=1) as (desk, _):
        ids = [
            await desk.want((each[1],), name)
            for each, name in ((_ALPHA, "alpha"), (_BETA, "beta"), (_GAMMA, "gamma"))
        ]
        desk.move(ids[2], -1)
        assert ["alpha", "gamma", "beta"] == [each.title for each in desk.all()]
        desk.agree(Terms(at_once=2, bytes_per_second=1_000_000))
        await until(lambda: desk.all()[1].phase is not Phase.QUEUED)
        assert Phase.QUEUED is desk.all()[2].phase


async def test_a_piece_of_a_split_model_brings_the_others(tmp_path: Path) -> None:
    """What a command left is one part; going on with it asks the Hub for all of them."""
    parts = [
        FakeFile(f"big-Q4_K_M-0000{number}-of-00002.gguf", pattern(200_000, number))
        for number in (1, 2)
    ]
    repo = FakeRepo("maker/big-GGUF", tuple(parts))
    first, second = (
        RemoteFile(repo.id, COMMIT, each.path, each.size_bytes, each.sha256, each.etag)
        for each in parts
    )
    cache = Cache(tmp_path / "hub")
    with FakeHub(repo) as hub:
        hub.fail(Fault("early end", at_byte=100_000), Fault("status", "resolve", skip=1, times=-1))
        hurried = download_hosts.quick()
        with pytest.raises(errors.NetworkError):
            download.fetch((second,), cache, Access(hub.endpoint), manners=hurried)
        hub.heal()
        (left,) = leftovers.find(cache, None)
        assert ("maker/big-GGUF:Q4_K_M", True) == (left.title, left.is_piece)
        whole = leftovers.completed(left, Access(hub.endpoint))
    assert (first, second) == whole.files
