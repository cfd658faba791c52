"""Gives the store a thread of its own, so that the disk never holds up the screen.

Knows asyncio; knows nothing of SQL.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from localchat import errors
from localchat.chat.store.store import Store

Answer = TypeVar("Answer")


class Keeper:
    """Keeps the chats of one file; the file is opened when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chats")
        self._is_closed = False

    async def do(self, work: Callable[[Store], Answer]) -> Answer:
        """Do something with the store, in the order of the calls, and give what it gives.

        It is done also when the caller is cancelled meanwhile. Raises StoreError.
        """
        if self._is_closed:
            raise errors.StoreError("The chats are closed.")
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._thread, functools.partial(self._do, work))
        return await asyncio.shield(future)

    async def notices(self) -> tuple[str, ...]:
        """Give what the user should know about how the chats were opened. Raises StoreError."""
        return await self.do(lambda store: store.notices)

    async def close(self) -> None:
        """Do what was asked for so far, and close the file."""
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._thread, self._close))
        self._thread.shutdown()

    def _do(self, work: Callable[[Store], Answer]) -> Answer:
        if self._store is None:
            self._store = Store.open(self._file)
        return work(self._store)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
