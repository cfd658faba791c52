"""How long planning takes: the catalogue's list, a first grid, and each further cell.

    python -m tests.bench.plan_rate [--machine FILE] [MODEL.gguf ...]

Prints what each takes against what it may take, and returns 1 when one is too slow. Without files,
headers as large as those of published models are made for the grid. The engine's start counts for
no grid: a program that shows one has it running. Figures mean something on an idle machine only.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from localchat import paths
from localchat.cli import choice
from localchat.cli.dry_sizing import DrySizer
from localchat.fit import budget, candidates, memory, plan, ranking
from localchat.fit.params import EngineParams
from localchat.fit.situation import Sizer
from localchat.machine import detect, profile
from localchat.machine.hardware import Hardware
from localchat.models import catalogue
from tests import architectures

_ROUNDS = 5
_LIST_SECONDS, _GRID_SECONDS, _CELL_SECONDS = 0.3, 1.0, 0.02


def main() -> int:
    """Time everything, and return 0 when all is quick enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--machine", help="plan for this machine, by formula alone")
    given = parser.parse_args()
    hardware = profile.read(Path(given.machine)) if given.machine else detect.detect()
    good = _show("catalogue read", _best(_read_catalogue, 1), None)
    good &= _show("catalogue list", _best(lambda: _list(hardware)), _LIST_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        files = given.models or _headers(Path(folder))
        for file in files:
            good &= _grid(f"{file.stem}, formula", file, hardware, memory.footprint)
        if not given.machine:
            good &= _dry_grids(files, hardware)
    return 0 if good else 1


def _headers(folder: Path) -> list[Path]:
    names = ("llama", "gemma3", "qwen3moe")
    return [architectures.write_header(folder / f"{name}.gguf", name) for name in names]


def _dry_grids(files: Sequence[Path], hardware: Hardware) -> bool:
    good = True
    with DrySizer() as sizer:
        guide = choice.of_file(paths.guide_model()).candidates[0]
        started = time.perf_counter()
        sizer(guide, EngineParams(context_tokens=256), hardware)
        _show("start of the engine", time.perf_counter() - started, None)
        for file in files:
            good &= _grid(f"{file.stem}, dry run", file, hardware, sizer)
        if sizer.problem:
            print(sizer.problem)
    return good and not sizer.problem


def _read_catalogue() -> None:
    catalogue.catalogue()


def _list(hardware: Hardware) -> None:
    """Plan and rank the whole catalogue."""
    limits = budget.of(hardware)
    known = (candidates.from_catalogue(model) for model in catalogue.catalogue())
    wishes = plan.Wishes().for_a_list
    plans = [
        plan.plan(each, hardware, limits, wishes=wishes, with_grid=False) for each in known if each
    ]
    assert len(ranking.rank(plans)) == len(plans)


def _grid(name: str, file: Path, hardware: Hardware, sizer: Sizer) -> bool:
    """Time the first grid of a file, from its header on, and cells that are not in it."""
    limits = budget.of(hardware)
    started = time.perf_counter()
    chosen = choice.of_file(file).candidates
    found = plan.plan(chosen, hardware, limits, sizer)
    seconds = time.perf_counter() - started
    good = _show(f"first grid, {name}", seconds, _GRID_SECONDS, f"{len(found.options)} cells")
    params = dataclasses.replace(found.options[0].params, kv_type_k="q8_0", kv_type_v="q8_0")
    times = []
    for tokens in range(512, 512 + 256 * _ROUNDS, 256):
        wanted = dataclasses.replace(params, context_tokens=tokens)
        started = time.perf_counter()
        plan.cell(chosen[0], wanted, hardware, limits, sizer)
        times.append(time.perf_counter() - started)
    return good & _show(f"further cell, {name}", min(times), _CELL_SECONDS)


def _best(work: Callable[[], None], rounds: int = _ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _show(name: str, seconds: float, most: float | None, more: str = "") -> bool:
    allowed = "" if most is None else f"of {most * 1000:.0f}"
    print(f"{name:<34} {seconds * 1000:8.1f} ms {allowed:<8} {more}".rstrip())
    return most is None or seconds <= most


if __name__ == "__main__":
    sys.exit(main())
