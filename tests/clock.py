"""A clock for tests that goes slow on a slow machine."""

import threading

_TICK_SECONDS = 0.005


class Clock(threading.Thread):
    """Counts the time in which this process is let run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0
        self._is_over = threading.Event()

    def __enter__(self) -> "Clock":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def run(self) -> None:
        """Count until it is over."""
        while not self._is_over.wait(_TICK_SECONDS):
            self.seconds += _TICK_SECONDS
