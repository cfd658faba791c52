"""News from threads to the loop that draws: only the newest of each, and never too often."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_PAUSE_SECONDS = 0.125

News = TypeVar("News")


class Courier(Generic[News]):
    """Hands on what it was given, the newest of each key, at most eight times a second."""

    def __init__(self, deliver: Callable[[News], None]) -> None:
        """`deliver` is called in the loop and the context that run now."""
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        # Threads have none of it, and Textual keeps there which app is meant.
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, News] = {}
        self._is_called = False
        self._gone_at = 0.0
        """When the last news were delivered, in the loop's time."""

    def take(self, key: Hashable, news: News) -> None:
        """Take news of `key`, from any thread; what was not delivered of it yet is replaced."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = news
            if self._is_called or self._loop.is_closed():
                return
            self._is_called = True
        self._loop.call_soon_threadsafe(self._call, context=self._context)

    def flush(self) -> None:
        """Deliver now what waits. Call it in the loop."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._is_called = False
        self._gone_at = self._loop.time()
        for news in waiting.values():
            self._deliver(news)

    def _call(self) -> None:
        due = self._gone_at + _PAUSE_SECONDS
        self._loop.call_at(due, self.flush, context=self._context)
