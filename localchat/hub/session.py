"""HTTP requests to the Hub: every one with a deadline, a bounded answer, and errors of our own.

huggingface_hub would try again in silence for 23 seconds, has lists without a timeout and asks for
things that nobody wanted; so what is small is asked here, by the Hub's documented API. Opens no
connection before the first request.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

import localchat
from localchat import errors, units
from localchat.hub import access, bounded, refusals
from localchat.hub.access import Access
from localchat.hub.reads import Reads
from localchat.hub.refusals import Asked

USER_AGENT: Final = f"localchat/{localchat.__version__}"
MOST_JSON_BYTES: Final = 64 * units.MIB
MOST_REDIRECTS: Final = 5
_LEAST_SECONDS: Final = 1.0

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take."""

    connect_seconds: float = 5.0
    read_seconds: float = 8.0
    """Without a single byte."""
    total_seconds: float = 14.0
    """Of a whole answer that is small: a trickle ends too."""
    least_bytes_per_second: float = 8 * units.KIB
    """A piece of a file may take longer by what it takes at this rate."""


class Session:
    """Connections to one Hub; may be used from several threads. Close it at the end."""

    def __init__(self, who: Access, timeouts: Timeouts | None = None) -> None:
        self.who = who
        self.timeouts = timeouts or Timeouts()
        self.received_bytes = 0
        """Of files, by now."""
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._is_stopped = False
        self._reads = Reads()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def stop(self) -> None:
        """End what goes on; whoever waits for it, in any thread, soon gets Cancelled."""
        self._is_stopped = True
        self._reads.end()

    def took(self, n_bytes: int) -> None:
        """Count bytes of a file that came. Raises Cancelled after `stop`."""
        with self._lock:
            self.received_bytes += n_bytes
        if self._is_stopped:
            raise errors.Cancelled("The Hub is not asked any further.")

    def asked(self, repo: str = "", revision: str = "", path: str = "") -> Asked:
        """Say what a request is for, for its errors."""
        has_token = bool(self.who.token_for(self.who.endpoint))
        return Asked(self.who.endpoint, repo, revision, path, has_token)

    def json(self, url: str, query: Query, asked: Asked) -> tuple[Any, Mapping[str, str]]:
        """Get JSON and the answer's headers.

        Raises Offline, HubNotFound, HubRefused, RateLimited or NetworkError.
        """
        deadline = time.monotonic() + self.timeouts.total_seconds
        with self.open(url, asked, {"Accept": "application/json"}, query) as response:
            body = self.body(response, MOST_JSON_BYTES, asked, deadline)
            headers = dict(response.headers)
        try:
            return json.loads(body), headers
        except (ValueError, RecursionError) as error:
            raise errors.NetworkError(
                f"{asked.host} answered something that cannot be understood.", refusals.LATER
            ) from error

    @contextmanager
    def open(
        self, url: str, asked: Asked, headers: Mapping[str, str], query: Query = ()
    ) -> Iterator[httpx2.Response]:
        """Open an answer and follow redirects; the body is not read yet.

        The token goes to the endpoint alone. A redirect may not leave https, nor go in circles.
        Raises as `json` does.
        """
        self.who.check_online("the Hugging Face Hub")
        seconds, began = self.timeouts.total_seconds, time.monotonic()
        hops: list[str] = []
        try:
            response = bounded.within(
                seconds,
                lambda: self._followed(url, headers, query, asked, hops),
                httpx2.Response.close,
                lambda: self.took(0),
            )
        except TimeoutError:
            if len(hops) > 1:
                raise too_slow(asked) from None
            raise refusals.of_exception(httpx2.ConnectTimeout("too late"), asked) from None
        try:
            # Of what is left, as silence before an answer and within it count together.
            left = max(seconds - (time.monotonic() - began), _LEAST_SECONDS)
            limits = response.request.extensions["timeout"]
            limits["read"] = min(limits["read"], left)
            with self._reads.watched(response):
                yield response
        finally:
            response.close()

    def _followed(
        self,
        url: str,
        headers: Mapping[str, str],
        query: Query,
        asked: Asked,
        hops: list[str],
    ) -> httpx2.Response:
        target, params = url, query
        for _ in range(MOST_REDIRECTS + 1):
            self.took(0)
            hops.append(target)
            response = self._send(target, headers, params, asked)
            if response.is_success:
                return response
            try:
                if not response.has_redirect_location:
                    raise refusals.of_response(response.status_code, response.headers, asked)
                target, params = _following(target, response, asked), ()
            finally:
                response.close()
        raise errors.NetworkError(f"{asked.host} sends every request in circles.", refusals.LATER)

    def body(
        self, response: httpx2.Response, most_bytes: int, asked: Asked, deadline: float
    ) -> bytes:
        """Read an answer whole. Raises NetworkError when it is too large, too slow or breaks."""
        pieces, total = [], 0
        try:
            for piece in response.iter_bytes():
                pieces.append(piece)
                total += len(piece)
                if total > most_bytes:
                    raise errors.NetworkError(
                        f"{asked.host} sends far more than was asked for.", refusals.LATER
                    )
                if time.monotonic() > deadline:
                    raise too_slow(asked)
        except (httpx2.HTTPError, OSError) as error:
            self.took(0)
            raise refusals.of_exception(error, asked) from error
        return b"".join(pieces)

    def _request(self, url: str, headers: Mapping[str, str], query: Query) -> httpx2.Request:
        own = {"User-Agent": USER_AGENT, **headers}
        if token := self.who.token_for(url):
            own["Authorization"] = f"Bearer {token}"
        return httpx2.Request(
            "GET",
            url,
            headers=own,
            params=list(query) or None,
            extensions={"timeout": self._limits().as_dict()},
        )

    def _send(
        self, url: str, headers: Mapping[str, str], query: Query, asked: Asked
    ) -> httpx2.Response:
        try:
            request = self._request(url, headers, query)
            return self._connected().send(request, stream=True, follow_redirects=False)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise refusals.of_exception(error, asked) from error

    def _limits(self) -> httpx2.Timeout:
        limits = self.timeouts
        return httpx2.Timeout(limits.read_seconds, connect=limits.connect_seconds)

    def _connected(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx2.Client(timeout=self._limits(), follow_redirects=False)
            return self._client


def _following(url: str, response: httpx2.Response, asked: Asked) -> str:
    target = urljoin(url, response.headers["Location"])
    scheme, host, _ = access.origin(target)
    is_weaker = urlsplit(url).scheme == "https" and scheme != "https"
    if scheme not in ("http", "https") or not host or is_weaker:
        raise errors.NetworkError(
            f"{asked.host} led to an address that is not secure, which localchat refuses.",
            refusals.LATER,
        )
    return target


def too_slow(asked: Asked) -> errors.NetworkError:
    """Make the error of an answer that comes in a trickle."""
    return errors.NetworkError(f"{asked.host} answers too slowly to be of use.", refusals.LATER)
