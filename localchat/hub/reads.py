"""Reads that wait for the network, so that another thread can end them at once."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx2


class Reads:
    """The answers that are being read now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_ended = False

    @contextlib.contextmanager
    def watched(self, response: httpx2.Response) -> Iterator[None]:
        """Let `end` end what is read of an answer in this block."""
        stream = response.extensions.get("network_stream")
        found: socket.socket | None = stream.get_extra_info("socket") if stream else None
        if found is None:
            yield
            return
        with self._lock:
            self._sockets.append(found)
            if self._is_ended:
                _shut(found)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.remove(found)

    def end(self) -> None:
        """End them all, and those to come: whoever waits for one gets an error of the network."""
        with self._lock:
            self._is_ended = True
            for each in self._sockets:
                _shut(each)


def _shut(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not the method of a TLS socket, which would take its state away from its reader.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
