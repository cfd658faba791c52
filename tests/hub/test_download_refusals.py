"""Whatever the Hub or the network says no with: a sentence of its own, and the right exit code."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localchat import errors
from localchat.errors import ExitCode
from localchat.hub import access, download
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from tests.clock import Clock
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub import downloads
from tests.hub.downloads import CONTENT, FILE, QUICK, REPO


def _refused(hub: FakeHub, folder: Path, token: str = "") -> errors.LocalchatError:
    """Fetch, and give the error back; nothing may be left behind."""
    with pytest.raises(errors.LocalchatError) as caught:
        downloads.fetch(hub, Cache(folder), token=token, manners=QUICK)
    assert [] == downloads.files_in(folder)
    return caught.value


_STATUSES: list[tuple[int, dict[str, str], ExitCode, str]] = [
    (401, {}, ExitCode.REFUSED, "wants to know who asks"),
    (401, {"X-Error-Code": "GatedRepo"}, ExitCode.REFUSED, "is gated"),
    (403, {}, ExitCode.REFUSED, "forbids access"),
    (403, {"X-Error-Code": "GatedRepo"}, ExitCode.REFUSED, "is gated"),
    (404, {"X-Error-Code": "RepoNotFound"}, ExitCode.MODEL_NOT_FOUND, "no repository"),
    (404, {"X-Error-Code": "EntryNotFound"}, ExitCode.MODEL_NOT_FOUND, "has no file"),
    (404, {"X-Error-Code": "RevisionNotFound"}, ExitCode.MODEL_NOT_FOUND, "has no branch"),
    (408, {}, ExitCode.NETWORK, "waited too long"),
    (429, {"Retry-After": "3600"}, ExitCode.NETWORK, "too many requests"),
    (500, {}, ExitCode.NETWORK, "fault of its own"),
    (503, {}, ExitCode.NETWORK, "not available right now"),
]


@pytest.mark.parametrize(("status", "headers", "code", "words"), _STATUSES)
def test_every_refusal_has_its_own_words(
    status: int, headers: dict[str, str], code: ExitCode, words: str, tmp_path: Path
) -> None:
    """A refusal names its reason and never blames the connection."""
    fault = Fault("status", "resolve", status=status, headers=tuple(headers.items()), times=-1)
    with FakeHub(REPO) as hub:
        hub.fail(fault)
        error = _refused(hub, tmp_path)
        assert 0 == hub.served_bytes()
    assert code is error.exit_code
    assert words in error.message
    assert "connection" not in f"{error.message} {error.hint}".lower()
    # Where the answer will not change, nobody is asked twice.
    assert (len(hub.requests("hub")) == 1) == (status in (401, 403, 404, 429))


def test_a_wait_that_is_announced_is_kept(tmp_path: Path) -> None:
    """A Retry-After that is short is waited for, and the download goes on."""
    fault = Fault("status", on="resolve", status=429, headers=(("Retry-After", "1"),))
    patient = Manners(reserve_bytes=0, start_patience_seconds=0.5)
    with FakeHub(REPO) as hub:
        hub.fail(fault)
        began = time.monotonic()
        path = downloads.fetch(hub, Cache(tmp_path), manners=patient)
    assert time.monotonic() - began >= 1
    assert CONTENT == path.read_bytes()


@pytest.mark.parametrize("status", [403, 404])
def test_an_address_that_ran_out_is_asked_for_anew(status: int, tmp_path: Path) -> None:
    """The storage's refusal of an old signature is no refusal of the file."""
    with FakeHub(REPO) as hub:
        hub.fail(Fault("early end", at_byte=300_000), Fault("status", status=status))
        path = downloads.fetch(hub, Cache(tmp_path))
        assert 3 == len(hub.requests("hub"))
    assert CONTENT == path.read_bytes()


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _fetch_from(endpoint: str, folder: Path) -> errors.LocalchatError:
    who = access.Access(endpoint)
    with pytest.raises(errors.LocalchatError) as caught:
        download.fetch((FILE,), Cache(folder), who, manners=QUICK)
    assert [] == downloads.files_in(folder)
    return caught.value


def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    """A failed look-up says that the name cannot be found."""
    error = _fetch_from("http://hub.invalid", tmp_path)
    assert ExitCode.NETWORK is error.exit_code
    assert "hub.invalid cannot be found" in error.message


def test_a_server_without_tls(tmp_path: Path) -> None:
    """An https address that speaks plain HTTP is not trusted, and not asked again."""
    with FakeHub(REPO) as hub:
        error = _fetch_from(hub.endpoint.replace("http:", "https:"), tmp_path)
    assert ExitCode.NETWORK is error.exit_code
    assert "not trustworthy" in error.message


