"""The models screen with a scripted engine."""

import threading
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from localchat import units
from localchat.fit.option import Option
from localchat.models.folder import LocalModel
from localchat.ui import wording
from localchat.ui.screens.models import ModelsScreen
from localchat.ui.widgets.model_list import Rows
from tests.conftest import MakeEngine
from tests.ui import hosts

MISTRAL = hosts.known("mistral-7b")


async def test_models_are_listed_with_their_facts(fake_engine: MakeEngine) -> None:
    """Each row tells name, size, what is best here and what it takes; or what is wrong."""
    known = (MISTRAL,)
    best = [entry.best for entry in hosts.entries(known=known)]
    app = hosts.make_app(fake_engine(), known=known, open_path=None)
    expected = ["model size best here GiB tokens/s loss state"]
    expected += ["Guide 3.1M Q8_0 – – – built in"]
    expected += [_row("Mistral 7B Instruct v0.3 7.2B", best[1], "ready")]
    expected += [_row("Qwen3 4B 4.0B", best[2], "ready")]
    expected += ["notes – – – – – unusable"]
    download = f"↓ {units.human_bytes(best[4].candidate.file_bytes)}" if best[4] else ""
    expected += [_row("Mistral 7B Instruct v0.3 7.2B", best[4], download)]
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Built in, tiny, and knows only this program.")
        await hosts.shows(pilot, hosts.MACHINE.name, "6.94 GiB on this disk")
        await hosts.wait_until(pilot, lambda: _lines(pilot, "model ")[:6] == expected)
        await hosts.press(pilot, "end", "up")
        await hosts.shows(pilot, "This is not a GGUF file")


def _row(name: str, best: Option | None, state: str) -> str:
    assert best is not None and best.fits == "now"
    cells = (
        name,
        f"{best.label} · {best.context_tokens // 1024}k",
        f"● {wording.gib(best.needed_bytes)}",
        wording.rates(best.speed.low, best.speed.high),
        f"{best.quality.loss_percent:.1f} %",
        state,
    )
    return " ".join(cells)


def _lines(pilot: Pilot[None], start: str) -> list[str]:
    """What is on screen from the line that begins so, the spaces between columns made one."""
    lines = [" ".join(line.split()) for line in hosts.screen_text(pilot).splitlines()]
    return lines[next((i for i, line in enumerate(lines) if line.startswith(start)), len(lines)) :]


async def test_empty_folder_says_what_to_do(fake_engine: MakeEngine) -> None:
    """With the built-in model alone, the screen tells where to put files."""
    app = hosts.make_app(fake_engine(), models=hosts.MODELS[:1], open_path=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await hosts.shows(pilot, "put .gguf files into: /models")


async def test_failed_load_stays_on_the_screen(fake_engine: MakeEngine) -> None:
    """A load that fails is told with its hint until another model is looked at."""
    engine = fake_engine(die={"at": "load", "how": "exit 3"})
    app = hosts.make_app(engine, open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "down", "enter")
        await hosts.shows(pilot, "Mistral 7B Instruct v0.3 could not be loaded")
        await hosts.shows(pilot, "(exit code 3) while loading", "Try it once more")
        assert isinstance(app.screen, ModelsScreen)
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "down")
        await hosts.hides(pilot, "could not be loaded")


async def test_loading_is_shown_and_can_be_stopped(fake_engine: MakeEngine) -> None:
    """The stage and its percentage are on screen; Esc stops the load and leaves the list."""
    app = hosts.make_app(fake_engine(load_seconds=60), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Loading Guide", "reading weights")
        await hosts.press(pilot, "escape")
        await hosts.hides(pilot, "reading weights", "Enter")

        assert isinstance(app.screen, ModelsScreen)


async def test_file_is_opened_by_its_path(fake_engine: MakeEngine, home: Path) -> None:
    """`o` asks for a path, Enter opens it."""
    home.mkdir()
    log = home / "commands"
    app = hosts.make_app(fake_engine(log=str(log)), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "o")
        await hosts.focuses(pilot, Input)
        app.screen.query_one("#path", Input).value = "/somewhere/else.gguf"
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    assert '"path": "/somewhere/else.gguf"' in log.read_text()


async def test_path_is_asked_for_while_models_are_read(fake_engine: MakeEngine, home: Path) -> None:
    """Whoever is quick with `o` goes on writing when the list comes, and Enter opens that file."""
    home.mkdir()
    log, has_time = home / "commands", threading.Event()

    def list_models() -> tuple[LocalModel, ...]:
        assert has_time.wait(hosts.PATIENCE_SECONDS)
        return hosts.MODELS

    app = hosts.make_app(fake_engine(log=str(log)), list_models=list_models, open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "o")
        await hosts.focuses(pilot, Input)
        app.screen.query_one("#path", Input).value = "/somewhere/else.gguf"
        has_time.set()
        await hosts.shows(pilot, "Mistral")
        await pilot.pause()
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)

    assert '"path": "/somewhere/else.gguf"' in log.read_text()


async def test_typing_a_second_path_replaces_the_first(fake_engine: MakeEngine) -> None:
    """Asked for a path again, the last one is selected: it can be edited, typing replaces it."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        path = app.screen.query_one("#path", Input)
        await hosts.press(pilot, "o")
        await hosts.focuses(pilot, Input)
        path.value = "/first.gguf"
        await hosts.press(pilot, "escape")
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "o")
        await hosts.focuses(pilot, Input)
        await hosts.press(pilot, "x")
        await hosts.wait_until(pilot, lambda: path.value == "x")


async def test_folder_is_read_again(fake_engine: MakeEngine) -> None:
    """`r` shows a file that came meanwhile; the cursor stays on its model."""
    models = [*hosts.MODELS[:2]]
    app = hosts.make_app(fake_engine(), list_models=lambda: models, open_path=None)
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_models(pilot, "Mistral")
        await hosts.press(pilot, "down")
        models.insert(1, LocalModel(Path("/models/new.gguf"), "A new one", 10))
        await hosts.press(pilot, "r")
        await hosts.shows(pilot, "A new one")
        await hosts.press(pilot, "enter")
        await hosts.open_chat(pilot)
        await hosts.shows(pilot, "mistral-7b")


async def test_tiny_terminal_asks_for_room(fake_engine: MakeEngine) -> None:
    """Below 40 x 10 there is one request instead of a broken screen; it goes when there is room."""
    app = hosts.make_app(fake_engine(), open_path=None)
    async with app.run_test(size=(39, 12)) as pilot:
        await hosts.shows(pilot, "Please enlarge")
        assert "Mistral" not in hosts.screen_text(pilot)
        await pilot.resize_terminal(100, 30)
        await hosts.shows(pilot, "Mistral")
        await hosts.hides(pilot, "Please enlarge")
        await pilot.resize_terminal(60, 9)
        await hosts.shows(pilot, "Please enlarge")


async def test_chat_can_be_read_after_another_model_failed(fake_engine: MakeEngine) -> None:
    """When the next model does not load, Esc leads back to the conversation."""
    app = hosts.make_app(fake_engine(answers=["Answered."], fail_loads_after=1))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Question")
        await hosts.shows(pilot, "stopped by itself")
        await hosts.press(pilot, "ctrl+l")
        await hosts.open_models(pilot, "Qwen3")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "could not be loaded")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "Answered.")
        await hosts.refused(pilot, "Another", "No model is loaded.")
