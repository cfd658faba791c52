"""How fast downloads are against a bare copy: receive, hash, write, and nothing else.

    python -m tests.bench.download_rate [--megabytes 1000] [--rounds 5]

The server is a process of its own that sends one block again and again. Both ways are taken in
turn, and the best round of each is compared. Ends with 1 above 1.5 times the bare copy's time, or
when progress came less than four times a second.
"""

import argparse
import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from localchat.hub import access, download
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, Phase, RemoteFile
from tests.hub_content import COMMIT

_BLOCK = bytes(range(256)) * 4096
_READ_BYTES = 1 << 20
_MOST_FACTOR = 1.5
_LEAST_REPORTS_A_SECOND = 4

# Answers every request with the whole file, as fast as the loopback takes it.
_SERVER = """
import socket, sys, threading
blocks = int(sys.argv[1])
block = bytes(range(256)) * 4096
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def serve(connection):
    with connection:
        try:
            connection.recv(65536)
            size = blocks * len(block)
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nETag: \\"x\\"\\r\\n"
                               b"Content-Length: %d\\r\\n\\r\\n" % size)
            for _ in range(blocks):
                connection.sendall(block)
        except OSError:
            pass
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""


def main() -> int:
    """Run it, print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description="How fast downloads are against a bare copy.")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    reports: list[float] = []
    bare, ours = [], []
    with serving(wanted.megabytes) as (endpoint, file):
        for _ in range(wanted.rounds):
            bare.append(_timed(lambda folder: _bare(endpoint, folder)))
            ours.append(_timed(lambda folder: reports.append(_ours(endpoint, folder, file))))
    factor = min(ours) / min(bare)
    print(
        f"bare {min(bare):.2f} s, localchat {min(ours):.2f} s for {file.size_bytes / 1e6:.0f} MB:"
        f" {factor:.2f} times; at least {min(reports):.1f} reports a second"
    )
    is_good = factor <= _MOST_FACTOR and min(reports) >= _LEAST_REPORTS_A_SECOND
    return 0 if is_good else 1


@contextmanager
def serving(megabytes: int) -> Iterator[tuple[str, RemoteFile]]:
    """Serve one file from a process of its own; gives the endpoint, and what to ask for."""
    blocks = megabytes * 10**6 // len(_BLOCK)
    hashed = hashlib.sha256()
    for _ in range(blocks):
        hashed.update(_BLOCK)
    sha256 = hashed.hexdigest()
    file = RemoteFile("maker/x-GGUF", COMMIT, "x.gguf", blocks * len(_BLOCK), sha256, sha256)
    command = [sys.executable, "-c", _SERVER, str(blocks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}", file
        finally:
            server.terminate()


def _timed(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - began


def _bare(endpoint: str, folder: Path) -> None:
    parts = urlsplit(endpoint)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", "/")
    answer, hashed = connection.getresponse(), hashlib.sha256()
    buffer = bytearray(_READ_BYTES)
    view = memoryview(buffer)
    with (folder / "copy").open("wb", buffering=0) as handle:
        while n_bytes := answer.readinto(buffer):
            hashed.update(view[:n_bytes])
            handle.write(view[:n_bytes])
        os.fsync(handle.fileno())
    connection.close()


def _ours(endpoint: str, folder: Path, file: RemoteFile) -> float:
    """Download, and return how often a second progress was reported while bytes came."""
    seen: list[float] = []

    def note(progress: DownloadProgress) -> None:
        if progress.phase is Phase.DOWNLOADING:
            seen.append(time.perf_counter())

    began = time.perf_counter()
    download.fetch(
        (file,), Cache(folder), access.Access(endpoint), note, manners=Manners(reserve_bytes=0)
    )
    flowed_seconds = max(seen[-1] - began, 1e-6) if seen else 1.0
    return len(seen) / flowed_seconds


if __name__ == "__main__":
    sys.exit(main())
