"""Pieces of a file at the Hub, by HTTP Range. Remembers where the content is, checks what comes."""

import re
import time
from collections.abc import Iterator
from typing import Final

import httpx2

from localchat import errors, sanitize, units
from localchat.hub import refusals, urls
from localchat.hub.session import Session, too_slow
from localchat.library.values import RemoteFile

FIRST_PIECE_BYTES: Final = 128 * units.KIB
MOST_PIECE_BYTES: Final = 384 * units.KIB
_MOST_SKIPPED_BYTES = 128 * units.MIB
_CONTENT_RANGE = re.compile(r"^bytes (\d+)-(\d+)/(\d+|\*)$")


class RemoteBytes:
    """The bytes of one file, as far as they are asked for."""

    def __init__(self, session: Session, file: RemoteFile) -> None:
        self._session = session
        self._file = file
        self._asked = session.asked(file.repo, file.revision, file.path)
        self._url = urls.file(session.who.endpoint, file.repo, file.revision_commit, file.path)
        self._location = ""

    def read(self, start: int, n_bytes: int) -> bytes:
        """Fetch bytes from `start` on; fewer only at the end of the file.

        Raises as Session does, and NetworkError when another place of the file comes.
        """
        n_bytes = min(n_bytes, self._file.size_bytes - start)
        if n_bytes <= 0:
            return b""
        if self._location:
            try:
                return self._piece(self._location, start, n_bytes)
            except (errors.HubRefused, errors.HubNotFound):
                # The address was signed for a while only.
                self._location = ""
        return self._piece(self._url, start, n_bytes)

    def _piece(self, url: str, start: int, n_bytes: int) -> bytes:
        headers = {"Range": f"bytes={start}-{start + n_bytes - 1}", "Accept-Encoding": "identity"}
        with self._session.open(url, self._asked, headers) as response:
            self._location = str(response.request.url)
            skipped = start
            if response.status_code == 206:
                self._check(response, start)
                skipped = 0
            elif start > _MOST_SKIPPED_BYTES:
                raise self._wrong("sends the whole file where a piece was asked for")
            return self._taken(response, skipped, n_bytes)

    def _taken(self, response: httpx2.Response, skipped: int, n_bytes: int) -> bytes:
        """Read a piece and not more: the rest of an answer that is too long stays unread."""
        pieces, passed = [], 0
        limits = self._session.timeouts
        most_seconds = limits.total_seconds + (skipped + n_bytes) / limits.least_bytes_per_second
        deadline = time.monotonic() + most_seconds
        for piece in self._pieces(response):
            self._session.took(len(piece))
            pieces.append(piece[max(0, skipped - passed) :])
            passed += len(piece)
            if time.monotonic() > deadline:
                raise too_slow(self._asked)
            if passed >= skipped + n_bytes:
                return b"".join(pieces)[:n_bytes]
        raise self._wrong("sent less of the file than was asked for")

    def _pieces(self, response: httpx2.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_raw()
        except (httpx2.HTTPError, OSError) as error:
            # Where it was stopped, that is all there is to tell.
            self._session.took(0)
            raise refusals.of_exception(error, self._asked) from error

    def _check(self, response: httpx2.Response, start: int) -> None:
        stated = _CONTENT_RANGE.match(response.headers.get("Content-Range", "").strip())
        if stated is None or int(stated[1]) != start:
            raise self._wrong("sent another piece of the file than was asked for")
        if stated[3] not in ("*", str(self._file.size_bytes)):
            raise self._wrong("has a file of another size than it said")

    def _wrong(self, what: str) -> errors.NetworkError:
        shown = sanitize.line(self._file.name, 120)
        return errors.NetworkError(
            f"{self._asked.host} {what}: {shown}.",
            "It may have been replaced just now, or a mirror is at fault: try again.",
        )


class Growing:
    """The beginning of a remote file, read in order and in pieces that grow; keeps what came.

    Pieces stay small enough that little comes that nobody needs.
    """

    def __init__(self, source: RemoteBytes) -> None:
        self._source = source
        self._given = 0
        self.content = bytearray()

    def read(self, n_bytes: int, /) -> bytes:
        """Return some more bytes, up to `n_bytes`; none at the end."""
        if self._given == len(self.content):
            size = min(max(FIRST_PIECE_BYTES, self._given // 4), MOST_PIECE_BYTES)
            self.content += self._source.read(self._given, size)
        piece = bytes(self.content[self._given : self._given + n_bytes])
        self._given += len(piece)
        return piece
