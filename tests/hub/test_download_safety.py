"""Lies in headers, a full disk, and a process that is killed: nothing wrong is ever visible."""

import dataclasses
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localchat import errors
from localchat.hub import download
from localchat.hub.manners import Manners
from localchat.library import cache as caches
from localchat.library import parts
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, Phase, RemoteFile
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub import downloads
from tests.hub.downloads import CONTENT, FILE, REPO, STEADY
from tests.hub_content import COMMIT, pattern
from tests.library.test_cache import HOSTILE_NAMES

_IN_HEADERS = [
    name
    for name in (*HOSTILE_NAMES, "../../../../tmp/pwned", "%2e%2e/x", "0" * 63, "g" * 64)
    if name and name.isascii() and name.isprintable()
]


@pytest.mark.parametrize("header", ["X-Linked-Etag", "X-Repo-Commit"])
def test_hostile_etags_and_commits_of_the_hub_write_nothing(header: str, tmp_path: Path) -> None:
    """An answer whose hash or commit is none ends the download, before a byte is fetched."""
    cache = Cache(tmp_path / "cache")
    with FakeHub(REPO) as hub:
        for name in _IN_HEADERS:
            hub.fail(Fault("headers", on="resolve", headers=((header, f'"{name}"'),)))
            with pytest.raises(errors.DownloadFailed):
                downloads.fetch(hub, cache)
            hub.heal()
        assert 0 == hub.served_bytes()
    assert ["cache"] == os.listdir(tmp_path)
    assert [] == downloads.files_in(cache.folder)


@pytest.mark.parametrize(
    "file",
    [
        dataclasses.replace(FILE, path="../../evil.gguf"),
        dataclasses.replace(FILE, revision_commit="../../.."),
        dataclasses.replace(FILE, etag="../../evil"),
        dataclasses.replace(FILE, revision="../../evil"),
        dataclasses.replace(FILE, repo="../evil/x"),
        dataclasses.replace(FILE, sha256="0" * 64),
    ],
    ids=["path", "commit", "etag", "revision", "repo", "two hashes"],
)
def test_a_hostile_listing_is_refused_before_anything_is_asked(
    file: RemoteFile, tmp_path: Path
) -> None:
    """Names of a listing are checked before a request is made or a folder is."""
    with FakeHub(REPO) as hub:
        with pytest.raises(errors.DownloadFailed):
            downloads.fetch(hub, Cache(tmp_path / "cache"), file)
        assert [] == hub.log
    assert [] == os.listdir(tmp_path)


def test_a_download_that_has_no_room_is_refused_beforehand(tmp_path: Path) -> None:
    """What will not fit with some room to spare is not begun; the error says what is missing."""
    with FakeHub(REPO) as hub:
        greedy = Manners(reserve_bytes=1 << 60)
        with pytest.raises(errors.DiskFull, match="of room are missing") as caught:
            downloads.fetch(hub, Cache(tmp_path), manners=greedy)
        assert [] == hub.log
    assert caught.value.missing_bytes > 1 << 59
    assert [] == downloads.files_in(tmp_path)


# Downloads in a process of its own, which may be limited or killed.
_PROGRAM = """
import json, resource, sys
from pathlib import Path
from localchat import errors
from localchat.hub import access, download
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile
asked = json.loads(sys.argv[1])
if asked["limit"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (asked["limit"], asked["limit"]))
file = RemoteFile(**asked["file"])
try:
    download.fetch(
        (file,), Cache(Path(asked["folder"])), access.Access(asked["endpoint"]),
        manners=Manners(reserve_bytes=0),
    )
except errors.LocalchatError as error:
    print(type(error).__name__, error.message)
    sys.exit(error.exit_code)
"""


