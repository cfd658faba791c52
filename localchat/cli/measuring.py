"""`localchat bench --probe`: measure the machine itself, without any model's weights."""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localchat import errors, paths, sanitize, units
from localchat.cli import choice, computer, options
from localchat.cli.console import Console
from localchat.engine import prober, wire
from localchat.engine.prober import Prober, Target
from localchat.fit import measurements
from localchat.fit.measurements import Measurement
from localchat.machine import processes
from localchat.machine.hardware import Hardware
from localchat.models import folder, gguf


def run(given: argparse.Namespace) -> int:
    """Probe the machine, or the models that were named; remember and print what was found.

    Raises any LocalchatError.
    """
    params = options.engine_params(options.effective_settings(given), None)
    targets = [_target(name) for name in given.words]
    targets = targets or [Target(format=form) for form in prober.FORMATS]
    console = Console(sys.stdout, sys.stderr)
    if note := processes.busy_note(processes.busy_share()):
        console.note(f"Note: {note}")
    found = asyncio.run(_measure(targets, params, console))
    if given.json:
        console.result(json.dumps([_as_json(each) for each in found], indent=2))
    else:
        console.result("\n".join(_as_text(each) for each in found))
    return int(errors.ExitCode.OK)


def _target(name: str) -> Target:
    path: Path = folder.resolve(name, paths.paths().models, paths.guide_model())
    gguf.check(path)
    candidate = choice.of_file(path).candidates[0]
    return Target(candidate, candidate.path)


async def _measure(
    targets: Sequence[Target], params: wire.EngineParams, console: Console
) -> list[Measurement]:
    engine = options.engine()
    try:
        hardware = await computer.as_used_by(engine)
    finally:
        await engine.close()
    measuring = options.prober()
    found: list[Measurement] = []
    for number, target in enumerate(targets):
        build, new = await _one(measuring, target, params, hardware, console, number, len(targets))
        found += new
        with contextlib.suppress(OSError):
            file, machine = paths.paths().measurements_file, measurements.machine_key(hardware)
            measurements.add(file, machine, build, new)
    console.end()
    return found


async def _one(
    measuring: Prober,
    target: Target,
    params: wire.EngineParams,
    hardware: Hardware,
    console: Console,
    number: int,
    count: int,
) -> tuple[str, tuple[Measurement, ...]]:
    def show(done: float) -> None:
        console.status(f"Measuring, {round(100 * (number + done) / count)} %")

    show(0.0)
    return await measuring.measure(target, params, hardware, show)


def _as_json(each: Measurement) -> dict[str, Any]:
    work = each.host if each.gpu.is_nothing else each.gpu
    return {
        "model": each.file,
        "device": "processor" if each.gpu.is_nothing else "gpu",
        "format": each.setting.format,
        "threads": each.setting.threads,
        "bytes_per_token": round(work.weights_bytes),
        "layers": work.layers,
        "tokens_per_second": round(1 / each.token_seconds, 3),
        "bytes_per_second": round(work.weights_bytes / each.token_seconds),
        "prompt_tokens_per_second": each.prefill_tokens_per_second,
        "spread": round(each.spread, 4),
    }


def _as_text(each: Measurement) -> str:
    found = _as_json(each)
    size = units.human_bytes(found["bytes_per_token"])
    speed = units.human_bytes(found["bytes_per_second"])
    name = sanitize.line(each.file, 40)
    return (
        f"{name:<12}  {units.human_rate(found['tokens_per_second']):>16}  "
        f"{size} and {found['layers']:g} layers a token, {speed} a second on the "
        f"{found['device']}"
    )
