"""A Hugging Face Hub on loopback: API, resolve, and a CDN on another port, with scripted faults.

Unmodified huggingface_hub works with it. What it offers is data (`hub_content`); every request is
logged with its headers. As a program it serves a folder of `user/repo/file`:

    python -m tests.fake_hub FOLDER [--port 8900] [--bytes-per-second N]
"""

import argparse
import socket
import ssl
import threading
import urllib.parse
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from tests import hub_api
from tests.hub_answers import Answers
from tests.hub_content import FakeFile, FakeRepo, Fault, LoggedRequest, Place

__all__ = ["FakeFile", "FakeHub", "FakeRepo", "Fault", "LoggedRequest"]

_FILE_FAULTS = frozenset(
    {
        "early end", "early last chunk", "short chunk", "reset", "stall", "ignore range",
        "wrong bytes", "wrong content range", "flipped bit", "one byte more", "one byte less",
        "range refused", "new etag",
    }
)  # fmt: skip


class FakeHub:
    """A hub that serves until it is closed; a context manager."""

    def __init__(
        self,
        *repos: FakeRepo,
        bytes_per_second: float = 0,
        send_buffer_bytes: int = 0,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """With `tls` both servers speak https."""
        self.tls = tls
        self.repos = {repo.id: repo for repo in repos}
        self.bytes_per_second = bytes_per_second
        """How fast files are sent, each connection by itself; 0 for as fast as it goes."""
        self.send_buffer_bytes = send_buffer_bytes
        self.log: list[LoggedRequest] = []
        self.closing = threading.Event()
        self._faults: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()
        self._servers = [_Server(self, "hub", port), _Server(self, "cdn", 0)]
        scheme = "https" if tls else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self._servers[0].server_port}"
        self.cdn = f"{scheme}://127.0.0.1:{self._servers[1].server_port}"

    def __enter__(self) -> "FakeHub":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add(self, *repos: FakeRepo) -> None:
        """Offer more repositories, or the same ones at another commit."""
        self.repos.update({repo.id: repo for repo in repos})

    def fail(self, *faults: Fault) -> None:
        """Let the next requests go wrong, each fault in its turn at its place."""
        with self._lock:
            self._faults += [(fault, [fault.times, fault.skip]) for fault in faults]

    def heal(self) -> None:
        """Forget every fault that has not happened yet."""
        with self._lock:
            self._faults.clear()

    def requests(self, server: str = "", method: str = "") -> list[LoggedRequest]:
        """Return what was asked so far."""
        with self._lock:
            return [
                entry
                for entry in self.log
                if server in ("", entry.server) and method in ("", entry.method)
            ]

    def served_bytes(self, server: str = "cdn") -> int:
        """Count the bytes of bodies that were sent."""
        return sum(entry.body_bytes for entry in self.requests(server))

    def forget(self) -> None:
        """Empty the log of requests."""
        with self._lock:
            self.log.clear()

    def note(self, entry: LoggedRequest) -> None:
        """Write down a request."""
        with self._lock:
            self.log.append(entry)

    def next_fault(self, place: Place, method: str, path: str) -> Fault | None:
        """Take the fault that this request shall meet."""
        with self._lock:
            for fault, left in self._faults:
                is_for_files = fault.kind in _FILE_FAULTS
                if fault.on == place and left[0] and fault.only in path:
                    if is_for_files and method != "GET":
                        return None
                    if left[1]:
                        left[1] -= 1
                        continue
                    left[0] -= 1
                    return fault
        return None

    def blob(self, sha256: str) -> FakeFile | None:
        """Find a large file by its hash."""
        files = (file for repo in self.repos.values() for file in repo.files)
        return next((file for file in files if file.is_lfs and file.sha256 == sha256), None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, hub: FakeHub, role: Literal["hub", "cdn"], port: int) -> None:
        self.hub = hub
        self.role: Literal["hub", "cdn"] = role
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.hub.send_buffer_bytes:
            size = self.hub.send_buffer_bytes
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        if self.hub.tls:
            # The handshake is for the connection's own thread.
            connection = self.hub.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what many tests are about."""


class _Handler(Answers):
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal clean: requests are in `FakeHub.log`."""

    @property
    def _hub(self) -> FakeHub:
        return self.server.hub

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.entry = LoggedRequest(self.server.role, self.command, self.path, headers)
        self.closing = self._hub.closing
        self.pace = self._hub.bytes_per_second
        self._hub.note(self.entry)
        self._form = self.rfile.read(int(headers.get("content-length", 0))).decode()
        path, _, query = self.path.partition("?")
        self._path = urllib.parse.unquote(path)
        self._query = urllib.parse.parse_qs(query)
        place: Place = "cdn" if self.server.role == "cdn" else "resolve"
        if place == "resolve" and self._path.startswith("/api/"):
            place = "api"
        fault = self._hub.next_fault(place, self.command, self._path)
        if fault is not None and self._has_failed(fault):
            return
        {"api": self._api, "resolve": self._resolve, "cdn": self._cdn}[place](fault)

    def _has_failed(self, fault: Fault) -> bool:
        if fault.kind == "black hole":
            self._hub.closing.wait(60)
            self.close_connection = True
        elif fault.kind == "garbage":
            self.wfile.write(b"\x00\xff this is no HTTP\r\n\r\n")
            self.close_connection = True
        elif fault.kind == "status":
            self.send(fault.status, b'{"error":"scripted"}', dict(fault.headers))
        elif fault.kind == "redirect":
            self.send(302, b"", {"Location": fault.location})
        elif fault.kind == "endless redirect":
            self.send(302, b"", {"Location": self.path})
        else:
            return False
        return True

    # API

    def _api(self, _fault: Fault | None) -> None:
        if self._path == "/api/models":
            found = hub_api.matching(self._hub.repos.values(), self._query)
            rows, following = hub_api.page(found, self._query)
            self.json(rows, self._link(following))
        elif self._path == "/api/whoami-v2":
            self.json({"name": "someone", "type": "user"} if self._token else {"error": "who?"})
        elif self._path.startswith("/api/models/"):
            self._repo_api(self._path.removeprefix("/api/models/").split("/"))
        else:
            self.json({"standardEnvVars": [], "harnesses": {}})

    def _repo_api(self, parts: list[str]) -> None:
        repo_id, what, rest = "/".join(parts[:2]), parts[2:3], parts[3:]
        revision = rest[0] if rest else "main"
        repo = self._allowed(repo_id, revision, is_api=True)
        if repo is None:
            return
        if what == ["tree"]:
            self.json(hub_api.tree(repo, "/".join(rest[1:])))
        elif what == ["paths-info"]:
            wanted = urllib.parse.parse_qs(self._form).get("paths", [])
            self.json([hub_api.entry(file) for file in repo.files if file.path in wanted])
        else:
            self.json(hub_api.model(repo, self._query))

    def _link(self, following: int | None) -> dict[str, str]:
        if following is None:
            return {}
        query = {**self._query, "cursor": [str(following)]}
        url = f"{self._hub.endpoint}{self._path}?{urllib.parse.urlencode(query, doseq=True)}"
        return {"Link": f'<{url}>; rel="next"'}

    # Who may read what

    @property
    def _token(self) -> str:
        return self.entry.token.removeprefix("Bearer ").strip()

    def _allowed(self, repo_id: str, revision: str, is_api: bool = False) -> FakeRepo | None:
        """Find a repository that the request may read, or answer with the Hub's refusal."""
        repo = self._hub.repos.get(repo_id)
        reads = repo is not None and self._token in repo.readers
        if repo is None or (repo.is_private and not reads):
            # Without a token the Hub does not even say whether there is such a repository.
            self._refuse(404 if self._token else 401, "RepoNotFound", "Repository not found")
        elif repo.is_gated and not reads and not is_api:
            sentence = f"Access to model {repo.id} is restricted."
            self._refuse(403 if self._token else 401, "GatedRepo", sentence)
        elif not repo.knows(revision):
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repo
        return None

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        self.json({"error": sentence}, {"X-Error-Code": code, "X-Error-Message": sentence}, status)

    # Files

    def _resolve(self, fault: Fault | None) -> None:
        head, _, tail = self._path.lstrip("/").partition("/resolve/")
        revision, _, path = tail.partition("/")
        repo = self._allowed(head, revision)
        if repo is None:
            return
        file = repo.file(path)
        if file is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        own = dict(fault.headers) if fault is not None else {}
        if not file.is_lfs:
            commit = {"X-Repo-Commit": repo.commit, **own}
            self.content(file, fault, f'"{file.oid}"', commit)
            return
        headers = {
            "X-Repo-Commit": repo.commit,
            "X-Linked-Etag": f'"{file.sha256}"',
            "X-Linked-Size": str(file.size_bytes),
            "ETag": f'"{file.oid}"',
            "Location": f"{self._hub.cdn}/blobs/{file.sha256}?signature=s3cr3t",
        }
        if file.xet_hash:
            headers["X-Xet-Hash"] = file.xet_hash
        self.send(302, b"", headers | own)

    def _cdn(self, fault: Fault | None) -> None:
        file = self._hub.blob(self._path.rpartition("/")[2])
        if file is None:
            self.send(404, b"no such blob", {})
            return
        own = dict(fault.headers) if fault is not None else {}
        self.content(file, fault, f'"{file.sha256[:32]}-1"', own)


def folder_repos(folder: Path) -> list[FakeRepo]:
    """Make a repository of every `user/repo` folder."""
    repos = []
    for place in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        files = sorted(path for path in place.rglob("*") if path.is_file())
        offered = (FakeFile(str(file.relative_to(place)), file) for file in files)
        repos.append(FakeRepo(f"{place.parent.name}/{place.name}", tuple(offered)))
    return repos


def main() -> None:
    """Serve a folder until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A Hugging Face Hub on loopback.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--bytes-per-second", type=float, default=0)
    wanted = parser.parse_args()
    repos = folder_repos(wanted.folder)
    with FakeHub(*repos, port=wanted.port, bytes_per_second=wanted.bytes_per_second) as hub:
        print(f"HF_ENDPOINT={hub.endpoint}", flush=True)
        with suppress(KeyboardInterrupt):
            hub.closing.wait()


if __name__ == "__main__":
    main()
