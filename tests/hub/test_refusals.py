"""Every way in which asking goes wrong: a sentence and an exit code for each."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from localchat import errors
from localchat.errors import ExitCode, LocalchatError
from localchat.hub import refusals
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.refusals import Asked
from localchat.hub.session import Timeouts
from localchat.library.values import RemoteFile, RemoteQuant
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub_content import COMMIT

QUICK = Timeouts(connect_seconds=2, read_seconds=1.5, total_seconds=4)
GATED = FakeRepo("user/gated", (FakeFile("m-Q8_0.gguf", b"GGUF" * 100),), is_gated=True)
OPEN = FakeRepo("user/open", (FakeFile("m-Q8_0.gguf", b"GGUF" * 100),))

Ask = Callable[[HubClient], object]


def repo(name: str, revision: str = "main") -> Ask:
    """Ask for a repository."""
    return lambda client: client.repo(name, revision)


def header(name: str, path: str = "m-Q8_0.gguf") -> Ask:
    """Ask for the header of a file."""
    file = RemoteFile(name, COMMIT, path, 400, "a" * 64, "a" * 64)

    def ask(client: HubClient) -> object:
        found = client.repo("user/open")
        return client.header(found, RemoteQuant("Q8_0", None, (file,), 400))

    return ask


def status(code: int, *headers: tuple[str, str]) -> Fault:
    """An answer of this status."""
    return Fault("status", "api", status=code, headers=headers)


CASES: tuple[tuple[str, Ask, tuple[Fault, ...], str, ExitCode, str], ...] = (
    ("401", repo("user/open"), (status(401),), "", ExitCode.REFUSED, "who asks"),
    ("401 token", repo("user/open"), (status(401),), "hf_bad", ExitCode.REFUSED, "your token"),
    ("401 gated", header("user/gated"), (), "", ExitCode.REFUSED, "is gated: its owner"),
    ("403", repo("user/open"), (status(403),), "hf_x", ExitCode.REFUSED, "forbids"),
    ("403 gated", header("user/gated"), (), "hf_x", ExitCode.REFUSED, "no access to user/gated"),
    ("404 repo", repo("user/none"), (), "hf_x", ExitCode.MODEL_NOT_FOUND, '"user/none"'),
    ("404 file", header("user/open", "x.gguf"), (), "", ExitCode.MODEL_NOT_FOUND, '"x.gguf"'),
    ("404 revision", repo("user/open", "v9"), (), "", ExitCode.MODEL_NOT_FOUND, '"v9"'),
    ("408", repo("user/open"), (status(408),), "", ExitCode.NETWORK, "(408)"),
    (
        "429",
        repo("user/open"),
        (status(429, ("Retry-After", "7")),),
        "",
        ExitCode.NETWORK,
        "too many requests",
    ),
    ("500", repo("user/open"), (status(500),), "", ExitCode.NETWORK, "a fault of its own (500)"),
    ("503", repo("user/open"), (status(503),), "", ExitCode.NETWORK, "not available right now"),
    (
        "black hole",
        repo("user/open"),
        (Fault("black hole", "api"),),
        "",
        ExitCode.NETWORK,
        "does not answer",
    ),
    (
        "garbage",
        repo("user/open"),
        (Fault("garbage", "api"),),
        "",
        ExitCode.NETWORK,
        "cannot be understood",
    ),
    (
        "circles",
        repo("user/open"),
        (Fault("endless redirect", "api", times=-1),),
        "",
        ExitCode.NETWORK,
        "in circles",
    ),
    (
        "elsewhere",
        repo("user/open"),
        (Fault("redirect", "api", location="file:///etc/passwd"),),
        "",
        ExitCode.NETWORK,
        "not secure",
    ),
)


def raised(ask: Ask, who: Access) -> LocalchatError:
    """What asking raises, within a short time."""
    began = time.monotonic()
    with HubClient(who, QUICK) as client, pytest.raises(LocalchatError) as caught:
        ask(client)
    # Six at the most where nothing else runs.
    assert time.monotonic() - began < 30
    return caught.value


@pytest.mark.parametrize(
    ("ask", "faults", "token", "code", "words"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_refusal_has_its_own_sentence(
    ask: Ask, faults: tuple[Fault, ...], token: str, code: ExitCode, words: str
) -> None:
    """The exit code is right, the sentence says what it is, and a refusal blames no connection."""
    with FakeHub(GATED, OPEN) as hub:
        hub.fail(*faults)
        error = raised(ask, Access(hub.endpoint, token))
    assert code == error.exit_code
    assert words in error.message
    assert error.message.endswith(".") and error.hint
    assert "check the connection" not in f"{error.message} {error.hint}".lower()
    assert not token or token not in f"{error.message} {error.hint}"


def test_no_two_refusals_say_the_same() -> None:
    """Every cause of the matrix is told apart by its message."""
    messages = []
    for _, ask, faults, token, _, _ in CASES:
        with FakeHub(GATED, OPEN) as hub:
            hub.fail(*faults)
            messages.append(raised(ask, Access(hub.endpoint, token)).message)
    assert len(CASES) == len(set(messages))


def test_a_wait_that_the_hub_asks_for_is_told() -> None:
    """Retry-After in seconds or as a date, or the rate limit's own header."""
    later = formatdate(time.time() + 90, usegmt=True)
    waits = [
        refusals.wait_seconds(headers)
        for headers in (
            {"Retry-After": "7"},
            {"retry-after": later},
            {"RateLimit": '"api";r=0;t=55'},
            {"RateLimit": '"api";r=3;t=55'},
            {"Retry-After": "soon"},
            {"Retry-After": "9" * 30},
        )
    ]
    assert [7.0, None, 55.0, None, None, 86400.0] == [waits[0], None, *waits[2:]]
    assert waits[1] is not None and 80 < waits[1] <= 90
    error = refusals.of_response(429, {"Retry-After": "7"}, Asked("https://hub"))
    assert isinstance(error, errors.RateLimited)
    assert (7.0, True) == (error.wait_seconds, "in 7.0 s" in error.hint)


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def plain_port() -> Iterator[int]:
    """A port where somebody speaks, but no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_babble, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _babble(server: socket.socket) -> None:
    try:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"this is no TLS at all\r\n")
    except OSError:
        return


def test_a_connection_that_fails_says_how(closed_port: int, plain_port: int) -> None:
    """Nobody there, and nobody to trust: exit code 5, each with its own sentence."""
    refused = raised(repo("user/open"), Access(f"http://127.0.0.1:{closed_port}"))
    untrusted = raised(repo("user/open"), Access(f"https://127.0.0.1:{plain_port}"))
    assert [ExitCode.NETWORK] * 2 == [refused.exit_code, untrusted.exit_code]
    assert "takes no connection" in refused.message
    assert "not trustworthy" in untrusted.message


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "cannot be found"),
        (ssl.SSLCertVerificationError("certificate has expired"), "not trustworthy"),
        (ConnectionResetError("reset"), "broke off"),
        (TimeoutError("late"), "does not answer"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_cause_below_an_error_is_what_counts(cause: Exception, words: str) -> None:
    """A client wraps what the system said; the sentence is about what it said."""
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = cause
    assert words in refusals.of_exception(wrapped, Asked("https://hub.example")).message


def test_a_trickle_ends() -> None:
    """An answer that comes a little at a time is given up after the time that it may take."""
    slow = FakeRepo("user/slow", (FakeFile("m-Q8_0.gguf", b"GGUF" * 200_000),))
    hurried = Timeouts(total_seconds=0.6, least_bytes_per_second=1e9)
    with FakeHub(slow, bytes_per_second=80_000) as hub:
        who = Access(hub.endpoint)
        with HubClient(who) as client:
            found = client.repo("user/slow")
        with (
            HubClient(who, hurried) as client,
            pytest.raises(errors.NetworkError, match="too slowly"),
        ):
            client.header(found, found.quants[0])


def test_no_other_origin_sees_the_token() -> None:
    """The CDN and a foreign redirect get the request without the token."""
    with FakeHub(OPEN) as hub, FakeHub(OPEN) as foreign:
        with HubClient(Access(hub.endpoint, "hf_secret"), QUICK) as client:
            found = client.repo("user/open")
            with pytest.raises(errors.BadModel):
                client.header(found, found.quants[0])
            hub.fail(Fault("redirect", "api", location=f"{foreign.endpoint}/api/models/user/open"))
            client.repo("user/open")
        assert {"Bearer hf_secret"} == {entry.token for entry in hub.requests("hub")}
        elsewhere = [*hub.requests("cdn"), *foreign.requests()]
        assert 2 <= len(elsewhere)
        assert {""} == {entry.token for entry in elsewhere}
