"""The models screen with a machine and models to choose from: what is looked at, and what loads."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from localchat import paths
from localchat.fit.option import Option
from localchat.machine import profile
from localchat.models import folder
from localchat.ui import pools, stock, wording
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.screens.models import ModelsScreen
from localchat.ui.stock import Stock
from localchat.ui.widgets.fit_grid import FitGrid
from localchat.ui.widgets.memory_bar import MemoryBar
from localchat.ui.widgets.model_list import Rows
from localchat.ui.widgets.model_picker import ModelPicker
from tests.conftest import MakeEngine
from tests.ui import hosts

AIR = profile.read(hosts.MACHINES / "macbook-air-m2-16gb.toml")
NETBOOK = profile.read(hosts.MACHINES / "netbook-4gb.toml")
KNOWN = tuple(hosts.known(name) for name in ("mistral-7b", "qwen3-4b", "gpt-oss-120b"))
LOCAL_MISTRAL = 1
"""Where the file of Mistral 7B stands in the list."""


def _stock(**options: Any) -> Stock:
    return stock.look(hosts.make_setup(open_path=None, **options)).recommend()


def _option(found: Stock, row: int, context_tokens: int, kv_type: str = "f16") -> Option:
    plan = found.plan(found.entries[row])
    assert plan is not None
    option = plan.at(found.entries[row].candidates[0].label, context_tokens, kv_type)
    assert option is not None
    return option


def _grid(pilot: Pilot[None]) -> FitGrid:
    return pilot.app.screen.query_one(FitGrid)


async def _enter_grid(pilot: Pilot[None], row: int) -> Option:
    """Go to a row of the list and from there into its grid."""
    await hosts.open_models(pilot, "↓ ")
    pilot.app.screen.query_one(Rows).highlighted = row
    await hosts.press(pilot, "right")
    await hosts.wait_until(pilot, lambda: _grid(pilot).has_focus)
    await hosts.wait_until(pilot, lambda: _grid(pilot).option is not None)
    option = _grid(pilot).option
    assert option is not None
    return option


async def _looks_at(pilot: Pilot[None], option: Option) -> None:
    """Wait until this choice is under the cursor, explained, and drawn into the memory."""
    words = f"{option.label} · {option.context_tokens:,} tokens · KV {option.kv_type}"
    await hosts.shows(pilot, words)
    model = option.needed_bytes
    bar = pilot.app.screen.query_one(MemoryBar)
    await hosts.wait_until(pilot, lambda: sum(pool.model_bytes for pool in bar.pools) == model)


def _loads(log: Path) -> list[dict[str, Any]]:
    commands = [json.loads(line) for line in log.read_text().splitlines()]
    return [command for command in commands if command["tag"] == "load"]


async def test_moving_redraws_memory_and_explanation(fake_engine: MakeEngine) -> None:
    """Each step in the grid shows that choice's memory, speed and quality."""
    found = _stock(machine=AIR, known=KNOWN)
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        best = await _enter_grid(pilot, LOCAL_MISTRAL)
        assert best == found.entries[LOCAL_MISTRAL].best
        for key, tokens in (("left", 8192), ("left", 4096), ("right", 8192)):
            option = _option(found, LOCAL_MISTRAL, tokens)
            await hosts.press(pilot, key)
            await _looks_at(pilot, option)
            bar = app.screen.query_one(MemoryBar)
            assert bar.pools == pools.of(found.hardware, found.budget, option.footprint)
            speed = wording.rates(option.speed.full_low, option.speed.full_high)
            words = f"{speed} once the context is full"
            await hosts.shows(pilot, words, option.quality.words)


async def test_kv_cache_is_toggled(fake_engine: MakeEngine) -> None:
    """`k` plans with a q8_0 KV cache and back, in the same cell."""
    found = _stock(machine=AIR, known=KNOWN)
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        best = await _enter_grid(pilot, LOCAL_MISTRAL)
        await hosts.press(pilot, "k")
        await _looks_at(pilot, _option(found, LOCAL_MISTRAL, best.context_tokens, "q8_0"))
        await hosts.press(pilot, "k")
        await _looks_at(pilot, best)


