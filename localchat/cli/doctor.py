"""`localchat doctor`: look at the machine and the engine, and say what mends what is wrong."""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from typing import Any

from localchat import errors, paths, sanitize
from localchat.cli import checks, computer, console, options
from localchat.cli.checks import Check
from localchat.engine import healing, wire
from localchat.engine.client import EngineClient
from localchat.machine import detect, gpus, memlock, profile, reconcile
from localchat.machine.hardware import Hardware
from localchat.models import folder

_SELF_TEST_SECONDS = 120
_COLORS = {"ok": "32", "warn": "33", "fail": "31", "info": "2"}


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """Everything that `doctor` found out."""

    machine: Hardware
    engine: wire.Ready | None
    devices: tuple[wire.Device, ...]
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """0 when nothing failed."""
        failed = any(check.status == "fail" for check in self.checks)
        return int(errors.ExitCode.ERROR if failed else errors.ExitCode.OK)


def run(given: argparse.Namespace) -> int:
    """Check everything, print it, and return 0 when nothing failed."""
    if given.profile:
        console.write(sys.stdout, profile.write(computer.find(None).hardware))
        return int(errors.ExitCode.OK)
    cleared = _clear_safe_mode() if given.clear_safe_mode else ()
    report = asyncio.run(_examine(cleared))
    text = json.dumps(_as_json(report), indent=2) if given.json else _as_text(report)
    console.write(sys.stdout, text + "\n")
    return report.exit_code


def _clear_safe_mode() -> tuple[Check, ...]:
    count = healing.forget_safe_mode(paths.paths().safe_mode_file)
    what = f"{count} engine build{'' if count == 1 else 's'}" if count else "nothing"
    return (Check("safe-mode-cleared", "info", f"Safe mode was remembered for {what}."),)


async def _examine(cleared: tuple[Check, ...]) -> Report:
    shown = gpus.find_gpus()
    machine = detect.detect(shown)
    places = paths.paths()
    found: list[Check] = []
    engine = options.engine()
    ready: wire.Ready | None = None
    devices: tuple[wire.Device, ...] = ()
    try:
        try:
            ready = await engine.start()
            devices = await engine.devices()
        except errors.EngineError as error:
            found.append(checks.engine_failed(error))
        if ready is not None:
            found.append(checks.engine(ready))
            built_for = reconcile.backends(ready.system)
            truth = reconcile.reconcile(machine, devices, shown, built_for, sys.executable)
            machine = truth.hardware
            found += [*checks.acceleration(truth, shown), await _self_test(engine, machine)]
    finally:
        await engine.close()
    entries = healing.safe_mode_entries(places.safe_mode_file)
    checked = (
        checks.python(sys.version_info, sys.executable),
        checks.machine(machine),
        checks.memory(machine),
        *found,
        *cleared,
        checks.safe_mode(entries, ready.build if ready else ""),
        checks.memory_lock(memlock.lock_limit_bytes(), memlock.how_to_raise(machine.os)),
        checks.models(folder.find_models(places.models, paths.guide_model()), places.models),
    )
    return Report(machine, ready, devices, checked)


async def _self_test(engine: EngineClient, machine: Hardware) -> Check:
    """Ask the built-in model a question with the real engine."""
    params = wire.EngineParams(threads=machine.decode_threads)
    text, stats = "", wire.Stats()
    try:
        async with asyncio.timeout(_SELF_TEST_SECONDS):
            loaded = await engine.load(paths.guide_model(), params)
            async with contextlib.aclosing(engine.generate(checks.SELF_TEST)) as events:
                async for event in events:
                    if isinstance(event, wire.Text):
                        text += event.text
                        stats = event.stats
    except TimeoutError:
        return checks.self_test_hung(_SELF_TEST_SECONDS)
    except errors.LocalchatError as error:
        return checks.self_test_failed(error)
    return checks.self_test(loaded, text, stats)


def _as_json(report: Report) -> dict[str, Any]:
    machine = dataclasses.asdict(report.machine) | {
        "decode_threads": report.machine.decode_threads,
        "summary": report.machine.summary,
    }
    engine = dataclasses.asdict(report.engine) if report.engine else None
    if engine is not None:
        del engine["id"], engine["pid"]
    return {
        "machine": machine,
        "engine": engine,
        "devices": [dataclasses.asdict(device) for device in report.devices],
        "checks": [dataclasses.asdict(check) for check in report.checks],
    }


def _as_text(report: Report) -> str:
    colors = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.name != "nt"
    lines: list[str] = []
    for check in report.checks:
        mark = f"{check.status:<5}"
        if colors:
            mark = f"\x1b[{_COLORS[check.status]}m{mark}\x1b[0m"
        lines.append(f"{mark} {check.id:<18} {sanitize.line(check.message, 600)}")
        if check.fix:
            lines.append(f"{'':<25}-> {sanitize.line(check.fix, 600)}")
    for device in report.devices:
        name = sanitize.line(device.description or device.name, 100)
        size = checks.memory_of(device)
        lines.append(f"{'':<5} {'device':<18} {sanitize.line(device.name, 40)}: {name}{size}")
    failed = sum(check.status == "fail" for check in report.checks)
    warned = sum(check.status == "warn" for check in report.checks)
    if failed:
        ending = f"{failed} check{'' if failed == 1 else 's'} failed."
    elif warned:
        ending = f"It works, with {warned} warning{'' if warned == 1 else 's'}."
    else:
        ending = "Everything is fine."
    return "\n".join((*lines, "", ending))
