"""Whatever goes wrong on the way: a verified file at the end, or one named error and no file."""

from pathlib import Path

import pytest

from localchat import errors
from localchat.library.cache import Cache
from tests.fake_hub import FakeFile, FakeHub, Fault
from tests.hub import downloads
from tests.hub.downloads import CONTENT, FILE, PROMPT, QUICK, REPO, SHA256, SOON_STALLED
from tests.hub_content import FaultKind

_HALF = 700_000
_ONCE: list[tuple[FaultKind, int]] = [
    ("early end", _HALF),
    ("early last chunk", _HALF),
    ("short chunk", _HALF),
    ("reset", _HALF),
    ("stall", _HALF),
    ("ignore range", 0),
    ("wrong bytes", 0),
    ("wrong content range", 0),
    ("flipped bit", 900_000),
    ("one byte more", 0),
    ("one byte less", 0),
    ("range refused", 0),
    ("new etag", 0),
    ("garbage", 0),
    ("black hole", 0),
]


@pytest.mark.parametrize(("kind", "at_byte"), _ONCE, ids=[kind for kind, _ in _ONCE])
def test_a_fault_that_passes_ends_in_the_right_file(
    kind: FaultKind, at_byte: int, tmp_path: Path
) -> None:
    """One bad answer, in the second connection of a download, is made good."""
    cache = Cache(tmp_path)
    with FakeHub(REPO) as hub:
        hub.fail(Fault("early end", at_byte=500_000), Fault(kind, at_byte=at_byte))
        path = downloads.fetch(hub, cache, manners=SOON_STALLED)
    assert CONTENT == path.read_bytes()
    assert downloads.whole() == downloads.files_in(tmp_path)


_FOREVER: list[tuple[Fault, type[errors.LocalchatError], str]] = [
    (Fault("early end", at_byte=0), errors.NetworkError, "broke off|too early|understood"),
    (Fault("early last chunk", at_byte=0), errors.NetworkError, "too early"),
    (Fault("short chunk", at_byte=0), errors.NetworkError, "understood"),
    (Fault("reset", at_byte=0), errors.NetworkError, "broke off"),
    (Fault("stall", at_byte=0), errors.NetworkError, "does not answer"),
    (Fault("black hole", on="resolve"), errors.NetworkError, "does not answer"),
    (Fault("garbage", on="resolve"), errors.NetworkError, "understood"),
    (Fault("wrong bytes"), errors.DownloadFailed, "damaged"),
    (Fault("flipped bit", at_byte=900_000), errors.DownloadFailed, "damaged"),
    (Fault("new etag"), errors.DownloadFailed, "damaged"),
    (Fault("one byte more"), errors.DownloadFailed, "another size"),
    (Fault("one byte less"), errors.DownloadFailed, "another size"),
    (Fault("range refused"), errors.DownloadFailed, "no such place"),
    (Fault("endless redirect"), errors.DownloadFailed, "in circles"),
    (Fault("endless redirect", on="resolve"), errors.DownloadFailed, "in circles"),
    (
        Fault("redirect", on="resolve", location="http://cdn.invalid/blob"),
        errors.DownloadFailed,
        "without encryption",
    ),
    (
        Fault("redirect", on="resolve", location="ftp://cdn.invalid/blob"),
        errors.DownloadFailed,
        "an address that cannot be",
    ),
]


@pytest.mark.parametrize(
    ("fault", "error", "words"), _FOREVER, ids=[f"{each[0].kind} {each[0].on}" for each in _FOREVER]
)
def test_a_fault_that_stays_ends_in_one_named_error(
    fault: Fault, error: type[errors.LocalchatError], words: str, tmp_path: Path
) -> None:
    """A server that is wrong each time is given up, and no file appears."""
    always = Fault(fault.kind, fault.on, fault.at_byte, -1, location=fault.location)
    with FakeHub(REPO) as hub:
        hub.fail(always)
        manners = QUICK if "does not answer" in words else PROMPT
        with pytest.raises(error, match=words):
            downloads.fetch(hub, Cache(tmp_path), manners=manners)
    assert [] == [name for name in downloads.files_in(tmp_path) if ".part" not in name]
    assert [] == list(tmp_path.glob("*/snapshots/*"))


def test_a_try_that_was_cut_short_does_not_hide_what_is_wrong(tmp_path: Path) -> None:
    """The Hub told its fault, and the last try had no time left: the fault is what is told."""
    with FakeHub(REPO) as hub:
        hub.fail(Fault("status", "resolve", status=500), Fault("black hole", "resolve", times=-1))
        with pytest.raises(errors.NetworkError, match="has a fault of its own"):
            downloads.fetch(hub, Cache(tmp_path), manners=PROMPT)


# A reset drops what lies unread in the receiving system, which is sent once more.
@pytest.mark.parametrize(("kind", "most"), [("reset", 4.0), ("stall", 1.05), ("early end", 1.05)])
def test_a_line_that_breaks_again_and_again_gets_there(
    kind: FaultKind, most: float, tmp_path: Path
) -> None:
    """While bytes come, any number of breaks is forgiven, and what came is not asked for again."""
    with FakeHub(REPO) as hub:
        hub.fail(Fault(kind, at_byte=200_000, times=-1))
        path = downloads.fetch(hub, Cache(tmp_path), manners=SOON_STALLED)
        served_bytes = hub.served_bytes()
    assert CONTENT == path.read_bytes()
    assert served_bytes <= len(CONTENT) * most


def test_damage_is_reported_with_both_hashes_and_leaves_nothing(tmp_path: Path) -> None:
    """The error of a damaged file names what was expected and what came."""
    with FakeHub(REPO) as hub:
        hub.fail(Fault("flipped bit", at_byte=3, times=-1))
        with pytest.raises(errors.DownloadFailed) as caught:
            downloads.fetch(hub, Cache(tmp_path))
        assert 2 == len(hub.requests("cdn"))
    assert SHA256 == caught.value.expected_sha256
    assert 64 == len(caught.value.actual_sha256)
    assert SHA256 != caught.value.actual_sha256
    assert [] == downloads.files_in(tmp_path)


def test_a_body_in_another_form_than_asked_for_is_not_taken(tmp_path: Path) -> None:
    """A server that packs what it sends is given up: the bytes would not be the file's."""
    packed = (("Content-Encoding", "gzip"),)
    with FakeHub(REPO) as hub:
        hub.fail(Fault("headers", times=-1, headers=packed))
        with pytest.raises(errors.DownloadFailed, match="not asked for"):
            downloads.fetch(hub, Cache(tmp_path))


def test_the_size_of_the_list_is_held_against_the_hub(tmp_path: Path) -> None:
    """A file that is not the listed one any more is refused before a byte of it is taken."""
    other = REPO.with_files(FakeFile(FILE.path, CONTENT + b"x"))
    with FakeHub(other) as hub:
        with pytest.raises(errors.DownloadFailed, match="than it listed a moment ago"):
            downloads.fetch(hub, Cache(tmp_path))
        assert 0 == hub.served_bytes()
