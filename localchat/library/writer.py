"""Writing and hashing beside the receiving: a thread takes pieces in order and hands them on.

What is on its way is bounded, so that a slow disk slows the sender down.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Final, Self

_BATCH_BYTES: Final = 256 * 1024
_BATCH_SECONDS: Final = 0.2
_MOST_BATCHES: Final = 8


class Writer:
    """Calls `sink` with what was put, in order, in a thread of its own."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._batch_began = 0.0
        self._batches: queue.Queue[list[bytes] | None] = queue.Queue(_MOST_BATCHES)
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="part-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hand_over()
        self._batches.put(None)
        self._thread.join()

    def put(self, piece: bytes) -> None:
        """Take the next bytes. Raises the OSError that an earlier write ended with."""
        if self._error is not None:
            raise self._error
        if not self._batch:
            self._batch_began = time.monotonic()
        self._batch.append(piece)
        self._batch_bytes += len(piece)
        is_old = time.monotonic() - self._batch_began > _BATCH_SECONDS
        if self._batch_bytes >= _BATCH_BYTES or is_old:
            self._hand_over()

    def flush(self) -> None:
        """Wait until everything is written. Raises the OSError that a write ended with."""
        self._hand_over()
        self._batches.join()
        if self._error is not None:
            raise self._error

    def _hand_over(self) -> None:
        if self._batch:
            self._batches.put(self._batch)
            self._batch, self._batch_bytes = [], 0

    def _run(self) -> None:
        while True:
            batch = self._batches.get()
            try:
                if batch is None:
                    return
                if self._error is None:
                    self._sink(batch[0] if len(batch) == 1 else b"".join(batch))
            except OSError as error:
                self._error = error
            finally:
                self._batches.task_done()
