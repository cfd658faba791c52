"""`localchat run`: one answer on stdout."""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localchat import errors, paths
from localchat.chat import messages
from localchat.chat.chat import Chat
from localchat.chat.events import ChatEvent, Ended, Said, Sent, Waiting
from localchat.chat.messages import Message
from localchat.chat.settings import ChatSettings
from localchat.cli import fitting, options, question, report
from localchat.cli.console import Console
from localchat.engine import history, wire
from localchat.engine.client import EngineClient
from localchat.machine.hardware import Hardware


@dataclass(frozen=True, slots=True)
class _Plan:
    path: Path
    prompt: str
    params: wire.EngineParams
    chat: ChatSettings
    as_json: bool
    with_statistics: bool
    force: bool


def run(given: argparse.Namespace) -> int:
    """Answer one prompt, and return the exit code.

    Raises any LocalchatError; what was answered before it has been printed.
    """
    chosen = options.effective_settings(given)
    model = question.model(given, chosen.model)
    path = question.on_disk(model)
    prompt = question.prompt(given, sys.stdin)
    params = options.engine_params(chosen, given.chat_template_file)
    usual = options.chat_settings(chosen, given)
    chat = options.with_persona(usual, chosen, given, paths.paths().personas)
    if path is None:
        # Loaded only here: what needs the network is not for those who have the model.
        from localchat.cli import pull

        path = pull.when_needed(
            model, params, offline=given.offline, yes=given.yes, force=given.force
        )
    console = Console(sys.stdout, sys.stderr)
    plan = _Plan(
        path=path,
        prompt=prompt,
        params=params,
        chat=chat,
        as_json=given.json,
        with_statistics=given.stats or (console.err_is_terminal and not given.json),
        force=given.force,
    )
    return asyncio.run(_run(plan, console))


async def _run(plan: _Plan, console: Console) -> int:
    engine = options.engine()
    answer = _Answer(plan, console)
    try:
        await _answer(answer, engine, console)
        await answer.remember(engine)
    finally:
        await engine.close()
    assert answer.turn is not None
    cancelled = answer.turn.ending == "cancelled"
    return int(errors.ExitCode.INTERRUPTED if cancelled else errors.ExitCode.OK)


async def _answer(answer: "_Answer", engine: EngineClient, console: Console) -> None:
    try:
        with _on_interrupt(answer.interrupt(engine)):
            await answer.load(engine)
            await answer.ask(engine)
    except errors.Cancelled:
        # Stopped before there was a word: the result is an empty answer.
        nothing = messages.new("", None, "assistant")
        answer.turn = dataclasses.replace(nothing, ending="cancelled")
    finally:
        console.end()
        answer.print_result()


class _Answer:
    """One answer on its way to the console."""

    def __init__(self, plan: _Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._loaded: wire.Loaded | None = None
        self._hardware: Hardware | None = None
        self._seed = 0
        self._interrupted = False
        self.turn: Message | None = None
        """None until the model was asked."""

    def interrupt(self, engine: EngineClient) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what stops this answer."""

        async def stop() -> None:
            self._interrupted = True
            await engine.cancel()

        return stop

    async def load(self, engine: EngineClient) -> None:
        """Start the engine and load the model, telling how far it is."""
        self._console.status("Starting the engine")
        await engine.start()
        self._check_interrupt()
        plan = self._plan
        settled = await fitting.settle(engine, plan.path, plan.params, force=plan.force)
        self._hardware = settled.hardware
        if settled.note:
            self._console.note(f"Note: {settled.note}")
        self._check_interrupt()
        self._loaded = await engine.load(
            plan.path, settled.params, self._show_progress, predicted_bytes=settled.predicted_bytes
        )
        self._check_interrupt()
        for note in self._loaded.notes:
            self._console.note(f"Note: {note}")
        if self._plan.params.mlock:
            self._console.note(report.locking(self._loaded))

    async def ask(self, engine: EngineClient) -> None:
        """Ask the model and show the answer as it comes."""
        chat = Chat(engine, self._plan.chat)
        try:
            async with contextlib.aclosing(chat.ask(self._plan.prompt)) as events:
                async for event in events:
                    self._show(event)
        finally:
            # However it ended, what was answered is the conversation's last message.
            if chat.path and chat.path[-1].role == "assistant":
                self.turn = chat.path[-1]

    async def remember(self, engine: EngineClient) -> None:
        """Let what was measured correct the speeds that are predicted for this machine."""
        stats = self.turn.stats if self.turn else None
        if stats is None or engine.loaded is None or self._hardware is None:
            return
        with contextlib.suppress(errors.EngineError):
            build = (await engine.start()).build
            file = paths.paths().measurements_file
            history.remember(file, build, self._plan.path, engine.loaded, stats, self._hardware)

    def print_result(self) -> None:
        """Print the JSON object or the statistics, when there is an answer."""
        if self.turn is None:
            return
        if self._plan.as_json:
            found = report.as_json(
                self.turn, self._loaded, self._plan.chat, self._plan.path, self._seed
            )
            self._console.result(json.dumps(found))
        if self._plan.with_statistics and self._loaded is not None:
            self._console.note(report.statistics(self.turn))

    def _check_interrupt(self) -> None:
        if self._interrupted:
            raise errors.Cancelled("Stopped.")

    def _show_progress(self, progress: wire.Progress) -> None:
        self._console.status(report.progress(progress))

    def _show(self, event: ChatEvent) -> None:
        if isinstance(event, Waiting):
            self._show_progress(event.progress)
        elif isinstance(event, Sent):
            for note in event.prompt.notes:
                self._console.note(f"Note: {note}")
            if self._plan.chat.verbose_prompt:
                self._console.block(report.exact_prompt(event.prompt))
        elif isinstance(event, Said) and not self._plan.as_json:
            write = self._console.answer if event.kind == "answer" else self._console.thought
            write(event.text)
        elif isinstance(event, Ended):
            self._seed = event.message.seed or 0


@contextlib.contextmanager
def _on_interrupt(stop: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Let the first Ctrl-C stop the answer, and the second end the program at once."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def interrupted() -> None:
        signal.signal(signal.SIGINT, previous)
        tasks.add(loop.create_task(stop()))

    previous = signal.getsignal(signal.SIGINT)
    # Python's own handlers run between bytecodes of this thread; the loop has to be woken.
    signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(interrupted))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
