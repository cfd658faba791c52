"""The parts of the models screen alone: bars, grid, list and explanation, as values."""

import dataclasses
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from localchat import units
from localchat.fit import budget
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory, Footprint
from localchat.fit.option import ModelPlan
from localchat.machine import profile
from localchat.machine.hardware import Hardware
from localchat.ui import explaining, grid, marks, pools, shelf, stock, wording
from localchat.ui.grid import EXACT_COLUMN, Grid
from localchat.ui.pools import MODEL_KINDS, Pool
from localchat.ui.shelf import Arrangement, Entry
from localchat.ui.stock import Stock
from localchat.ui.widgets import grid_table, machine_bar, memory_bar
from localchat.ui.widgets.fit_details import lay_out
from tests.ui import hosts

MACHINES = sorted(path.stem for path in hosts.MACHINES.glob("*.toml"))
KNOWN = tuple(hosts.known(name) for name in ("mistral-7b", "qwen3-4b", "gpt-oss-120b"))
MISTRAL = 4
"""Where the catalogue's Mistral 7B stands, after the files of the disk."""

_bytes = st.integers(0, 200 * units.GIB)
_pools = st.builds(
    Pool, st.just("memory"), st.integers(1, 200 * units.GIB), _bytes, _bytes, _bytes, _bytes,
    _bytes, _bytes,
)  # fmt: skip


@cache
def _machine(name: str) -> Hardware:
    return profile.read(hosts.MACHINES / f"{name}.toml")


@cache
def _stock(name: str = "macbook-air-m2-16gb") -> Stock:
    return stock.look(hosts.make_setup(machine=_machine(name), known=KNOWN)).recommend()


@cache
def _plan() -> ModelPlan:
    plan = _stock().plan(_stock().entries[MISTRAL])
    assert plan is not None
    return plan


def _grid(kv_type: grid.KvType = "f16") -> Grid:
    return grid.of_plan(_plan(), kv_type, _stock().stretch)


@given(_pools, st.integers(0, 200))
def test_bar_is_shared_out_exactly(pool: Pool, width: int) -> None:
    """A bar has its width, and what a model takes of it is never rounded away."""
    runs = pools.runs(pool, width)

    assert sum(run.cells for run in runs) == width
    if width >= 8:
        taken = {kind for kind, size in pool.parts() if size and kind in MODEL_KINDS}
        assert taken <= {run.kind for run in runs}


@given(_pools)
@example(Pool("memory", 1019, 26, 1, engine_bytes=1))
def test_bar_marks_what_is_too_much(pool: Pool) -> None:
    """Nothing is marked as too much while the model stays within its limit."""
    runs = pools.runs(pool, 1000)

    if pool.spare_bytes >= 0:
        assert not any(run.over for run in runs)
    elif -pool.spare_bytes * 100 > pool.total_bytes + pool.in_use_bytes + pool.model_bytes:
        assert any(run.over for run in runs)


def test_twin_gpus_hold_each_their_own() -> None:
    """GPUs of one name have a bar each, with what lies in each; main memory has the third."""
    machine = _machine("desktop-two-gpus")
    limits = budget.of(machine)
    devices = (
        DeviceMemory(MAIN_MEMORY, 1, 2, 3),
        DeviceMemory("CUDA0", 10, 20, 30),
        DeviceMemory("CUDA1", 100, 200, 300),
    )
    first, second, main = pools.of(machine, limits, Footprint(devices, 7, 8192, "dry run"))

    assert [pool.label for pool in (first, second, main)] == ["GPU 1", "GPU 2", "memory"]
    assert [pool.model_bytes for pool in (first, second, main)] == [60, 600, 13]


@pytest.mark.parametrize("name", MACHINES)
def test_unloaded_machine_adds_up(name: str) -> None:
    """Without a model, what is in use, headroom and what is spare make up each memory."""
    machine = _machine(name)
    for pool in pools.of(machine, budget.of(machine), None):
        assert sum(size for _, size in pool.parts()) == pool.total_bytes


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("width", [30, 72, 92, 112, 192])
def test_bars_fit_their_width(name: str, width: int) -> None:
    """Machine, memory and legend stay within the width on every machine."""
    found = _stock(name)
    for entry in found.entries:
        footprint = entry.best.footprint if entry.best else None
        drawn = memory_bar.picture(pools.of(found.hardware, found.budget, footprint), width)
        lines = drawn.split("\n")
        assert max(line.cell_length for line in lines) <= width
    assert machine_bar.machine_line(found.hardware, width).cell_length <= width


