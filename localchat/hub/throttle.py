"""A limit on bytes a second that several downloads share."""

import threading
import time

from localchat.hub.control import Control

_BURST_SECONDS = 0.1
_LONGEST_NAP_SECONDS = 0.25


class Throttle:
    """Lets through at most `bytes_per_second`; 0 is no limit. It may change at any time."""

    def __init__(self, bytes_per_second: float = 0) -> None:
        self.bytes_per_second = bytes_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, size_bytes: int, control: Control) -> None:
        """Wait until so many bytes may have come. Raises control.Stopped."""
        if not self.bytes_per_second:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - _BURST_SECONDS)
            self._free_at += size_bytes / self.bytes_per_second
            due = self._free_at
        # In short naps, as the limit may be lifted meanwhile.
        while self.bytes_per_second and (left := due - time.monotonic()) > 0:
            control.wait(min(left, _LONGEST_NAP_SECONDS))
