"""What the tests of the interface share: models, an app with a scripted engine, and waiting."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from localchat.chat.chat import ChatSettings
from localchat.engine.client import EngineClient
from localchat.fit import candidates
from localchat.fit.candidate import Candidate
from localchat.machine import profile
from localchat.machine.hardware import Hardware
from localchat.models import catalogue
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.ui import local_files, stock
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chat import ChatScreen
from localchat.ui.setup import Setup
from localchat.ui.shelf import Entry
from localchat.ui.widgets.fit_pane import FitPane
from localchat.ui.widgets.model_list import Rows
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox

PATIENCE_SECONDS = 90.0
"""How long a test waits for what must come: a guard against hanging, also on a slow machine."""

MACHINES = Path(__file__).parents[1] / "machines"
MACHINE = profile.read(MACHINES / "laptop-16gb-ddr4.toml")
MODELS = (
    LocalModel(
        Path("/models/guide.gguf"), "Guide", 4_404_019, "llama", "Q8_0", 3_100_000, 2048, True
    ),
    LocalModel(
        Path("/models/mistral-7b-instruct-v0.3.Q4_K_S.gguf"),
        "Mistral 7B Instruct v0.3",
        4_140_374_304,
        "llama",
        "Q4_K_S",
        7_248_023_552,
        32768,
    ),
    LocalModel(
        Path("/models/qwen3-4b.Q6_K.gguf"),
        "Qwen3 4B",
        3_306_260_704,
        "qwen3",
        "Q6_K",
        4_022_468_096,
        40960,
    ),
    LocalModel(
        Path("/models/notes.gguf"),
        "notes",
        812_032,
        problem="This is not a GGUF file: it begins like a text.",
    ),
)
_KNOWN = {
    "mistral-7b-instruct-v0.3.Q4_K_S.gguf": "mistral-7b",
    "qwen3-4b.Q6_K.gguf": "qwen3-4b",
}


def known(name: str) -> CatalogueModel:
    """A model of the catalogue."""
    found = catalogue.find(name)
    assert found is not None
    return found


def read_candidate(model: LocalModel) -> Candidate | None:
    """What the header says, or would: the file is of a model that the catalogue knows."""
    if model.path.is_file():
        return local_files.read(model)
    found = catalogue.find(_KNOWN.get(model.path.name, ""))
    for candidate in candidates.from_catalogue(found) if found else ():
        if candidate.label == model.quant:
            return replace(candidate, model=str(model.path), title=model.name, path=model.path)
    return None


def make_setup(
    *,
    machine: Hardware = MACHINE,
    is_simulated: bool = False,
    known: Sequence[CatalogueModel] = (),
    folder: Path = Path("/models"),
    models: Sequence[LocalModel] = MODELS,
    list_models: Callable[[], Sequence[LocalModel]] | None = None,
    open_path: Path | None = Path("/models/fake.gguf"),
    settings: ChatSettings | None = None,
    keys: Mapping[str, tuple[str, ...]] | None = None,
    config_file: Path | None = None,
    chats_file: Path | None = None,
    continues: bool = False,
    settle: Callable[[], None] = lambda: None,
) -> Setup:
    """What an app is given; by default it opens a model at once."""
    return Setup(
        list_models=list_models or (lambda: models),
        detect=lambda _: machine,
        is_simulated=is_simulated,
        read_candidate=read_candidate,
        catalogue=lambda: known,
        models_folder=folder,
        chat_settings=settings or ChatSettings(),
        keys=keys or {},
        config_file=config_file,
        open_path=open_path,
        chats_file=chats_file,
        continues=continues,
        settle=settle,
    )


def entries(machine: Hardware = MACHINE, **options: Any) -> tuple[Entry, ...]:
    """What the list would show, worked out."""
    return stock.look(make_setup(machine=machine, **options)).recommend().entries


def make_app(engine: EngineClient, **options: Any) -> LocalchatApp:
    """An app with this engine; the options are those of `make_setup`."""
    return LocalchatApp(engine, make_setup(**options))


async def wait_until(
    pilot: Pilot[None], condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait for something to become true on screen; fail with the screen's text if it does not."""
    deadline = time.monotonic() + seconds
    while True:
        if _is_whole(pilot) and condition():
            return
        assert time.monotonic() < deadline, screen_text(pilot)
        # Not pilot.pause(): it waits for a moment without work, and a stream leaves none.
        await asyncio.sleep(0.02)


