"""One request for a file's bytes: from the Hub, over its redirects, to the storage that has them.

Everything that happens below HTTP comes back as an error of ours. A read that waits for the
network can be ended from another thread, by shutting its socket down.
"""

import contextlib
import functools
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2

import localchat
from localchat import errors
from localchat.hub import bounded, redirects, refusals, urls
from localchat.hub.access import Access
from localchat.hub.bounded import Watchdog
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.refusals import Asked
from localchat.library.values import RemoteFile

Vet = Callable[[Mapping[str, str]], None]
"""Looks at the headers of the Hub's own answer, before any redirect; raises to refuse it."""

_LEAST_SECONDS = 0.1
_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-(?P<stop>\d+)/(?P<size>\d+|\*)")


class Broken(Exception):
    """The connection failed; `error` is what to tell the user when no other try helps."""

    def __init__(
        self, error: errors.LocalchatError, *, is_lasting: bool = False, is_cut: bool = False
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.is_lasting = is_lasting
        """Another try would end the same way: a certificate that is wrong, for example."""
        self.is_cut = is_cut
        """We gave up waiting, perhaps early: what an earlier try was told says more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, before its body."""

    status: int
    headers: Mapping[str, str]
    """Of the last answer, names in small letters."""
    is_from_hub: bool
    """False for a storage that the Hub sent the request to."""
    body: Iterator[bytes]
    """Raises Broken."""
    trust: Callable[[], None]
    """Say that enough came: from now on a pause may last as long as a read may."""

    @property
    def range_start(self) -> int | None:
        """Where in the file the body begins; None where the answer does not say."""
        match = _CONTENT_RANGE.fullmatch(self.headers.get("content-range", "").strip())
        return int(match["start"]) if match else None

    @property
    def whole_bytes(self) -> int | None:
        """How large the whole file is, as this answer says; None where it does not."""
        if self.status == 206:
            match = _CONTENT_RANGE.fullmatch(self.headers.get("content-range", "").strip())
            return int(match["size"]) if match and match["size"] != "*" else None
        stated = self.headers.get("content-length", "")
        return int(stated) if stated.isascii() and stated.isdigit() else None

    @property
    def validator(self) -> str:
        """What a Range request may name to get a piece of the same content; empty without."""
        etag = self.headers.get("etag", "")
        return "" if etag.startswith("W/") or not etag.isprintable() else etag


class Transport:
    """The connections of one download."""

    def __init__(self, who: Access, manners: Manners, control: Control) -> None:
        self._who = who
        self._manners = manners
        self._control = control
        self._held: socket.socket | None = None
        self._attempt: object = None
        """The request under way; those before it may still hang somewhere."""
        self._client = httpx2.Client(
            verify=_trusted(),
            follow_redirects=False,
            # One connection at a time, which is the one that can be ended from outside.
            limits=httpx2.Limits(max_keepalive_connections=0),
            timeout=httpx2.Timeout(manners.read_seconds, connect=manners.connect_seconds),
            headers={"User-Agent": f"localchat/{localchat.__version__}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._release()
        self._client.close()

    @contextlib.contextmanager
    def get(
        self, file: RemoteFile, vet: Vet, seconds: float, start: int = 0, validator: str = ""
    ) -> Iterator[Answer]:
        """Ask for a file from byte `start` on; `vet` sees what the Hub says of it before more.

        After `seconds` without a flow of bytes it is given up, whatever it waits for.
        Raises Broken, DownloadFailed for redirects that are not followed, control.Stopped, and
        what `vet` raises.
        """
        asked, began = self.asked(file), time.monotonic()
        url = urls.file(self._who.endpoint, file.repo, file.revision_commit, file.path)
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            headers |= {"If-Range": validator} if validator else {}
        response = self._opened(url, headers, vet, asked, seconds)
        left = max(seconds - (time.monotonic() - began), _LEAST_SECONDS)
        try:
            with Watchdog(left, self._shut) as watchdog:
                yield Answer(
                    status=response.status_code,
                    headers=_lowered(response),
                    is_from_hub=str(response.request.url).startswith(self._who.endpoint + "/"),
                    body=self._body(response, asked, watchdog),
                    trust=watchdog.calm,
                )
        finally:
            response.close()
            self._release()

    def _opened(
        self, url: str, headers: Mapping[str, str], vet: Vet, asked: Asked, seconds: float
    ) -> httpx2.Response:
        """Open the answer that the redirects lead to, in a thread that can be left behind."""
        self._control.check()
        attempt = self._attempt = object()
        try:
            return bounded.within(
                seconds,
                lambda: self._followed(attempt, url, headers, vet, asked),
                httpx2.Response.close,
                self._control.check,
            )
        except TimeoutError:
            kind = httpx2.ReadTimeout if self._held else httpx2.ConnectTimeout
            raise self._broken(kind("it took too long"), asked, is_cut=True) from None
        finally:
            # What comes of it now is nobody's: see _watch.
            self._attempt = None

    def _followed(
        self, attempt: object, url: str, headers: Mapping[str, str], vet: Vet, asked: Asked
    ) -> httpx2.Response:
        for hop in range(self._manners.redirects + 1):
            response = self._send(attempt, url, headers, asked)
            try:
                if hop == 0 and response.status_code < 400:
                    vet(_lowered(response))
                location = response.headers.get("location", "")
                if not (300 <= response.status_code < 400 and location):
                    return response
                url = redirects.following(url, location)
            except errors.LocalchatError:
                response.close()
                raise
            response.close()
        raise redirects.too_many(asked.host)

    def asked(self, file: RemoteFile) -> Asked:
        """Say what is asked for, for the words of errors."""
        endpoint = self._who.endpoint
        has_token = bool(self._who.token_for(endpoint))
        return Asked(endpoint, file.repo, file.revision, file.path, has_token)

    def _send(
        self, attempt: object, url: str, headers: Mapping[str, str], asked: Asked
    ) -> httpx2.Response:
        self._control.check()
        watch = functools.partial(self._watch, attempt)
        own = dict(headers)
        if token := self._who.token_for(url):
            own["Authorization"] = f"Bearer {token}"
        try:
            request = self._client.build_request(
                "GET", url, headers=own, extensions={"trace": watch}
            )
            return self._client.send(request, stream=True, auth=None)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._broken(error, asked) from error

    def _watch(self, attempt: object, event: str, info: Mapping[str, Any]) -> None:
        """Keep a hold of each new connection, to end its reads from outside."""
        if event.endswith("connect_tcp.complete") and attempt is self._attempt:
            opened: socket.socket | None = info["return_value"].get_extra_info("socket")
            if opened is not None:
                self._release()
                # A duplicate, as TLS takes the socket itself away from this object.
                self._held = opened.dup()
                self._control.wake_by(self._shut)

    def _shut(self) -> None:
        held = self._held
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        self._control.wake_by(None)
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _body(self, response: httpx2.Response, asked: Asked, watchdog: Watchdog) -> Iterator[bytes]:
        try:
            for piece in response.iter_raw():
                watchdog.hear()
                yield piece
        except (httpx2.HTTPError, OSError) as error:
            is_late = watchdog.has_bitten
            told = httpx2.ReadTimeout("nothing flows") if is_late else error
            raise self._broken(told, asked, is_cut=is_late) from error

    def _broken(self, error: Exception, asked: Asked, *, is_cut: bool = False) -> Broken:
        self._control.check()
        told = refusals.of_exception(error, asked)
        return Broken(told, is_lasting=_is_lasting(error), is_cut=is_cut)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Read the system's certificates, once: it takes longer than a request."""
    return httpx2.create_ssl_context()


def _is_lasting(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _lowered(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
