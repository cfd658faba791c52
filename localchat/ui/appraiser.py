"""Finds out what the models screen shows, better and better: names, then figures, then the truth.

Everything that takes time happens in threads or in the engine, so that the screen never waits.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from localchat import errors
from localchat.engine import history, wire
from localchat.engine.client import EngineClient
from localchat.fit.footprint import Footprint
from localchat.ui import stock
from localchat.ui.hub_offer import Offer
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry
from localchat.ui.stock import EngineFacts, Stock

_HEADER_SECONDS = 3.0
"""So long at most a look at the disk reads headers that it does not know."""


class Appraiser:
    """Looks at the machine and its models, and remembers what the engine said."""

    def __init__(self, engine: EngineClient, setup: Setup) -> None:
        self._engine = engine
        self._setup = setup
        self._facts: EngineFacts | None = None
        self._is_first = True
        self._offers: dict[str, tuple[Entry, Offer]] = {}

    def keep(self, entry: Entry, offer: Offer) -> None:
        """Remember what a repository of the Hub offers, for as long as the app runs."""
        self._offers[entry.key] = (entry, offer)

    async def appraise(self, in_memory: Footprint | None) -> AsyncIterator[Stock]:
        """Yield what there is, each time better known; `in_memory` is what the engine holds."""
        is_first, self._is_first = self._is_first, False
        found = await self._look(in_memory, 0.0 if is_first else _HEADER_SECONDS)
        must_ask = self._setup.asks_engine and self._facts is None
        if is_first:
            yield found
            if must_ask and found.hardware.gpus:
                # Figures for a GPU that the engine cannot use would be wrong for a second.
                self._facts, must_ask = await self._ask(), False
                found = await self._look(in_memory)
            yield await asyncio.to_thread(found.recommend, only_mine=True)
        yield await asyncio.to_thread(found.recommend)
        if must_ask or found.library.unread:
            self._facts = await self._ask() if must_ask else self._facts
            found = await self._look(in_memory)
            yield await asyncio.to_thread(found.recommend)

    async def remember(self, path: Path, loaded: wire.Loaded, stats: wire.Stats) -> None:
        """Keep what an answer says about this machine, for the next figures."""
        file = self._setup.measurements_file
        if file is not None and self._facts is not None and self._facts.build:
            machine = await asyncio.to_thread(self._setup.detect, self._facts.devices)
            await asyncio.to_thread(
                history.remember, file, self._facts.build, path, loaded, stats, machine
            )

    async def _look(
        self, in_memory: Footprint | None, header_seconds: float = _HEADER_SECONDS
    ) -> Stock:
        offers = dict(self._offers)
        return await asyncio.to_thread(
            stock.look, self._setup, self._facts, in_memory, offers, header_seconds
        )

    async def _ask(self) -> EngineFacts:
        try:
            ready = await self._engine.start()
            return EngineFacts(ready.build, await self._engine.devices())
        except errors.LocalchatError:
            # Loading will say what is wrong; without an engine no GPU can be used.
            return EngineFacts("", ())