def test_a_black_hole(deaf_port: int, tmp_path: Path) -> None:
    """A server that never answers costs one wait, not several."""
    error = _fetch_from(f"http://127.0.0.1:{deaf_port}", tmp_path)
    assert ExitCode.NETWORK is error.exit_code
    assert "does not answer" in error.message


def test_nobody_there(tmp_path: Path) -> None:
    """A port where nobody listens is said to take no connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = _fetch_from(f"http://127.0.0.1:{port}", tmp_path)
    assert "takes no connection" in error.message


@pytest.mark.parametrize(
    "faults",
    [
        (Fault("status", "resolve", status=503, times=2), Fault("black hole", "resolve", times=-1)),
        (Fault("status", "cdn", status=503, times=2), Fault("black hole", "cdn", times=-1)),
        (Fault("status", "cdn", status=503, times=2), Fault("stall", at_byte=0, times=-1)),
        (Fault("early end", at_byte=100, times=2), Fault("stall", at_byte=100, times=-1)),
    ],
    ids=["the Hub falls silent", "the storage", "after its head", "after some bytes"],
)
def test_faults_one_after_another_share_one_patience(
    faults: tuple[Fault, ...], tmp_path: Path
) -> None:
    """Whatever goes wrong first, silence later on does not get its whole time again."""
    manners = Manners(
        read_seconds=2.8,
        first_wait_seconds=0.3,
        start_patience_seconds=3,
        reserve_bytes=0,
    )
    with FakeHub(REPO) as hub, Clock() as clock:
        hub.fail(*faults)
        began = clock.seconds
        with pytest.raises(errors.NetworkError) as caught:
            downloads.fetch(hub, Cache(tmp_path), manners=manners)
        # A part that begins to flow is left for one and a half seconds more.
        assert clock.seconds - began < 5
    # What the server said tells more than that the last try was cut short.
    assert any(words in caught.value.message for words in ("not available", "be understood"))


def test_default_manners_answer_within_15_seconds() -> None:
    """Every try, and all tries before the first bytes together, end within 15 seconds."""
    manners = Manners()
    assert manners.start_patience_seconds <= 13
    assert manners.read_seconds <= 15


def test_offline_opens_no_socket(tmp_path: Path) -> None:
    """Offline a file that is not here is refused with a code of its own; one that is, is found."""
    cache = Cache(tmp_path)
    with FakeHub(REPO) as hub:
        offline = access.Access(hub.endpoint, is_offline=True)
        with pytest.raises(errors.Offline) as caught:
            download.fetch((FILE,), cache, offline, manners=QUICK)
        assert [] == hub.log
        downloads.fetch(hub, cache)
        hub.forget()
        (path,) = download.fetch((FILE,), cache, offline, manners=QUICK)
        assert [] == hub.log
    assert ExitCode.OFFLINE is caught.value.exit_code
    assert CONTENT == path.read_bytes()


class TestTokens:
    """The user's token goes to the Hub, and to nobody else."""

    _TOKEN = "hf_abcdefghijklmnopqrstuvwxyz012345"
    _GATED = FakeRepo(
        REPO.id, (FakeFile(FILE.path, CONTENT),), is_gated=True, readers=frozenset({_TOKEN})
    )

    def test_a_gated_file_comes_with_the_right_token(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The Hub sees the token, the storage does not, and no log holds it."""
        caplog.set_level("DEBUG")
        with FakeHub(self._GATED) as hub:
            path = downloads.fetch(hub, Cache(tmp_path), token=self._TOKEN)
            assert {f"Bearer {self._TOKEN}"} == {each.token for each in hub.requests("hub")}
            assert {""} == {each.token for each in hub.requests("cdn")}
        assert CONTENT == path.read_bytes()
        assert self._TOKEN not in caplog.text
        here = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert here
        assert not any(self._TOKEN.encode() in file.read_bytes() for file in here)

    def test_a_redirect_to_another_place_does_not_get_it(self, tmp_path: Path) -> None:
        """Also when the Hub itself sends the request somewhere else at once."""
        with FakeHub(self._GATED) as hub:
            elsewhere = f"{hub.cdn}/blobs/{FILE.sha256}"
            hub.fail(Fault("redirect", on="resolve", location=elsewhere))
            downloads.fetch(hub, Cache(tmp_path), token=self._TOKEN)
            assert {""} == {each.token for each in hub.requests("cdn")}

    @pytest.mark.parametrize("token", ["", "hf_wrong"])
    def test_without_it_the_hint_says_what_to_do(self, token: str, tmp_path: Path) -> None:
        """No token and a wrong one get two different hints."""
        with FakeHub(self._GATED) as hub:
            error = _refused(hub, tmp_path, token)
        assert ExitCode.REFUSED is error.exit_code
        assert ("then: Make a token" in error.hint) == (not token)
        assert "wrong" not in error.hint
