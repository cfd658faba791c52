"""The commands of the wire, served by llama.cpp on two threads.

The main thread runs long commands, one at a time; the other one reads commands and serves `count`,
`cancel` and `set_threads` meanwhile. When the commands end, the process ends at once.
"""

import dataclasses
import os
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, TextIO

from llama_cpp import llama_cpp

from localchat import errors
from localchat.engine import build, devices, dry_run, probe, wire
from localchat.engine.abort import AbortFlag
from localchat.engine.kvcache import EvaluationAborted, EvaluationFailed
from localchat.engine.loadfailure import LoadError
from localchat.engine.nativelog import NativeLog
from localchat.engine.session import BadRequest, ContextOverflow, Session


class Service:
    """Serves one front end; holds at most one loaded model."""

    def __init__(self, commands: TextIO, out: TextIO) -> None:
        self._commands = commands
        self._out = out
        self._queue: queue.SimpleQueue[tuple[wire.Command, float]] = queue.SimpleQueue()
        self._session: Session | None = None
        self._log = NativeLog()
        self._abort = AbortFlag()
        self._dry_runs = dry_run.DryRuns(self._log)
        self._lock = threading.Lock()
        """Guards the three below and the order of lines on the pipe."""
        self._current = 0
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Say what engine this is, then serve commands until the front end goes away."""
        self._log.install()
        llama_cpp.llama_backend_init()
        self._send(build.ready())
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        while True:
            command, arrived = self._queue.get()
            self._begin(command.id)
            self._send_outcome(command, arrived)
            self._end()

    # --- the reader's thread ------------------------------------------------------------------

    def _read(self) -> None:
        for line in self._commands:
            command = wire.decode_command(line)
            if isinstance(command, wire.Cancel):
                self._cancel(command.target)
            elif isinstance(command, wire.Count | wire.SetThreads):
                self._send(self._short(command))
            else:
                self._queue.put((command, time.perf_counter()))
        # The front end is gone. A load or an evaluation under way must not keep the memory.
        os._exit(0)

    def _cancel(self, target: int) -> None:
        with self._lock:
            self._cancelled.add(target)
            if target == self._current:
                self._abort.set()

    def _short(self, command: wire.Count | wire.SetThreads) -> wire.Event:
        session = self._session
        if session is None:
            return wire.Failed(command.id, "bad_request", "No model is loaded.")
        try:
            if isinstance(command, wire.SetThreads):
                return wire.Result(command.id, {"threads": session.set_threads(command.threads)})
            tokens = session.count(command.messages, command.template_variables)
            return wire.Result(command.id, {"tokens": tokens})
        except errors.BadTemplate as error:
            return wire.Failed(command.id, "bad_template", error.message, error.hint)

    # --- the main thread ----------------------------------------------------------------------

    def _begin(self, command_id: int) -> None:
        with self._lock:
            self._current = command_id
            self._abort.clear()
            if command_id in self._cancelled:
                self._abort.set()

    def _end(self) -> None:
        with self._lock:
            self._cancelled.discard(self._current)
            self._current = 0

    def _send(self, event: wire.Event) -> None:
        line = wire.encode(event) + "\n"
        with self._lock:
            self._out.write(line)

    def _send_outcome(self, command: wire.Command, arrived: float) -> None:
        try:
            outcome = self._serve(command, arrived)
        except LoadError as error:
            outcome = self._load_failure(command, error)
        except errors.UsageError as error:
            outcome = wire.Failed(command.id, "bad_request", error.message, error.hint)
        except errors.LocalchatError as error:
            outcome = wire.Failed(command.id, "bad_template", error.message, error.hint)
        except ContextOverflow as full:
            outcome = _overflow(command.id, full)
        except BadRequest as error:
            outcome = wire.Failed(command.id, "bad_request", str(error))
        except EvaluationAborted:
            outcome = wire.Failed(command.id, "cancelled", "Loading was stopped.")
        except EvaluationFailed as error:
            words = f"The engine could not evaluate tokens (code {error})."
            outcome = wire.Failed(command.id, "evaluation_failed", words)
        if outcome is not None:
            self._send(outcome)

    def _serve(self, command: wire.Command, arrived: float) -> wire.Event | None:
        if isinstance(command, wire.Load):
            self._unload()
            self._session = Session(command, self._log, self._abort, self._send)
            return self._session.loaded_event()
        if isinstance(command, wire.Generate):
            if self._session is None:
                return wire.Failed(command.id, "bad_request", "No model is loaded.")
            self._session.generate(command, arrived)
            return None
        if isinstance(command, wire.DryRun):
            return dry_run.answer(self._dry_runs, command)
        if isinstance(command, wire.Devices):
            found = [dataclasses.asdict(device) for device in devices.devices()]
            return wire.Result(command.id, {"devices": found})
        if isinstance(command, wire.Probe):
            return wire.Result(command.id, self._probe(command))
        self._unload()
        return wire.Result(command.id)

    def _probe(self, command: wire.Probe) -> Mapping[str, Any]:
        def notify(done: float) -> None:
            self._send(wire.Progress(command.id, "probe", int(done * 1000), 1000))

        self._unload()
        return probe.run(command, self._log, self._abort, notify)

    def _unload(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _load_failure(self, command: wire.Command, error: LoadError) -> wire.Failed:
        if self._abort.is_set:
            return wire.Failed(command.id, "cancelled", "Loading was stopped.")
        return wire.Failed(command.id, error.kind, error.message, error.hint, error.details)


def _overflow(command_id: int, full: ContextOverflow) -> wire.Failed:
    return wire.Failed(
        command_id,
        "context_overflow",
        f"The prompt has {full.prompt_tokens:,} tokens; the context holds "
        f"{full.context_tokens:,} and needs room for an answer.",
        "Shorten it, start a new chat, or load the model with a larger context (-c).",
        {"prompt_tokens": full.prompt_tokens, "context_tokens": full.context_tokens},
    )
