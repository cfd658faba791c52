"""The model that is to be in memory: loaded, and loaded again after the engine died or rested.

One model over one link. Knows nothing of answers.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator

from localchat import errors
from localchat.engine import wire
from localchat.engine.link import Link
from localchat.engine.loading import Loader, OnProgress


class Resident:
    """What is wanted in memory, and what is there."""

    def __init__(self, link: Link, loader: Loader) -> None:
        self._link = link
        self._loader = loader
        self._loaded: wire.Loaded | None = None
        self.wanted: wire.Load | None = None
        """What was loaded last, and is again when needed: after a crash, or while it rests."""
        self.is_loading = False

    @property
    def loaded(self) -> wire.Loaded | None:
        """The model in memory; None while there is none, also after the engine died."""
        return self._loaded if self._link.ready is not None else None

    async def load(self, wanted: wire.Load, on_progress: OnProgress) -> wire.Loaded:
        """Load a model, replacing the one in memory. Raises what `Loader.load` raises."""
        # Wanted already, so that whoever asks meanwhile waits for it.
        self.wanted, self._loaded, self.is_loading = wanted, None, True
        try:
            self._loaded = await self._loader.load(wanted, on_progress)
        finally:
            self.is_loading = False
        self.wanted = dataclasses.replace(wanted, params=self._loaded.params)
        return self._loaded

    async def revive(self) -> AsyncGenerator[wire.Progress, None]:
        """Load again what was loaded unless it is still there, yielding its progress.

        Raises what `Loader.load` raises, or EngineError when nothing was loaded yet.
        """
        if self.loaded is not None:
            return
        wanted = self.wanted
        if wanted is None:
            raise errors.EngineError("No model is loaded.", "Choose a model first.")
        queue: asyncio.Queue[wire.Progress | None] = asyncio.Queue()
        task = asyncio.create_task(self.load(wanted, queue.put_nowait))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (progress := await queue.get()) is not None:
                yield progress
            await task
        finally:
            if not task.done():
                await self._link.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def leave(self, *, until_needed: bool = False) -> None:
        """Note that nothing is in memory any more, nor wanted there unless `until_needed`."""
        self.wanted, self._loaded = (self.wanted if until_needed else None), None