def _is_whole(pilot: Pilot[None]) -> bool:
    """Whether the picture can be looked at: a widget that was just removed may still be in it."""
    return all(widget.is_attached for widget in pilot.app.screen._compositor.visible_widgets)


def screen_text(pilot: Pilot[None]) -> str:
    """What the reader sees, line by line."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def shows(pilot: Pilot[None], *texts: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until these texts are on screen, all at once."""

    def is_shown() -> bool:
        seen = screen_text(pilot)
        return all(text in seen for text in texts)

    await wait_until(pilot, is_shown, seconds)


async def hides(pilot: Pilot[None], *texts: str) -> None:
    """Wait until none of these texts is on screen."""

    def is_hidden() -> bool:
        seen = screen_text(pilot)
        return not any(text in seen for text in texts)

    await wait_until(pilot, is_hidden)


async def focuses(pilot: Pilot[None], kind: type[Widget]) -> None:
    """Wait until what is typed goes to a widget of this kind."""
    await wait_until(pilot, lambda: isinstance(pilot.app.focused, kind))


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, also while the app never rests (`pilot.press` waits until it does)."""
    for key in keys:
        pilot.app.simulate_key(key)
        await asyncio.sleep(0.01)


async def click(pilot: Pilot[None], text: str) -> None:
    """Click on the first letter of a text, once it is on screen and rests."""
    seen: list[tuple[int, int]] = []

    def rests() -> bool:
        lines = screen_text(pilot).splitlines()
        seen.extend((line.index(text), row) for row, line in enumerate(lines) if text in line)
        return len(seen) >= 5 and len({*seen[-5:]}) == 1

    await wait_until(pilot, rests)
    await pilot.click(offset=seen[-1])


async def open_models(pilot: Pilot[None], *texts: str) -> None:
    """Wait for the models screen with these texts, and with the cursor in its list."""
    await focuses(pilot, Rows)
    await shows(pilot, *texts)


async def open_chat(pilot: Pilot[None]) -> ChatScreen:
    """Wait for the chat screen with its model, and with the cursor in its prompt."""
    await wait_until(
        pilot,
        lambda: isinstance(pilot.app.screen, ChatScreen) and "ready in" in screen_text(pilot),
    )
    await focuses(pilot, PromptArea)
    screen = pilot.app.screen
    assert isinstance(screen, ChatScreen)
    return screen


async def look_at(pilot: Pilot[None], title: str) -> None:
    """Wait until the choices of this model are worked out, shown and drawn."""
    pane = pilot.app.screen.query_one(FitPane)
    await wait_until(pilot, lambda: pane.shown_title == title)
    await pilot.pause()


async def write(pilot: Pilot[None], text: str) -> None:
    """Write something in place of what is in the prompt, and press Enter."""
    await focuses(pilot, PromptArea)
    pilot.app.screen.query_one(PromptBox).text = text
    await press(pilot, "enter")


async def send(pilot: Pilot[None], text: str) -> None:
    """Write something that is taken, and wait until the prompt is free again."""
    await write(pilot, text)
    await wait_until(pilot, lambda: text not in pilot.app.screen.query_one(PromptBox).text)


async def refused(pilot: Pilot[None], text: str, *words: str) -> None:
    """Write something that is not taken: the reasons are on screen, and it is in the prompt."""
    await write(pilot, text)
    await shows(pilot, *words)
    # It may have left the prompt for a moment, so that only the reasons tell that it was tried.
    await wait_until(pilot, lambda: pilot.app.screen.query_one(PromptBox).text == text)


async def ask(pilot: Pilot[None], text: str, *seen: str) -> None:
    """Send a message, and wait until its answer has come to its end and is shown with this."""
    app = pilot.app
    assert isinstance(app, LocalchatApp) and app.open_chat is not None
    before = len(app.open_chat.path)
    await send(pilot, text)
    await ended(pilot, before + 2)
    await shows(pilot, *seen)


async def ended(pilot: Pilot[None], messages: int) -> None:
    """Wait until the open chat has so many messages, and an end of the last one.

    The prompt is free a moment before its message is under way, so it does not tell.
    """

    def has_ended() -> bool:
        app = pilot.app
        path = app.open_chat.path if isinstance(app, LocalchatApp) and app.open_chat else ()
        return len(path) == messages and bool(path[-1].ending)

    await wait_until(pilot, has_ended)
