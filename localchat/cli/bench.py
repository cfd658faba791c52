"""`localchat bench`: how fast models really are here, and whether that was predicted."""

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from localchat import errors, paths, sanitize
from localchat.cli import bench_report, choice, computer, measuring, options, question
from localchat.cli.bench_report import Round, Run
from localchat.cli.console import Console
from localchat.engine import history, wire
from localchat.engine.client import EngineClient
from localchat.fit import measurements, memory, speed
from localchat.fit.measurements import Measurement
from localchat.machine import processes
from localchat.machine.hardware import Hardware
from localchat.models import folder

_WORDS = tuple("the quick brown fox jumps over the lazy dog near a river bank".split())
_COUNTING_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class _Plan:
    files: tuple[Path, ...]
    params: wire.EngineParams
    prompt_tokens: int
    tokens: int
    rounds: int
    as_json: bool


def run(given: argparse.Namespace) -> int:
    """Measure every model that was named, and return the exit code.

    Raises any LocalchatError; Ctrl-C ends it with what was measured so far.
    """
    if given.probe:
        return measuring.run(given)
    files = tuple(question.here(name) for name in given.words or [folder.GUIDE])
    chosen = options.effective_settings(given)
    plan = _Plan(
        files=files,
        params=options.engine_params(chosen, None),
        prompt_tokens=given.n_prompt,
        tokens=given.n_gen,
        rounds=given.repetitions,
        as_json=given.json,
    )
    console = Console(sys.stdout, sys.stderr)
    bench = _Bench(plan, console)
    try:
        asyncio.run(bench.run())
    finally:
        bench.show()
    return int(errors.ExitCode.OK)


class _Bench:
    """The rounds of all models, and what came of them."""

    def __init__(self, plan: _Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._runs: dict[Path, Run] = {}
        self._busy = 0.0

    async def run(self) -> None:
        """Measure in rounds, every model once in each, so that a disturbance falls on all."""
        self._busy = processes.busy_share()
        if note := processes.busy_note(self._busy):
            self._console.note(f"Note: {note}")
        engine = options.engine()
        try:
            ready = await engine.start()
            hardware = await computer.as_used_by(engine)
            for number in range(self._plan.rounds):
                for file in self._plan.files:
                    self._say(file, number)
                    await self._round(engine, ready.build, hardware, file, number)
        finally:
            self._console.end()
            await engine.close()

    def show(self) -> None:
        """Print what was measured; nothing when Ctrl-C came before anything was."""
        runs = [run for run in self._runs.values() if run.rounds]
        if self._plan.as_json:
            found = [bench_report.as_json(run, self._busy) for run in runs]
            self._console.result(json.dumps(found, indent=2))
        elif runs:
            self._console.result("\n\n".join(bench_report.as_text(run) for run in runs))

    def _say(self, file: Path, number: int) -> None:
        name = sanitize.line(file.stem, 40)
        self._console.status(f"{name}, round {number + 1} of {self._plan.rounds}")

    async def _round(
        self, engine: EngineClient, build: str, hardware: Hardware, file: Path, number: int
    ) -> None:
        loaded = engine.loaded
        run = self._runs.get(file)
        if run is None or loaded is None or len(self._plan.files) > 1:
            loaded = await engine.load(file, self._plan.params)
            run = run or self._runs.setdefault(file, self._predicted(file, loaded, build, hardware))
        stats = await self._answer(engine, number)
        peak = processes.peak_bytes(engine.pid) if engine.pid else None
        self._runs[file] = bench_report.with_round(run, Round.of(stats), peak)
        history.remember(
            paths.paths().measurements_file, build, file, loaded, stats, hardware, "bench"
        )

    def _predicted(self, file: Path, loaded: wire.Loaded, build: str, hardware: Hardware) -> Run:
        """Say what was to be expected, before the first round teaches better."""
        candidate = choice.of_file(file).candidates[0]
        params = dataclasses.replace(
            loaded.params, gpu_layers=loaded.gpu_layers, threads=loaded.threads
        )
        footprint = memory.footprint(candidate, params, hardware)
        known = _known(build, hardware)
        return Run(
            path=file,
            candidate=candidate,
            loaded=loaded,
            build=build,
            footprint=footprint,
            speed=speed.estimate(candidate, footprint, params, hardware, known),
        )

    async def _answer(self, engine: EngineClient, number: int) -> wire.Stats:
        message = await self._prompt(engine, number)
        request = wire.Generate(
            0,
            (message,),
            sampling=wire.Sampling(temperature=0.8, seed=number),
            max_tokens=self._plan.tokens,
        )
        stats = wire.Stats()
        async for event in engine.generate(request):
            if isinstance(event, wire.Finished):
                stats = event.stats
        return stats

    async def _prompt(self, engine: EngineClient, number: int) -> wire.Message:
        """Write a prompt of about as many tokens as wanted, new in every round."""
        # What an earlier round left in the memory would not be read again.
        start = f"{number + 1} of {self._plan.rounds}:"
        wanted = words = self._plan.prompt_tokens
        message = wire.Message("user", " ".join((start, *islice(cycle(_WORDS), words))))
        for _ in range(_COUNTING_ROUNDS):
            tokens = await engine.count((message,))
            better = max(1, round(words * wanted / max(1, tokens)))
            if better == words:
                break
            words = better
            message = wire.Message("user", " ".join((start, *islice(cycle(_WORDS), words))))
        return message


def _known(build: str, hardware: Hardware) -> Sequence[Measurement]:
    file = paths.paths().measurements_file
    return measurements.read(file, measurements.machine_key(hardware), build)