@given(st.integers(30, 200), st.integers(2, 40), st.data())
def test_cursor_is_always_seen(width: int, height: int, data: st.DataObject) -> None:
    """Whatever the size, the cell under the cursor is drawn, and a click there finds it."""
    shown = _grid()
    row = data.draw(st.integers(0, len(shown.rows) - 1))
    column = data.draw(st.integers(0, shown.columns - 1))
    seen = grid_table.view(shown, (row, column), width, height)

    assert seen.top <= row < seen.top + seen.rows
    assert column in seen.shown
    x = seen.label_cells + seen.shown.index(column) * seen.column_cells
    assert seen.hit(x, row - seen.top + 1) == (row, column)


@pytest.mark.parametrize("kv_type", grid.KV_TYPES)
def test_grid_rows_are_aligned(kv_type: grid.KvType) -> None:
    """All rows of the grid are as wide as its heading, and say what each choice needs."""
    shown = _grid(kv_type)
    seen = grid_table.view(shown, (0, 0), 120, 40)
    lines = grid_table.draw(shown, (0, 0), seen, has_focus=True).split("\n")

    assert len({line.cell_length for line in lines}) == 1
    option = shown.at((0, 1))
    assert option is not None
    assert f"{wording.gib(option.needed_bytes)}" in lines[1].plain


def test_q8_is_offered_where_only_it_fits() -> None:
    """A choice that does not fit with an f16 KV cache is offered with q8_0 if that fits."""
    shown = _grid()
    offered = [
        (option, _plan().at(option.label, option.context_tokens))
        for row in range(len(shown.rows))
        for column in range(1, shown.columns)
        if (option := shown.at((row, column))) and option.kv_type == "q8_0"
    ]

    assert offered
    assert all(option.fits != plain.fits != "now" for option, plain in offered if plain)
    assert {marks.note(option, "f16").plain for option, _ in offered} == {marks.Q8_NOTE}


def test_exact_maximum_fits_and_a_step_more_does_not() -> None:
    """The first column is the largest context that fits, to within 256 tokens."""
    found, shown = _stock(), _grid()
    for row in range(len(shown.rows)):
        most = shown.at((row, EXACT_COLUMN))
        if most is None or most.fits != "now":
            continue
        assert most.context_tokens == shown.largest_tokens(row)
        if most.context_tokens < most.candidate.trained_context_tokens:
            more = dataclasses.replace(most, max_context_tokens=most.context_tokens + 256)
            assert found.stretch(more).fits != "now"


def test_picks_are_marked_where_they_are() -> None:
    """Each named pick has its mark in its cell."""
    shown = _grid()
    for pick in _plan().picks:
        cell = shown.find(pick)
        assert cell is not None
        option = shown.at(cell)
        if option is not None and option.kv_type == "f16":
            wanted = {marks.PICKS[name] for name in pick.picks if name in marks.PICKS}
            assert wanted <= set(marks.note(option, "f16").plain)


def _titles(**wanted: object) -> list[str]:
    arrangement = dataclasses.replace(Arrangement(), **wanted)  # type: ignore[arg-type]
    return [entry.title for entry in shelf.arrange(_stock().entries, arrangement)]


def test_files_of_this_disk_come_first() -> None:
    """By recommendation: one's own files in the folder's order, then the catalogue's ranking."""
    entries = shelf.arrange(_stock().entries, Arrangement())

    assert [entry.local for entry in entries[:4]] == list(hosts.MODELS)
    places = [entry.place for entry in entries[4:]]
    assert places == sorted(places)


def test_list_is_arranged() -> None:
    """Search, filter and order each do what they say."""
    assert set(_titles(search="MISTRAL 7b")) == {"Mistral 7B Instruct v0.3"}
    assert _titles(search="no such model") == []
    assert "gpt-oss-120b" in _titles() and "gpt-oss-120b" not in _titles(show="fits now")
    assert len(_titles(show="on this disk")) == len(hosts.MODELS)
    assert _titles(order="size")[0] == "gpt-oss-120b"
    rates = [
        entry.best.speed.middle
        for entry in shelf.arrange(_stock().entries, Arrangement(order="speed"))
        if entry.best
    ]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("width", [30, 44, 70])
