"""What the tests of the interface share: models, an app with a scripted engine, and waiting."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from localchat.chat.chat import ChatSettings
from localchat.engine.client import EngineClient
from localchat.models.folder import LocalModel
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.chat import ChatScreen
from localchat.ui.setup import Setup
from localchat.ui.widgets.prompt_box import PromptBox

MACHINE = "AMD Ryzen 7 5800U · 8 cores · 14.90 GiB memory · 9.10 GiB available"
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


def make_setup(
    *,
    models: Sequence[LocalModel] = MODELS,
    list_models: Callable[[], Sequence[LocalModel]] | None = None,
    open_path: Path | None = Path("/models/fake.gguf"),
    settings: ChatSettings | None = None,
) -> Setup:
    """What an app is given; by default it opens a model at once."""
    return Setup(
        list_models=list_models or (lambda: models),
        describe_machine=lambda: MACHINE,
        models_folder=Path("/models"),
        chat_settings=settings or ChatSettings(),
        open_path=open_path,
    )


def make_app(engine: EngineClient, **options: Any) -> LocalchatApp:
    """An app with this engine; the options are those of `make_setup`."""
    return LocalchatApp(engine, make_setup(**options))


async def wait_until(
    pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 20.0
) -> None:
    """Wait for something to become true on screen; fail with the screen's text if it does not."""
    deadline = time.monotonic() + seconds
    while True:
        if condition():
            return
        assert time.monotonic() < deadline, screen_text(pilot)
        # Not pilot.pause(): it waits for a moment without work, and a stream leaves none.
        await asyncio.sleep(0.02)


def screen_text(pilot: Pilot[None]) -> str:
    """What the reader sees, line by line."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def open_chat(pilot: Pilot[None]) -> ChatScreen:
    """Wait for the chat screen with its model."""
    await wait_until(
        pilot,
        lambda: isinstance(pilot.app.screen, ChatScreen) and "ready in" in screen_text(pilot),
    )
    screen = pilot.app.screen
    assert isinstance(screen, ChatScreen)
    return screen


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, also while the app never rests (`pilot.press` waits until it does)."""
    for key in keys:
        pilot.app.simulate_key(key)
        await asyncio.sleep(0.01)


async def send(pilot: Pilot[None], text: str) -> None:
    """Write a message and send it."""
    pilot.app.screen.query_one(PromptBox).text = text
    await press(pilot, "enter")
    await wait_until(pilot, lambda: text not in pilot.app.screen.query_one(PromptBox).text)


async def shows(pilot: Pilot[None], text: str, seconds: float = 20.0) -> None:
    """Wait until this text is on screen."""
    await wait_until(pilot, lambda: text in screen_text(pilot), seconds)