async def test_choice_is_loaded_as_it_was_chosen(fake_engine: MakeEngine, home: Path) -> None:
    """Enter in the grid loads with exactly that context, KV cache and GPU layers."""
    home.mkdir()
    log = home / "commands"
    found = _stock(machine=AIR, known=KNOWN)
    option = _option(found, LOCAL_MISTRAL, 4096, "q8_0")
    app = hosts.make_app(fake_engine(log=str(log)), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        await _enter_grid(pilot, LOCAL_MISTRAL)
        await hosts.press(pilot, "left", "left", "k")
        await _looks_at(pilot, option)
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    (load,) = _loads(log)
    assert load["path"] == str(hosts.MODELS[LOCAL_MISTRAL].path)
    assert load["params"] == dataclasses.asdict(option.params)


async def test_list_loads_what_is_best(fake_engine: MakeEngine, home: Path) -> None:
    """Enter in the list loads the recommended choice without a look at the grid."""
    home.mkdir()
    log = home / "commands"
    best = _stock(machine=AIR).entries[LOCAL_MISTRAL].best
    app = hosts.make_app(fake_engine(log=str(log)), machine=AIR, open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        assert best is not None
        await hosts.open_models(pilot, f"{wording.gib(best.needed_bytes)} ")
        await hosts.press(pilot, "down", "enter")
        await hosts.open_chat(pilot)

    (load,) = _loads(log)
    assert load["params"] == dataclasses.asdict(best.params)


async def test_largest_context_can_be_chosen(fake_engine: MakeEngine, home: Path) -> None:
    """The first column is the largest context that fits, which no ladder has."""
    home.mkdir()
    log = home / "commands"
    app = hosts.make_app(fake_engine(log=str(log)), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        best = await _enter_grid(pilot, LOCAL_MISTRAL)
        await hosts.press(pilot, "home")
        await hosts.shows(pilot, f"{best.label} · {best.max_context_tokens:,} tokens")
        most = _grid(pilot).option
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    assert most is not None
    assert (most.fits, most.context_tokens) == ("now", best.max_context_tokens)
    (load,) = _loads(log)
    assert load["params"]["context_tokens"] == best.max_context_tokens


async def test_what_does_not_fit_is_asked_once(fake_engine: MakeEngine, home: Path) -> None:
    """A choice that is too large is loaded only after a question, and then as it is."""
    home.mkdir()
    log = home / "commands"
    app = hosts.make_app(fake_engine(log=str(log)), machine=NETBOOK, open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "8k  ○")
        await hosts.press(pilot, "down", "enter")
        await hosts.shows(pilot, "This does not fit. Load it anyway?")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        assert not log.exists()
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await hosts.shows(pilot, "This does not fit. Load it anyway?")
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    assert len(_loads(log)) == 1


async def test_model_that_is_not_here_needs_the_network(fake_engine: MakeEngine) -> None:
    """Enter on a model of the catalogue would ask the Hub; offline, one sentence says why not."""
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(120, 40)) as pilot:
        await _enter_grid(pilot, len(hosts.MODELS))
        await hosts.shows(pilot, "Enter: ask the Hub for exact sizes")
        await hosts.press(pilot, "enter")
        await hosts.shows(
            pilot, "localchat is offline, and the Hugging Face Hub needs the network."
        )


async def test_simulated_machine_loads_nothing(fake_engine: MakeEngine, home: Path) -> None:
    """On another machine's profile, Enter says why nothing is loaded."""
    home.mkdir()
    log = home / "commands"
    app = hosts.make_app(
        fake_engine(log=str(log)), machine=AIR, is_simulated=True, known=KNOWN, open_path=None
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "simulated machine")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "To chat, leave out --machine.")

    assert not log.exists()


async def test_list_is_searched_filtered_and_sorted(fake_engine: MakeEngine) -> None:
    """Each shows what it does, in the list and above it."""
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        await hosts.open_models(pilot, "↓ ")
        everything = _names(app)
        await hosts.press(pilot, "s", "s", "s", "s")
        await hosts.shows(pilot, "by name")
        assert _names(app) == sorted(everything, key=str.lower)
        await hosts.press(pilot, "f")
        await hosts.shows(pilot, "· fits now · by name")
        assert "gpt-oss-120b" not in _names(app)
        await hosts.press(pilot, "f", "f")
        await hosts.shows(pilot, "· on this disk · by name")
        assert len(_names(app)) == len(hosts.MODELS)
        await hosts.press(pilot, "f")
        await hosts.shows(pilot, "7 models · by name")
        await hosts.press(pilot, "slash")
        await hosts.focuses(pilot, Input)
        await hosts.press(pilot, *"mistral")
        await hosts.shows(pilot, "2 of 7")
        found = ["Mistral 7B Instruct v0.3", "Mistral 7B Instruct v0.3"]
        await hosts.wait_until(pilot, lambda: _names(app) == found)
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "7 models")


