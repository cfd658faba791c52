"""The front end's handle on the engine: load, generate, count, and survive its death.

Asyncio, one event loop. Knows nothing of llama_cpp: everything comes over the wire. The only
state is the link to the process and what was loaded last, so that a process that died is replaced
when it is needed next.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

from localchat.engine import process, wire
from localchat.engine.link import Link, Request, failure, is_crash
from localchat.engine.loading import Loader, OnProgress
from localchat.engine.process import Death
from localchat.engine.resident import Resident
from localchat.engine.sizing import DryRunFailed, DryRunner
from localchat.fit.footprint import Footprint


class EngineClient:
    """One engine, started when first needed and restarted after it died."""

    def __init__(
        self,
        log_folder: Path,
        safe_mode_file: Path,
        command: Sequence[str] = process.WORKER_COMMAND,
    ) -> None:
        self._link = Link(command, log_folder)
        self._loader = Loader(self._link, safe_mode_file)
        self._dry_runner = DryRunner(command, log_folder / "dry-runs")
        self._busy = asyncio.Lock()
        self.resident = Resident(self._link, self._loader)
        """Which model is wanted in memory, and whether it is there."""

    @property
    def loaded(self) -> wire.Loaded | None:
        """The model in memory; None while there is none, also after the engine died."""
        return self.resident.loaded

    @property
    def pid(self) -> int | None:
        """The engine's process id, None while it does not run."""
        return self._link.pid

    async def start(self) -> wire.Ready:
        """Start the engine unless it runs. Raises EngineMissing or EngineLost."""
        return await self._link.start()

    async def load(
        self,
        path: Path | str,
        params: wire.EngineParams | None = None,
        on_progress: OnProgress | None = None,
        predicted_bytes: int = 0,
    ) -> wire.Loaded:
        """Load a model, replacing the one in memory, and heal what can be healed (DESIGN D11).

        A crash is tried once more in safe mode; when memory runs out, the KV cache, then the
        context, then the GPU's share are made smaller. What was changed is in `notes`.
        `predicted_bytes` goes into the engine's log, beside what the model really takes.
        Raises BadModel, BadTemplate, ModelNotFound, DoesNotFit, Cancelled, LoadFailed,
        EngineMissing or EngineLost.
        """
        wanted = wire.Load(
            0, str(path), params or wire.EngineParams(), predicted_bytes=predicted_bytes
        )
        await self._dry_runner.close()
        async with self._busy:
            self._loader.has_crashed = False
            try:
                return await self.resident.load(wanted, on_progress or _ignore)
            except BaseException:
                self.resident.leave()
                raise

    async def generate(self, request: wire.Generate) -> AsyncGenerator[wire.Event, None]:
        """Answer a conversation: yields Prompt, Progress and Text, then Finished.

        `request.id` is given here. A worker that has died since the load is replaced first, which
        yields the load's Progress too. Closing the iterator early stops the answer.
        Raises ContextOverflow, BadTemplate, EngineError, or EngineLost when the worker dies.
        """
        async with self._busy:
            async with contextlib.aclosing(self.resident.revive()) as loading:
                async for progress in loading:
                    yield progress
            with self._link.request(request) as sent:
                await self._link.send(sent)
                async with contextlib.aclosing(_answer(sent, self._loader, self._link)) as events:
                    async for event in events:
                        yield event

    async def count(
        self,
        messages: Sequence[wire.Message],
        template_variables: Mapping[str, Any] | None = None,
    ) -> int:
        """Count the tokens of a conversation as it would be sent, also while the engine works.

        Raises BadTemplate, EngineError or EngineLost.
        """
        value = await self._link.ask(wire.Count(0, tuple(messages), template_variables or {}))
        return int(value["tokens"])

    async def devices(self) -> tuple[wire.Device, ...]:
        """List the devices of ggml in this engine. Raises EngineMissing or EngineLost."""
        async with self._busy:
            await self.start()
            value = await self._link.ask(wire.Devices(0))
        return tuple(wire.Device(**device) for device in value["devices"])

    async def dry_run(
        self, path: Path, params: Sequence[wire.EngineParams]
    ) -> tuple[Footprint | DryRunFailed, ...]:
        """Ask llama.cpp what a model would take in each way of loading, without loading it.

        `path` may hold only a model's header. What is loaded goes on undisturbed: another process
        is asked, and one that dies of it is an answer. Raises EngineMissing.
        """
        return await self._dry_runner.footprints(path, params)

    async def set_threads(self, threads: int) -> None:
        """Use this many threads from the next token on. Raises EngineError or EngineLost."""
        await self._link.ask(wire.SetThreads(0, threads))

    async def revive(self) -> AsyncGenerator[wire.Progress, None]:
        """Load again what was loaded last, unless it is in memory, and yield the progress.

        Raises as `load` does, or EngineError when nothing was loaded yet.
        """
        async with self._busy, contextlib.aclosing(self.resident.revive()) as loading:
            async for progress in loading:
                yield progress

    async def unload(self, *, until_needed: bool = False) -> None:
        """Free the model's memory, for good or until the next answer. Raises EngineLost."""
        async with self._busy:
            self.resident.leave(until_needed=until_needed)
            if self._link.ready is not None:
                await self._link.ask(wire.Unload(0))

    async def cancel(self) -> None:
        """Stop the load or the answer under way; a worker that does not listen is killed."""
        await self._link.cancel()

    async def close(self) -> None:
        """End the engine; no process is left behind."""
        self.resident.leave()
        await self._dry_runner.close()
        await self._link.close()


def _ignore(_: wire.Progress) -> None:
    return


async def _answer(request: Request, loader: Loader, link: Link) -> AsyncGenerator[wire.Event, None]:
    """Yield the events of an answer, and stop it when nobody wants more of them."""
    stats = wire.Stats()
    over = False
    try:
        while not over:
            event = await request.events.get()
            over = isinstance(event, wire.Finished | wire.Failed | Death)
            if isinstance(event, wire.Text):
                stats = event.stats
            if isinstance(event, Death) and request.cancelled:
                event = wire.Finished(request.command.id, "cancelled", stats)
            if isinstance(event, wire.Failed | Death):
                error = failure(event, "answering")
                # Not proof enough to remember, but the next try should not die of the same.
                loader.has_crashed |= is_crash(error)
                raise error
            yield event
    finally:
        if not over:
            await link.cancel()
            while not over:
                last = await request.events.get()
                over = isinstance(last, wire.Finished | wire.Failed | Death)
