"""How a download goes, told by those who work and read by those who show it."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Self

from localchat.library.values import DownloadProgress, Phase

OnProgress = Callable[[DownloadProgress], None]

_SPEED_SECONDS: Final = 5.0
_SAMPLE_SECONDS: Final = 0.1
_STALL_SECONDS: Final = 2.0


class Meter:
    """Bytes, speed and phase of one download of one or several files."""

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._lock = threading.Lock()
        self._phase = Phase.QUEUED
        self._note = ""
        self._file_name = ""
        self._earlier_bytes = 0
        self._file_bytes = 0
        self._resume_at: float | None = None
        self._last_byte_at = time.monotonic()
        self._samples: deque[tuple[float, int]] = deque()
        self._received_bytes = 0

    def begin_file(self, name: str) -> None:
        """Go on to a file; those before it count as done."""
        with self._lock:
            self._file_name = name
            self._file_bytes = 0

    def end_file(self, size_bytes: int) -> None:
        """Count a file as done."""
        with self._lock:
            self._earlier_bytes += size_bytes
            self._file_bytes = 0

    def enter(self, phase: Phase, note: str = "", wait_seconds: float | None = None) -> None:
        """Say what happens now; a wait is counted down in the note."""
        with self._lock:
            if phase is not self._phase:
                self._samples.clear()
            self._phase, self._note = phase, note
            self._resume_at = time.monotonic() + wait_seconds if wait_seconds else None
            self._last_byte_at = time.monotonic()

    def at(self, done_bytes: int) -> None:
        """Say how much of the file there is, without anything having come."""
        with self._lock:
            self._file_bytes = done_bytes

    def receive(self, size_bytes: int) -> None:
        """Count bytes that came."""
        now = time.monotonic()
        with self._lock:
            self._file_bytes += size_bytes
            self._received_bytes += size_bytes
            self._last_byte_at = now
            if not self._samples or now - self._samples[-1][0] >= _SAMPLE_SECONDS:
                self._samples.append((now, self._received_bytes))

    def now(self) -> DownloadProgress:
        """Read how it goes at this moment."""
        with self._lock:
            moment = time.monotonic()
            speed = self._speed(moment)
            done_bytes = min(self._earlier_bytes + self._file_bytes, self._size_bytes)
            left = (self._size_bytes - done_bytes) / speed if speed else None
            return DownloadProgress(
                phase=self._phase,
                done_bytes=done_bytes,
                size_bytes=self._size_bytes,
                bytes_per_second=speed,
                seconds_left=left,
                note=self._words(moment),
                file_name=self._file_name,
            )

    def _speed(self, moment: float) -> float:
        while self._samples and moment - self._samples[0][0] > _SPEED_SECONDS:
            self._samples.popleft()
        if self._phase is not Phase.DOWNLOADING or len(self._samples) < 2:
            return 0.0
        began, received = self._samples[0]
        return (self._received_bytes - received) / max(moment - began, 1e-6)

    def _words(self, moment: float) -> str:
        if self._resume_at is not None:
            return f"{self._note} Trying again in {max(self._resume_at - moment, 0):.0f} s."
        silence = moment - self._last_byte_at
        if self._phase is Phase.DOWNLOADING and silence > _STALL_SECONDS:
            return f"Nothing has come for {silence:.0f} s."
        return self._note


class Ticker:
    """Reports a meter again and again, from a thread of its own, until it is left."""

    def __init__(self, meter: Meter, on_progress: OnProgress, tick_seconds: float) -> None:
        self._meter = meter
        self._on_progress = on_progress
        self._tick_seconds = tick_seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="download-ticker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._on_progress(self._meter.now())

    def _run(self) -> None:
        while not self._is_over.wait(self._tick_seconds):
            self._on_progress(self._meter.now())
