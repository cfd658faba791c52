"""How a fake hub sends what it has: ranges, pace, and bodies that break on the way."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.hub_content import FakeFile, Fault, LoggedRequest

_PIECE_BYTES = 64 * 1024
_NEW_CONTENT_MASK = 0x5A


@dataclass(frozen=True, slots=True)
class Span:
    """Which bytes of a file an answer holds."""

    status: int
    start: int
    stop: int


def span_of(wanted: str | None, if_range: str | None, etag: str, size_bytes: int) -> Span:
    """Choose the answer to a Range header (RFC 9110, section 14)."""
    if not wanted or not wanted.startswith("bytes=") or (if_range and if_range != etag):
        return Span(200, 0, size_bytes)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        return Span(206, max(size_bytes - int(last), 0), size_bytes)
    stop = min(int(last) + 1, size_bytes) if last else size_bytes
    return Span(206, int(first), stop) if int(first) < stop else Span(416, 0, 0)


class Answers(BaseHTTPRequestHandler):
    """The sending half of a request handler."""

    protocol_version = "HTTP/1.1"
    entry: LoggedRequest
    closing: threading.Event
    pace: float = 0

    def content(self, file: FakeFile, fault: Fault | None, etag: str, more: dict[str, str]) -> None:
        kind = fault.kind if fault is not None else ""
        etag = '"another"' if kind == "new etag" else etag
        wanted = None if kind == "ignore range" else self.headers.get("Range")
        span = span_of(wanted, self.headers.get("If-Range"), etag, file.size_bytes)
        if kind == "range refused":
            span = Span(416, 0, 0)
        length = span.stop - span.start + {"one byte more": 1, "one byte less": -1}.get(kind, 0)
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        if span.status == 206:
            stated = span.start + (1 if kind == "wrong content range" else 0)
            headers["Content-Range"] = f"bytes {stated}-{span.stop - 1}/{file.size_bytes}"
        elif span.status == 416:
            headers["Content-Range"] = f"bytes */{file.size_bytes}"
        is_chunked = kind in ("early last chunk", "short chunk")
        if is_chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(length)
        self.head(span.status, headers | more)
        if self.command != "HEAD" and span.status != 416:
            with suppress(OSError):
                self._body(pieces_of(file, span, fault, length), fault, is_chunked)

    def _body(self, pieces: Iterator[bytes], fault: Fault | None, is_chunked: bool) -> None:
        breaks = fault is not None and fault.kind in (
            "early end", "early last chunk", "short chunk", "reset", "stall",
        )  # fmt: skip
        left = fault.at_byte if fault is not None and breaks else None
        began, sent = time.monotonic(), 0
        for piece in pieces:
            part = piece if left is None else piece[:left]
            self.wfile.write(_chunk(part) if is_chunked and part else part)
            self.entry.body_bytes += len(part)
            sent += len(part)
            if left is not None and fault is not None:
                left -= len(part)
                if left <= 0:
                    self._break(fault)
                    return
            if self.pace:
                due = began + sent / self.pace
                self.closing.wait(max(due - time.monotonic(), 0))
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _break(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.kind == "early last chunk":
            self.wfile.write(b"0\r\n\r\n")
        elif fault.kind == "short chunk":
            self.wfile.write(b"4000\r\nfar less than that")
        elif fault.kind == "stall":
            self.closing.wait(60)
        elif fault.kind == "reset":
            now = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            # The handler's own files hold the socket open; detaching closes it with a reset.
            self.rfile.close()
            self.wfile.close()
            self.connection.close()

    def json(self, value: Any, headers: dict[str, str] | None = None, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.head(status, {"Content-Length": str(len(body)), **headers})
        if self.command != "HEAD" and body:
            with suppress(OSError):
                self.wfile.write(body)
                self.entry.body_bytes += len(body)

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.entry.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        with suppress(OSError):
            self.end_headers()


def pieces_of(file: FakeFile, span: Span, fault: Fault | None, length: int) -> Iterator[bytes]:
    kind = fault.kind if fault is not None else ""
    shift = 1 if kind == "wrong bytes" else 0
    position, left = span.start, length
    while left > 0:
        size = min(_PIECE_BYTES, left)
        piece = bytearray(file.read(position + shift, size))
        piece += bytes(size - len(piece))
        if kind == "new etag":
            piece = bytearray(byte ^ _NEW_CONTENT_MASK for byte in piece)
        at = fault.at_byte - position if fault is not None and kind == "flipped bit" else -1
        if 0 <= at < len(piece):
            piece[at] ^= 1
        yield bytes(piece)
        position += size
        left -= size


def _chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
