"""Dry runs from the front end's side: a process of their own, replaced when one kills it.

Asyncio. The process is started when first needed and ends by itself some time after the last
question, since it holds a vocabulary in memory. Knows nothing of llama_cpp.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import errors
from localchat.engine import wire
from localchat.engine.link import Link, failure
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams

ANSWER_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 60.0
_MOST_CRASHES = 3


@dataclass(frozen=True, slots=True)
class DryRunFailed:
    """The engine did not say what a model would take; the closed form has to do."""

    message: str
    """One sentence."""
    cannot_run: bool
    """This build refuses or dies of the model with these parameters: it would not load either."""


Outcome = Footprint | DryRunFailed


class DryRunner:
    """Asks llama.cpp what models would take, one question at a time."""

    def __init__(
        self,
        command: Sequence[str],
        log_folder: Path,
        answer_seconds: float = ANSWER_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._link = Link(command, log_folder)
        self._answer_seconds = answer_seconds
        self._idle_seconds = idle_seconds
        self._busy = asyncio.Lock()
        self._idle: asyncio.Task[None] | None = None
        self._last_use = 0.0

    @property
    def pid(self) -> int | None:
        """The process id, None while none runs."""
        return self._link.pid

    async def footprints(self, path: Path, wanted: Sequence[EngineParams]) -> tuple[Outcome, ...]:
        """Ask what a model, or one of which there is only a header, takes in each way of loading.

        After three crashes the rest is not tried. Raises nothing but EngineMissing.
        """
        outcomes: list[Outcome] = []
        crashes = 0
        async with self._busy:
            for params in wanted:
                if crashes == _MOST_CRASHES:
                    outcomes.append(outcomes[-1])
                    continue
                try:
                    outcomes.append(await self._ask(path, params))
                except errors.EngineLost as lost:
                    crashes += 1
                    outcomes.append(_cannot_run(lost))
                except TimeoutError:
                    crashes += 1
                    await self._link.close()
                    outcomes.append(_too_long(path, self._answer_seconds))
            self._last_use = time.monotonic()
        self._end_when_idle()
        return tuple(outcomes)

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        async with self._busy:
            await self._link.close()

    async def _ask(self, path: Path, params: EngineParams) -> Outcome:
        await self._link.start()
        with self._link.request(wire.DryRun(0, str(path), params)) as request:
            await self._link.send(request)
            event = await asyncio.wait_for(request.events.get(), self._answer_seconds)
        if isinstance(event, wire.Result):
            return wire.footprint(event.value["footprint"])
        error = failure(event, "sizing the model")
        if isinstance(error, errors.EngineLost):
            raise error
        is_ours = isinstance(event, wire.Failed) and event.kind == "no_sparse_files"
        return DryRunFailed(error.message, cannot_run=not is_ours)

    def _end_when_idle(self) -> None:
        if self._idle is None or self._idle.done():
            self._idle = asyncio.create_task(self._wait_and_end())

    async def _wait_and_end(self) -> None:
        while (left := self._last_use + self._idle_seconds - time.monotonic()) > 0:
            await asyncio.sleep(left)
        async with self._busy:
            await self._link.close()


def _cannot_run(lost: errors.EngineLost) -> DryRunFailed:
    if lost.during == "starting":
        return DryRunFailed(lost.message, cannot_run=False)
    cause = f" ({lost.signal_name})" if lost.signal_name else ""
    return DryRunFailed(f"This build of the engine cannot run it here{cause}.", cannot_run=True)


def _too_long(path: Path, seconds: float) -> DryRunFailed:
    words = f"The engine did not size {path.name} within {seconds:.0f} s."
    return DryRunFailed(words, cannot_run=False)
