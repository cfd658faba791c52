"""What the user wants of a download while it goes: on, a pause, or an end. For several threads."""

import threading
from collections.abc import Callable
from typing import Literal

Wish = Literal["", "pause", "cancel"]


class Stopped(Exception):
    """The user wants the download to stop here; `wish` says how."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish)
        self.wish: Wish = wish


class Control:
    """One download's stop button. A read that waits for the network is woken by its `waker`."""

    def __init__(self) -> None:
        self._wish: Wish = ""
        self._is_stopped = threading.Event()
        self._lock = threading.Lock()
        self._waker: Callable[[], None] | None = None

    @property
    def wish(self) -> Wish:
        """What the user asked for; empty while it shall go on."""
        return self._wish

    def pause(self) -> None:
        """Stop soon and keep what is there."""
        self._stop("pause")

    def cancel(self) -> None:
        """Stop soon for good."""
        self._stop("cancel")

    def check(self) -> None:
        """Raise Stopped when the user wants it to stop."""
        if self._wish:
            raise Stopped(self._wish)

    def wait(self, seconds: float) -> None:
        """Sleep. Raises Stopped as soon as the user wants it to stop."""
        self._is_stopped.wait(max(seconds, 0))
        self.check()

    def wake_by(self, waker: Callable[[], None] | None) -> None:
        """Name what ends a read that is going on, such as closing its socket; None for nothing."""
        with self._lock:
            self._waker = waker
            is_late = bool(self._wish)
        if is_late and waker is not None:
            waker()

    def _stop(self, wish: Wish) -> None:
        with self._lock:
            self._wish = wish
            waker = self._waker
        self._is_stopped.set()
        if waker is not None:
            waker()
