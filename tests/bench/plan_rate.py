"""How long planning takes: the catalogue's list, a first grid, and each further cell.

    python -m tests.bench.plan_rate [--machine FILE] [MODEL.gguf]

Prints the best of several rounds against what DESIGN allows, and returns 1 when one is missed. The
catalogue's own file is read before the clock starts, as the program reads it once. Without a file,
the built-in model's header serves for the grid. Figures are worth something on an idle machine.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

from localchat import paths
from localchat.cli import choice
from localchat.cli.dry_sizing import DrySizer
from localchat.fit import budget, candidates, memory, plan, ranking
from localchat.fit.situation import Sizer
from localchat.machine import detect, profile
from localchat.machine.hardware import Hardware
from localchat.models import catalogue

_ROUNDS = 5
_LIST_SECONDS, _GRID_SECONDS, _CELL_SECONDS = 0.3, 1.0, 0.02


def main() -> int:
    """Time everything, and return 0 when all is quick enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=str(paths.guide_model()))
    parser.add_argument("--machine", help="plan for this machine, by formula alone")
    given = parser.parse_args()
    hardware = profile.read(Path(given.machine)) if given.machine else detect.detect()
    good = _show("catalogue read", _best(_read_catalogue, 1), None)
    good &= _show("catalogue list", _best(lambda: _list(hardware)), _LIST_SECONDS)
    good &= _grid("formula", Path(given.model), hardware, memory.footprint)
    if not given.machine:
        with DrySizer() as sizer:
            good &= _grid("dry run", Path(given.model), hardware, sizer)
            if sizer.problem:
                print(sizer.problem)
    return 0 if good else 1


def _read_catalogue() -> None:
    catalogue.catalogue()


def _list(hardware: Hardware) -> None:
    """Plan and rank the whole catalogue."""
    limits = budget.of(hardware)
    known = (candidates.from_catalogue(model) for model in catalogue.catalogue())
    plans = [plan.plan(each, hardware, limits, with_grid=False) for each in known if each]
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
    print(f"{name:<24} {seconds * 1000:8.1f} ms {allowed:<8} {more}".rstrip())
    return most is None or seconds <= most


if __name__ == "__main__":
    sys.exit(main())