def _start(
    hub: FakeHub, folder: Path, file: RemoteFile, limit_bytes: int = 0
) -> "subprocess.Popen[str]":
    asked = {
        "limit": limit_bytes,
        "file": dataclasses.asdict(file),
        "folder": str(folder),
        "endpoint": hub.endpoint,
    }
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(asked)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_fills_keeps_the_part(tmp_path: Path) -> None:
    """A write that finds no room ends with one error; with room again only the rest is fetched."""
    cache = Cache(tmp_path)
    with FakeHub(REPO) as hub:
        limited = _start(hub, tmp_path, FILE, limit_bytes=1_000_000)
        told, _ = limited.communicate(timeout=30)
        (unfinished,) = parts.unfinished(cache)
        assert caches.find(cache, FILE) is None
        hub.forget()
        path = downloads.fetch(hub, cache)
        served_bytes = hub.served_bytes()
    assert 1 == limited.returncode
    assert told.startswith("DiskFull The disk of ")
    assert 1_000_000 == unfinished.done_bytes
    assert len(CONTENT) - 1_000_000 == served_bytes
    assert CONTENT == path.read_bytes()
    assert downloads.whole() == downloads.files_in(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_five_kills_cost_almost_nothing(tmp_path: Path) -> None:
    """Killed at random moments, a download still ends right, and little is fetched twice."""
    content, kills, seed = pattern(20_000_000, seed=5), 5, random.randrange(1 << 30)
    chance = random.Random(seed)
    repo = FakeRepo("maker/large-GGUF", (FakeFile("large.gguf", content),))
    remote = repo.files[0]
    file = RemoteFile(repo.id, COMMIT, remote.path, len(content), remote.sha256, remote.sha256)
    with FakeHub(repo, bytes_per_second=10_000_000, send_buffer_bytes=65_536) as hub:
        for _ in range(kills):
            served_bytes = hub.served_bytes()
            process = _start(hub, tmp_path, file)
            goal_bytes = served_bytes + chance.randrange(1, len(content) // kills // 2)
            while hub.served_bytes() < goal_bytes and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            process.communicate()
        hub.bytes_per_second = 0
        path = downloads.fetch(hub, Cache(tmp_path), file)
        served_bytes = hub.served_bytes()
    assert content == path.read_bytes(), f"seed {seed}"
    assert served_bytes <= 1.1 * len(content) + kills * (1 << 20), f"seed {seed}"
    assert downloads.whole(file) == downloads.files_in(tmp_path)


@pytest.mark.slow
def test_two_programs_fetch_a_file_once(tmp_path: Path) -> None:
    """A second program waits for the first one and then finds the file; nothing comes twice."""
    with FakeHub(REPO, bytes_per_second=1_500_000) as hub:
        first = _start(hub, tmp_path, FILE)
        while not hub.served_bytes():
            time.sleep(0.01)
        seen: list[DownloadProgress] = []
        path = downloads.fetch(hub, Cache(tmp_path), progress=seen)
        first.communicate(timeout=30)
        assert len(CONTENT) == hub.served_bytes()
    assert CONTENT == path.read_bytes()
    assert Phase.WAITING_FOR_OTHER in {each.phase for each in seen}


def test_two_threads_fetch_a_file_once(tmp_path: Path) -> None:
    """The lock holds between threads of one program as well."""
    paths: list[Path] = []
    with FakeHub(REPO, bytes_per_second=3_000_000) as hub:

        def run() -> None:
            paths.append(downloads.fetch(hub, Cache(tmp_path)))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(CONTENT) == hub.served_bytes()
    assert 4 == len(paths)
    assert 1 == len(set(paths))


def test_a_damaged_part_is_fetched_anew(tmp_path: Path) -> None:
    """A part that somebody wrote into is found out by its hash, and replaced."""
    cache = Cache(tmp_path)
    caches.prepare(cache, FILE)
    parts.part_path(cache.blob(FILE)).write_bytes(b"x" * 900_000)
    with FakeHub(REPO) as hub:
        path = downloads.fetch(hub, cache)
    assert CONTENT == path.read_bytes()
    assert downloads.whole() == downloads.files_in(tmp_path)


@pytest.mark.parametrize("extra", [b"", b"more than there should be"])
def test_a_part_that_is_whole_needs_no_network(extra: bytes, tmp_path: Path) -> None:
    """Killed just before the end, the next run only verifies; one that is too long is dropped."""
    cache = Cache(tmp_path)
    caches.prepare(cache, FILE)
    parts.part_path(cache.blob(FILE)).write_bytes(CONTENT + extra)
    with FakeHub(REPO) as hub:
        path = downloads.fetch(hub, cache)
        assert bool(extra) == bool(hub.log)
    assert CONTENT == path.read_bytes()
    assert downloads.whole() == downloads.files_in(tmp_path)


def test_a_blob_that_is_here_is_used_once_it_is_verified(tmp_path: Path) -> None:
    """Content that another commit brought is not fetched again; damaged content is."""
    cache = Cache(tmp_path)
    newer = dataclasses.replace(REPO, commit="e" * 40)
    file = dataclasses.replace(FILE, revision_commit="e" * 40)
    with FakeHub(REPO) as hub:
        downloads.fetch(hub, cache)
        hub.forget()
        hub.add(newer)
        assert CONTENT == downloads.fetch(hub, cache, file).read_bytes()
        assert [] == hub.log
        cache.blob(FILE).write_bytes(b"x" * len(CONTENT))
        third = dataclasses.replace(FILE, revision_commit="d" * 40)
        hub.add(dataclasses.replace(REPO, commit="d" * 40))
        assert CONTENT == downloads.fetch(hub, cache, third).read_bytes()


def test_every_part_of_a_split_model_comes_in_order(tmp_path: Path) -> None:
    """Several files are one download, with one progress over all of them."""
    contents = [pattern(400_000, seed) for seed in range(3)]
    files = tuple(
        FakeFile(f"big-{number:05d}-of-00003.gguf", content)
        for number, content in enumerate(contents, start=1)
    )
    repo = FakeRepo("maker/split-GGUF", files)
    remote = tuple(
        RemoteFile(repo.id, COMMIT, file.path, file.size_bytes, file.sha256, file.etag)
        for file in files
    )
    seen: list[DownloadProgress] = []
    with FakeHub(repo) as hub:
        cache = Cache(tmp_path)
        who = downloads.who(hub)
        paths = download.fetch(remote, cache, who, seen.append, manners=STEADY)
        assert 0 == download.missing_bytes(remote, cache)
    assert contents == [path.read_bytes() for path in paths]
    assert 1_200_000 == seen[-1].size_bytes == seen[-1].done_bytes


@pytest.mark.slow
def test_a_file_that_only_xet_has_goes_through_huggingface_hub(tmp_path: Path) -> None:
    """Above the limit of plain HTTP huggingface_hub itself fetches, and we still verify."""
    seen: list[DownloadProgress] = []
    small_limit = dataclasses.replace(STEADY, http_limit_bytes=1000)
    with FakeHub(REPO, bytes_per_second=3_000_000) as hub:
        path = downloads.fetch(hub, Cache(tmp_path), manners=small_limit, progress=seen)
        assert any("huggingface_hub" in each.note for each in seen)
        hub.fail(Fault("flipped bit", at_byte=5, times=-1))
        with pytest.raises(errors.DownloadFailed, match="damaged"):
            downloads.fetch(hub, Cache(tmp_path / "other"), manners=small_limit)
    assert CONTENT == path.read_bytes()
    assert caches.find(Cache(tmp_path / "other"), FILE) is None
