"""Requests to one engine process and the events that answer them.

Owns the process and its reader task; knows which event belongs to which request, and tells every
open request when the process dies. Knows nothing of models or of what to do after a death.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from localchat import errors
from localchat.engine import process, wire
from localchat.engine.process import Death

_START_SECONDS = 60.0
_SHORT_SECONDS = 20.0
_CANCEL_SECONDS = 3.0
"""An engine that has not obeyed a cancel after this long is killed."""


class Request:
    """A command under way; its events arrive in order, a Death last if the worker died first."""

    def __init__(self, command: wire.Command) -> None:
        self.command = command
        self.events: asyncio.Queue[wire.Event | Death] = asyncio.Queue()
        self.cancelled = False


class Link:
    """One engine process at a time, started on demand."""

    def __init__(self, command: Sequence[str], log_folder: Path) -> None:
        self._command = tuple(command)
        self._log_folder = log_folder
        self._worker: process.WorkerProcess | None = None
        self._reader: asyncio.Task[None] | None = None
        self._requests: dict[int, Request] = {}
        self._last_id = 0
        self._starting = asyncio.Lock()
        self.ready: wire.Ready | None = None
        """Which engine this is; None while no process runs."""

    async def start(self) -> wire.Ready:
        """Start the process unless it runs. Raises EngineMissing or EngineLost."""
        # Whoever comes while it starts waits for that one: two would take each other's first word.
        async with self._starting:
            return self.ready or await self._start()

    async def _start(self) -> wire.Ready:
        await self.close()
        try:
            worker = await process.WorkerProcess.start(self._command, self._log_folder)
        except OSError as error:
            raise errors.EngineMissing(f"The engine could not be started: {error}.") from error
        self._worker = worker
        # The first word comes unasked, with id 0: this request stands for nothing else.
        hello = self._requests[0] = Request(wire.Devices(0))
        self._reader = asyncio.create_task(self._read(worker))
        event = await _within(hello, _START_SECONDS, worker)
        self._requests.pop(0, None)
        if not isinstance(event, wire.Ready):
            raise failure(event, "starting")
        self.ready = event
        return event

    @property
    def pid(self) -> int | None:
        """The process id, None while no process runs."""
        return self._worker.pid if self._worker is not None and self.ready is not None else None

    @contextlib.contextmanager
    def request(self, command: wire.Command) -> Iterator[Request]:
        """Open a request for `command`, which gets a new id; send it with `send`."""
        self._last_id += 1
        request = Request(dataclasses.replace(command, id=self._last_id))
        self._requests[self._last_id] = request
        try:
            yield request
        finally:
            self._requests.pop(request.command.id, None)

    async def send(self, request: Request) -> None:
        """Send the request's command; a dead process answers it with its Death."""
        if self._worker is None or self.ready is None:
            request.events.put_nowait(Death(0, "", ""))
            return
        await self._worker.send(request.command)

    async def ask(self, command: wire.Command) -> Mapping[str, Any]:
        """Send a short command and return its result's value.

        Raises EngineError, EngineLost, or what the engine's refusal stands for.
        """
        with self.request(command) as request:
            await self.send(request)
            try:
                event = await asyncio.wait_for(request.events.get(), _SHORT_SECONDS)
            except TimeoutError as error:
                message = f"The engine did not answer {command.tag!r} in {_SHORT_SECONDS:.0f} s."
                raise errors.EngineError(message, "Try again, or restart localchat.") from error
        if isinstance(event, wire.Result):
            return event.value
        raise failure(event, "answering a question of the program")

    async def cancel(self) -> None:
        """Cancel every long request; kill the process if one does not end in three seconds."""
        for request in tuple(self._requests.values()):
            is_long = isinstance(request.command, wire.Load | wire.Generate | wire.Probe)
            if not is_long or request.cancelled or self._worker is None:
                continue
            request.cancelled = True
            self._last_id += 1
            await self._worker.send(wire.Cancel(self._last_id, request.command.id))
            loop = asyncio.get_running_loop()
            loop.call_later(_CANCEL_SECONDS, self._insist, request, self._worker)

    async def close(self) -> None:
        """End the process and its reader."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.stop()
        if self._reader is not None:
            await self._reader
            self._reader = None

    def _insist(self, request: Request, worker: process.WorkerProcess) -> None:
        if self._requests.get(request.command.id) is request:
            worker.kill()

    async def _read(self, worker: process.WorkerProcess) -> None:
        try:
            async for event in worker.events():
                request = self._requests.get(event.id)
                if request is not None:
                    request.events.put_nowait(event)
        except ValueError:
            # A process that writes anything but events is not the engine any more.
            worker.kill()
        death = await worker.death()
        self.ready = None
        for request in tuple(self._requests.values()):
            request.events.put_nowait(death)


async def _within(
    request: Request, seconds: float, worker: process.WorkerProcess
) -> wire.Event | Death:
    try:
        return await asyncio.wait_for(request.events.get(), seconds)
    except TimeoutError:
        worker.kill()
        return await request.events.get()


_FAILURES: dict[str, type[errors.LocalchatError]] = {
    "bad_model": errors.BadModel,
    "not_found": errors.ModelNotFound,
    "bad_template": errors.BadTemplate,
    "out_of_memory": errors.DoesNotFit,
    "context_overflow": errors.ContextOverflow,
    "load_failed": errors.LoadFailed,
    "evaluation_failed": errors.EngineError,
    "no_sparse_files": errors.EngineError,
    "engine_missing": errors.EngineMissing,
    "cancelled": errors.Cancelled,
    "bad_request": errors.EngineError,
}

_DEATH_HINTS = {
    "SIGKILL": "It was probably out of memory: try a smaller context or quantization.",
    "SIGILL": "This engine build uses an instruction that this CPU lacks: see `localchat doctor`.",
    "SIGBUS": "The model file changed or its disk went away while it was in use.",
}


def is_crash(error: errors.LocalchatError) -> bool:
    """Say whether the engine died of its own code, so that running it otherwise may help."""
    return isinstance(error, errors.EngineLost) and error.signal_name in process.CRASHES


def failure(event: wire.Event | Death, during: str) -> errors.LocalchatError:
    """Turn what came in place of an answer into the error to raise."""
    if isinstance(event, wire.Failed):
        return _FAILURES[event.kind](event.message, event.hint)
    if not isinstance(event, Death):
        return errors.EngineError(f"The engine answered with {event.tag!r} while {during}.")
    cause = f" ({event.signal_name})" if event.signal_name else f" (exit code {event.exit_code})"
    words = f": {event.last_words}" if event.last_words else "."
    return errors.EngineLost(
        f"The engine stopped{cause} while {during}{words}",
        _DEATH_HINTS.get(event.signal_name) or _try_again(during),
        signal_name=event.signal_name,
        during=during,
    )


def _try_again(during: str) -> str:
    if during == "answering":
        return "It starts again with your next message."
    return "Try it once more; `localchat doctor` tests the engine without this model."
