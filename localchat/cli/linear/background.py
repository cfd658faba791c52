"""Runs the chat's event loop beside the thread that reads lines.

Reading a line blocks its thread, and Ctrl-C reaches the main thread alone: so that one reads, and
everything else goes on in a thread of its own.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent import futures
from types import TracebackType
from typing import Any, Self, TypeVar

Answer = TypeVar("Answer")

_LOOK_SECONDS = 0.1


class Background:
    """An event loop in a thread, from `with` to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="linear", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def do(
        self,
        work: Coroutine[Any, Any, Answer],
        stop: Callable[[], Awaitable[object]] | None = None,
    ) -> Answer:
        """Do something in the loop and wait for it; the first Ctrl-C meanwhile calls `stop`.

        Raises KeyboardInterrupt at the second one, or the first without `stop`.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                # In short looks: on Windows nothing interrupts a thread that waits.
                done, _ = futures.wait((future,), _LOOK_SECONDS)
                if done:
                    return future.result()
            except KeyboardInterrupt:
                if stop is None or future.done():
                    raise
                asyncio.run_coroutine_threadsafe(_call(stop), self._loop)
                stop = None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


async def _call(stop: Callable[[], Awaitable[object]]) -> None:
    await stop()
