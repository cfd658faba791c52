"""Writes down an answer while it comes: what was said is in the store a quarter of a second later.

Knows asyncio and the keeper; knows nothing of SQL or the engine.
"""

import asyncio
import contextlib
from typing import Final

from localchat import errors
from localchat.chat.reasoning import Kind
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store

FLUSH_SECONDS: Final = 0.15
"""A quarter of a second, less what a busy machine takes until it is written."""


class Scribe:
    """Collects the pieces of one answer and gives them to the store now and then."""

    def __init__(self, keeper: Keeper, message_id: str) -> None:
        self._keeper = keeper
        self._message_id = message_id
        self._pieces: list[tuple[Kind, str]] = []
        self._flushing: asyncio.Task[None] | None = None

    def said(self, kind: Kind, text: str) -> None:
        """Take a piece; it is written within FLUSH_SECONDS."""
        if self._pieces and self._pieces[-1][0] == kind:
            text = self._pieces.pop()[1] + text
        self._pieces.append((kind, text))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_soon())

    async def close(self) -> None:
        """Write what is left; then the message can be finished. Raises StoreError."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        await self._flush()

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        self._flushing = None
        # What could not be written is tried again with the next piece, and in the end.
        with contextlib.suppress(errors.StoreError):
            await self._flush()

    async def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []

        def write(store: Store) -> None:
            for kind, text in pieces:
                store.append(self._message_id, kind, text)

        if not pieces:
            return
        try:
            await self._keeper.do(write)
        except errors.StoreError:
            self._pieces = pieces + self._pieces
            raise
