"""Pause, resume, cancel, a queue and a limit: soon, and without a byte lost or left over."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localchat import errors
from localchat.hub import download, queue
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.queue import Downloads
from localchat.hub.throttle import Throttle
from localchat.library import parts
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, Phase, RemoteFile
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub import downloads
from tests.hub.downloads import CONTENT, FILE, REPO, STEADY
from tests.hub_content import COMMIT, pattern

_SOON_SECONDS = 8.0
"""Half a second where nothing else runs; waiting for the server would take longer than this."""
_PATIENCE_SECONDS = 60.0


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def slow_hub() -> Iterator[FakeHub]:
    """A hub that needs some seconds for the file."""
    with FakeHub(REPO, bytes_per_second=300_000, send_buffer_bytes=16_384) as hub:
        yield hub


def test_the_end_is_told_with_the_files(tmp_path: Path) -> None:
    """Nobody hears that a download is done before it can be said where its files are."""
    told: list[queue.Download] = []
    with (
        FakeHub(REPO) as hub,
        queue.running(
            Downloads(Cache(tmp_path), downloads.who(hub), manners=STEADY, on_change=told.append)
        ) as made,
    ):
        made.add((FILE,), "model")
        _until(lambda: any(each.paths for each in told))
    assert [] == [each for each in told if each.phase is Phase.DONE and not each.paths]


@pytest.mark.parametrize("wish", ["pause", "cancel"])
@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ((), 2),
        ((Fault("stall", at_byte=70_000),), 2),
        ((Fault("black hole"),), 2),
        ((Fault("black hole", on="resolve"),), 1),
        ((Fault("early end", at_byte=70_000), Fault("black hole", on="resolve", skip=1)), 3),
        ((Fault("status", on="resolve", status=503, times=-1),), 2),
    ],
    ids=["flows", "stalls", "silent storage", "silent hub", "silent hub later", "waits"],
)
def test_a_download_stops_within_half_a_second(
    wish: str, faults: tuple[Fault, ...], requests: int, slow_hub: FakeHub, tmp_path: Path
) -> None:
    """Whether bytes flow, stall, or the answer never begins, the user is obeyed soon."""
    slow_hub.fail(*faults)
    control, ended = Control(), threading.Event()
    failures: list[errors.LocalchatError] = []

    def run() -> None:
        try:
            download.fetch((FILE,), Cache(tmp_path), downloads.who(slow_hub), control=control)
        except errors.Cancelled as error:
            failures.append(error)
        ended.set()

    threading.Thread(target=run).start()
    _until(lambda: len(slow_hub.requests()) == requests)
    time.sleep(0.1)
    began = time.monotonic()
    control.pause() if wish == "pause" else control.cancel()
    assert ended.wait(_PATIENCE_SECONDS)
    assert time.monotonic() - began < _SOON_SECONDS
    assert [130] == [failure.exit_code for failure in failures]


def test_what_was_paused_goes_on_where_it_was(slow_hub: FakeHub, tmp_path: Path) -> None:
    """After a pause only the missing bytes are fetched; the part is listed meanwhile."""
    cache = Cache(tmp_path)
    with queue.running(Downloads(cache, downloads.who(slow_hub), manners=STEADY)) as line:
        line.add((FILE,), "model")
        _until(lambda: line.all()[0].progress.done_bytes > 200_000)
        line.pause(1)
        assert Phase.PAUSED is line.all()[0].phase
        _until(lambda: not _threads())
        (unfinished,) = parts.unfinished(cache)
        assert FILE == unfinished.file
        assert 200_000 <= unfinished.done_bytes < len(CONTENT)
        slow_hub.bytes_per_second = 0
        line.resume(1)
        _until(lambda: line.all()[0].phase is Phase.DONE)
        (done,) = line.all()
    assert CONTENT == done.paths[0].read_bytes()
    assert downloads.whole() == downloads.files_in(tmp_path)
    assert slow_hub.requests("cdn")[1].headers["range"] == f"bytes={unfinished.done_bytes}-"
    assert "if-range" in slow_hub.requests("cdn")[1].headers


def test_resuming_at_once_loses_no_wish(slow_hub: FakeHub, tmp_path: Path) -> None:
    """Pause and resume in quick succession end in a whole file."""
    with queue.running(Downloads(Cache(tmp_path), downloads.who(slow_hub), manners=STEADY)) as line:
        line.add((FILE,), "model")
        for _ in range(5):
            line.pause(1)
            line.resume(1)
        slow_hub.bytes_per_second = 0
        _until(lambda: line.all()[0].phase is Phase.DONE)
    assert downloads.whole() == downloads.files_in(tmp_path)


def test_what_was_cancelled_leaves_nothing(slow_hub: FakeHub, tmp_path: Path) -> None:
    """Cancel removes the part and its note; a second cancel does no harm."""
    with queue.running(Downloads(Cache(tmp_path), downloads.who(slow_hub), manners=STEADY)) as line:
        line.add((FILE,), "model")
        _until(lambda: line.all()[0].progress.done_bytes > 50_000)
        line.cancel(1)
        line.cancel(1)
        _until(lambda: not _threads())
        assert Phase.CANCELLED is line.all()[0].phase
        line.forget(1)
        assert () == line.all()
    assert [] == downloads.files_in(tmp_path)


def test_so_many_at_once_and_the_rest_in_their_turn(tmp_path: Path) -> None:
    """Two of five run together, never more, and all five arrive."""
    contents = [pattern(300_000, seed) for seed in range(5)]
    files = tuple(FakeFile(f"m-{n}.gguf", content) for n, content in enumerate(contents))
    repo = FakeRepo("maker/five-GGUF", files)
    remote = [
        RemoteFile(repo.id, COMMIT, file.path, file.size_bytes, file.sha256, file.etag)
        for file in files
    ]
    most = 0
    with FakeHub(repo, bytes_per_second=1_000_000) as hub:
        line = Downloads(Cache(tmp_path), downloads.who(hub), at_once=2, manners=STEADY)
        with queue.running(line):
            for file in remote:
                line.add((file,), file.name)
            assert line.add((remote[0],), "again") == 1
            while any(each.phase not in queue.ENDED for each in line.all()):
                running = [each for each in line.all() if each.phase is Phase.DOWNLOADING]
                most = max(most, len(running))
                time.sleep(0.005)
            found = [each.paths[0].read_bytes() for each in line.all()]
    assert contents == found
    assert most == 2


def test_a_full_disk_pauses_the_download(tmp_path: Path) -> None:
    """Without room a download pauses and says what is missing; it can be resumed later."""
    greedy = Manners(reserve_bytes=1 << 60)
    with FakeHub(REPO) as hub:
        line = Downloads(Cache(tmp_path), downloads.who(hub), manners=greedy)
        with queue.running(line):
            line.add((FILE,), "model")
            _until(lambda: line.all()[0].phase is Phase.PAUSED)
            assert isinstance(line.all()[0].error, errors.DiskFull)
            line.resume(1)
            _until(lambda: line.all()[0].phase is Phase.PAUSED)
            line.cancel(1)
            assert Phase.CANCELLED is line.all()[0].phase
    assert [] == downloads.files_in(tmp_path)


def test_a_failed_download_can_be_tried_again(tmp_path: Path) -> None:
    """What failed keeps its place in the list with its error, and may be resumed."""
    with FakeHub(REPO) as hub:
        hub.fail(Fault("status", on="resolve", status=403))
        line = Downloads(Cache(tmp_path), downloads.who(hub), manners=STEADY)
        with queue.running(line):
            line.add((FILE,), "model")
            _until(lambda: line.all()[0].phase is Phase.FAILED)
            assert isinstance(line.all()[0].error, errors.HubRefused)
            line.resume(1)
            _until(lambda: line.all()[0].phase is Phase.DONE)
            assert line.all()[0].error is None


def test_closing_keeps_what_came(slow_hub: FakeHub, tmp_path: Path) -> None:
    """The end of the program stops its downloads soon; their parts wait for the next time."""
    cache = Cache(tmp_path)
    line = Downloads(cache, downloads.who(slow_hub), manners=STEADY)
    line.add((FILE,), "model")
    _until(lambda: line.all()[0].progress.done_bytes > 50_000)
    began = time.monotonic()
    line.close()
    assert time.monotonic() - began < _SOON_SECONDS
    assert not _threads()
    assert Phase.PAUSED is line.all()[0].phase
    assert [FILE] == [each.file for each in parts.unfinished(cache)]


def test_a_limit_holds_for_all_downloads_together(tmp_path: Path) -> None:
    """With 1 MB/s for everybody, 1.5 MB take 1.5 seconds or more, however fast the server is."""
    began = time.monotonic()
    with FakeHub(REPO) as hub:
        downloads.fetch(hub, Cache(tmp_path), throttle=Throttle(1_000_000))
    assert 1.2 < time.monotonic() - began


def test_progress_comes_four_times_a_second_and_tells_speed(
    slow_hub: FakeHub, tmp_path: Path
) -> None:
    """Reports come often, never go back, and hold speed and time left while bytes flow."""
    seen: list[tuple[float, DownloadProgress]] = []
    slow_hub.bytes_per_second = 1_000_000
    download.fetch(
        (FILE,),
        Cache(tmp_path),
        downloads.who(slow_hub),
        lambda progress: seen.append((time.monotonic(), progress)),
    )
    flowing = [(at, each) for at, each in seen if each.phase is Phase.DOWNLOADING]
    assert len(flowing) >= 4 * (flowing[-1][0] - flowing[0][0])
    done = [each.done_bytes for _, each in seen]
    assert sorted(done) == done
    late = flowing[-1][1]
    assert 500_000 < late.bytes_per_second < 2_000_000
    assert late.seconds_left is not None
    assert Phase.DONE is seen[-1][1].phase


def test_it_says_what_it_waits_for(tmp_path: Path) -> None:
    """While it waits to try again the note says why, and for how long."""
    seen: list[DownloadProgress] = []
    with FakeHub(REPO) as hub:
        hub.fail(Fault("status", on="resolve", status=429, headers=(("Retry-After", "1"),)))
        downloads.fetch(hub, Cache(tmp_path), progress=seen, manners=_PATIENT)
    notes = {each.note for each in seen if each.phase is Phase.RETRYING}
    assert "The Hub has had too many requests from here for now. Trying again in 1 s." in notes


_PATIENT = Manners(reserve_bytes=0, tick_seconds=0.02)


def _threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("download")]