def _names(app: LocalchatApp) -> list[str]:
    picker = app.screen.query_one(ModelPicker)
    return [entry.title for entry in picker.listing.shown]


async def test_narrow_terminal_shows_list_or_grid(fake_engine: MakeEngine) -> None:
    """At 80x24 there is one of them; Right goes in, Left and Esc come back, all keys are there."""
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await hosts.open_models(pilot, "↓ ")
        await hosts.press(pilot, "down", "right")
        await hosts.shows(pilot, "KV cache f16")
        await hosts.hides(pilot, "gpt-oss")
        await hosts.press(pilot, "escape")
        await hosts.open_models(pilot, "gpt-oss")
        await hosts.hides(pilot, "KV cache f16")
        await hosts.press(pilot, "tab")
        await hosts.focuses(pilot, FitGrid)
        await hosts.press(pilot, "home", "left")
        await hosts.open_models(pilot, "gpt-oss")


async def test_mouse_looks_before_it_takes(fake_engine: MakeEngine) -> None:
    """A click moves the cursor of the list or of the grid; nothing is loaded by it."""
    found = _stock(machine=AIR, known=KNOWN)
    app = hosts.make_app(fake_engine(), machine=AIR, known=KNOWN, open_path=None)
    async with app.run_test(size=(160, 44)) as pilot:
        await hosts.open_models(pilot, "↓ ")
        await pilot.click(Rows, offset=(4, LOCAL_MISTRAL))
        await hosts.look_at(pilot, found.entries[LOCAL_MISTRAL].title)
        await hosts.wait_until(pilot, lambda: _grid(pilot).size.height > 1)
        await pilot.click(FitGrid, offset=(20, 1))
        await _looks_at(pilot, _option(found, LOCAL_MISTRAL, 2048))
        assert isinstance(app.screen, ModelsScreen)


async def test_answers_make_the_figures_measured(fake_engine: MakeEngine, home: Path) -> None:
    """After a chat, the speed of its model says that it was measured here."""
    home.mkdir()
    own = folder.describe(Path(shutil.copy(paths.guide_model(), home / "own.gguf")))
    setup = dataclasses.replace(
        hosts.make_setup(models=(own,), open_path=None),
        asks_engine=True,
        measurements_file=home / "measurements.json",
    )
    loaded = {"file_bytes": own.size_bytes, "threads": hosts.MACHINE.decode_threads}
    engine = fake_engine(answers=["word " * 200], rate=400, loaded=loaded)
    app = LocalchatApp(engine, setup)
    async with app.run_test(size=(120, 40)) as pilot:
        await hosts.open_models(pilot, "· estimate")
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Hello")
        await hosts.shows(pilot, "stopped by itself")
        await hosts.wait_until(pilot, (home / "measurements.json").exists)
        await hosts.press(pilot, "ctrl+l")
        await hosts.shows(pilot, "measured here")
