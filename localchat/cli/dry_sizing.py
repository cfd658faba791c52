"""Sizes of local files by llama.cpp's own dry run, where it can be asked; else by formula.

Planning asks one size at a time and waits, the engine answers in an event loop: a thread of its
own runs that loop.
"""

import asyncio
import threading
from types import TracebackType

from localchat import errors
from localchat.cli import options
from localchat.engine.client import EngineClient
from localchat.fit import memory
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Hardware


class DrySizer:
    """Sizes files of this disk on this machine; a context manager, which ends the engine.

    What the engine cannot size is sized by formula from then on.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._engine: EngineClient | None = None
        self.problem = ""
        """Why sizes are by formula, in one sentence; empty while they are not."""

    def __enter__(self) -> "DrySizer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            asyncio.run_coroutine_threadsafe(self._engine.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __call__(self, candidate: Candidate, params: EngineParams, hardware: Hardware) -> Footprint:
        """Say what a file takes, loaded like this."""
        if candidate.path is not None and not self.problem:
            asked = asyncio.run_coroutine_threadsafe(self._ask(candidate, params), self._loop)
            found = asked.result()
            if found is not None:
                return found
        return memory.footprint(candidate, params, hardware)

    async def _ask(self, candidate: Candidate, params: EngineParams) -> Footprint | None:
        assert candidate.path is not None
        if self._engine is None:
            self._engine = options.engine()
        try:
            outcome = (await self._engine.dry_run(candidate.path, (params,)))[0]
        except errors.EngineError as error:
            self.problem = f"Sizes are by formula: {error.message}"
            return None
        if isinstance(outcome, Footprint):
            return outcome
        self.problem = f"Sizes are by formula: {outcome.message}"
        return None