def test_explanation_wraps_beside_its_labels(width: int) -> None:
    """Lines stay within the width, and words never run under the labels."""
    entry = _stock().entries[MISTRAL]
    assert entry.best is not None
    facts = explaining.option(entry, entry.best, _stock().budget, _plan())
    lines = lay_out(facts, width)
    labels = [fact.label for fact in facts if fact.label]

    assert max(line.cell_length for line in lines) <= width
    assert labels[:3] == ["memory", "speed", "quality"]
    starts = [line.plain[:10].strip() for line in lines]
    assert [start for start in starts if start in labels] == labels


def test_every_byte_is_accounted_for() -> None:
    """The parts that the explanation names add up to what the choice needs."""
    entry = _stock().entries[MISTRAL]
    assert entry.best is not None
    facts = explaining.option(entry, entry.best, _stock().budget, _plan())
    words = next(fact.words.plain for fact in facts if fact.label == "memory")
    total, parts = words.partition("·")[0].split(" GiB = ")
    sizes = [float(part.split()[-1]) for part in parts.split(" + ")]

    assert total == wording.gib(entry.best.needed_bytes)
    assert sum(sizes) == pytest.approx(entry.best.needed_bytes / units.GIB, abs=0.03)


@pytest.mark.parametrize("name", ["macbook-air-m2-16gb", "desktop-rtx4090-24gb"])
def test_model_in_memory_counts_as_free(name: str) -> None:
    """What the engine holds is given back: another model would take its place."""
    machine = _machine(name)
    held = Footprint(
        (
            DeviceMemory(MAIN_MEMORY, units.GIB, 0, 0),
            DeviceMemory("GPU", 0, units.GIB, 0),
        ),
        units.GIB // 4,
        8192,
        "loaded",
    )
    busy = dataclasses.replace(
        machine,
        available_ram_bytes=machine.available_ram_bytes - 4 * units.GIB,
        gpus=tuple(
            dataclasses.replace(gpu, free_bytes=gpu.free_bytes - 2 * units.GIB)
            for gpu in machine.gpus
        ),
    )
    found = stock.look(hosts.make_setup(machine=busy), None, held).hardware

    main = (9 if machine.unified_memory else 5) * units.GIB // 4
    assert found.available_ram_bytes - busy.available_ram_bytes == main
    own = 0 if machine.unified_memory else units.GIB
    assert found.gpus[0].free_bytes - busy.gpus[0].free_bytes == own


def test_entry_without_sizes_says_so() -> None:
    """A model whose files are not known has no figures, and the explanation tells why."""
    bare = dataclasses.replace(hosts.known("mistral-7b"), files=())
    entry = Entry(known=bare)

    assert not entry.has_files
    assert "not known" in " ".join(fact.words.plain for fact in explaining.model(entry))


def test_what_a_gpu_does_not_hold_is_noted() -> None:
    """On a GPU with memory of its own, a choice of which a part lies in main memory says so."""
    found = _stock("desktop-rtx4090-24gb")
    entry = next(each for each in found.entries if each.key == "gpt-oss-120b")
    plan = found.plan(entry)
    assert plan is not None
    shown = grid.of_plan(plan, "f16", found.stretch)
    option = plan.at(shown.rows[0].label, shown.contexts[0])
    assert option is not None and not option.picks

    assert marks.note(option, "f16", has_gpus=shown.has_gpus).plain == marks.RAM_NOTE


def test_largest_context_with_apps_closed_is_told_apart() -> None:
    """What would fit only with apps closed is not counted as fitting now."""
    air = _machine("macbook-air-m2-16gb")
    found = stock.look(hosts.make_setup(machine=air, models=(), known=(hosts.known("qwen3.5-9b"),)))
    (entry,) = found.recommend().entries
    plan = found.plan(entry)
    assert plan is not None
    shown = grid.of_plan(plan, "f16", found.stretch)
    answers = {
        shown.is_now(row): most.fits
        for row in range(len(shown.rows))
        if (most := shown.at((row, EXACT_COLUMN))) is not None
    }

    assert answers == {True: "now", False: "if you close apps"}
