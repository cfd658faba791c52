"""Downloads over TLS: trusted, not trusted, led astray, and stopped in the middle."""

import dataclasses
import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_hub import FakeHub, Fault
from tests.hub import downloads
from tests.hub.downloads import CONTENT, FILE, REPO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("openssl") is None,
        reason="needs openssl for a certificate, and a system that takes it from SSL_CERT_FILE",
    ),
]

# In a process of its own, as trusted certificates are read once.
_PROGRAM = """
import json, sys, threading, time
from pathlib import Path
from localchat import errors
from localchat.hub import access, download
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from localchat.library.values import Phase, RemoteFile
asked = json.loads(sys.argv[1])
control, stopped_at = Control(), []
def watch(progress):
    if asked["stops"] and progress.phase is Phase.DOWNLOADING and progress.done_bytes:
        stopped_at.append(time.monotonic())
        control.pause()
try:
    download.fetch(
        (RemoteFile(**asked["file"]),), Cache(Path(asked["folder"])),
        access.Access(asked["endpoint"]), watch, control, Manners(reserve_bytes=0),
    )
    print("done")
except errors.LocalchatError as error:
    took_seconds = time.monotonic() - stopped_at[0] if stopped_at else 0
    print(type(error).__name__, took_seconds < 0.5, error.message)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this computer, and its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


def _hub(certificate: Path) -> FakeHub:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return FakeHub(REPO, tls=context)


def _fetched(hub: FakeHub, folder: Path, trusted: Path | None, stops: bool = False) -> str:
    asked = {
        "file": dataclasses.asdict(FILE),
        "folder": str(folder),
        "endpoint": hub.endpoint,
        "stops": stops,
    }
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(asked)],
        env=os.environ | ({"SSL_CERT_FILE": str(trusted)} if trusted else {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "" == ran.stderr
    return ran.stdout.strip()


def test_over_tls_and_back_after_a_break(certificate: Path, tmp_path: Path) -> None:
    """A break in the middle is made good over TLS as well."""
    with _hub(certificate) as hub:
        hub.fail(Fault("early end", at_byte=500_000), Fault("reset", at_byte=300_000))
        assert "done" == _fetched(hub, tmp_path, certificate)
    assert downloads.whole() == downloads.files_in(tmp_path)
    (path,) = tmp_path.glob("*/snapshots/*/*.gguf")
    assert CONTENT == path.read_bytes()


def test_a_certificate_that_nobody_vouches_for(certificate: Path, tmp_path: Path) -> None:
    """It is not trusted, said so at once, and nothing was told to the server."""
    with _hub(certificate) as hub:
        told = _fetched(hub, tmp_path, None)
        assert [] == hub.log
    assert "NetworkError True The connection to 127.0.0.1 is not trustworthy" in told


def test_a_redirect_from_https_to_http(certificate: Path, tmp_path: Path) -> None:
    """What began encrypted does not go on in plain text, not even on this computer."""
    with _hub(certificate) as hub, FakeHub(REPO) as plain:
        elsewhere = f"{plain.cdn}/blobs/{FILE.sha256}"
        hub.fail(Fault("redirect", on="resolve", location=elsewhere, times=-1))
        told = _fetched(hub, tmp_path, certificate)
        assert [] == plain.log
    assert "DownloadFailed True The download is sent to 127.0.0.1 without encryption." == told


def test_a_stalled_download_stops_within_half_a_second(certificate: Path, tmp_path: Path) -> None:
    """A read that waits inside of TLS is ended from outside."""
    with _hub(certificate) as hub:
        hub.fail(Fault("stall", at_byte=200_000))
        told = _fetched(hub, tmp_path, certificate, stops=True)
    assert "Cancelled True The download was paused." == told
