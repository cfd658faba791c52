"""Take the pictures of the README: `python -m tests.ui.make_screenshots`.

The real app, planning for machines of tests/machines, and in the chat the real engine with the
built-in model. Writes SVG, and PNG as well where a Chromium is installed.
"""

import asyncio
import dataclasses
import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Select, TextArea

from localchat import paths
from localchat.engine.client import EngineClient
from localchat.hub.access import Access
from localchat.machine import profile
from localchat.models import catalogue
from localchat.models import folder as models_folder
from localchat.ui.app import LocalchatApp
from localchat.ui.widgets.fit_pane import FitPane
from tests import hub_demo
from tests.fake_hub import FakeHub
from tests.ui import hosts, hub_hosts

FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"
OTHER_QUESTIONS = ("What is a KV cache?", "What is mlock?", "Which model fits in 8 GB?")
QUESTIONS = ("What is Q4_K_S?", "How much context do I need?", "Does it work offline?")

Look = Callable[[Pilot[None]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A machine, what to look at on it, and how large the terminal is."""

    name: str
    machine: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (156, 40)


SCENES = (
    Scene("models", "macbook-air-m2-16gb", (*["down"] * 3, "right")),
    Scene("models-4gb-laptop", "netbook-4gb", (*["down"] * 3, "right")),
    Scene("models-24gb-gpu", "desktop-rtx4090-24gb", (*["down"] * 3, "right", "right")),
    Scene("models-128gb-mac", "mac-studio-128gb", (*["down"] * 4, "right")),
    Scene("models-80x24", "macbook-air-m2-16gb", (*["down"] * 3, "right"), (80, 24)),
)


async def look_at_models(pilot: Pilot[None], keys: Sequence[str]) -> None:
    """The models that there are for a machine, and the choices of one."""
    await hosts.shows(pilot, "↓ ")
    await hosts.press(pilot, *keys)
    pane = pilot.app.screen.query_one(FitPane)
    await hosts.wait_until(pilot, lambda: bool(pane.shown_title))
    await asyncio.sleep(1)


async def look_at_search(pilot: Pilot[None]) -> None:
    """What the Hub has for a word, and for which machine one is looked at."""
    await hosts.shows(pilot, "↓ ")
    await hub_hosts.ask(pilot, "orchard")
    await hosts.shows(pilot, hub_demo.EIGHT)
    await asyncio.sleep(1)


async def look_at_repository(pilot: Pilot[None]) -> None:
    """The exact choices of a repository."""
    await look_at_search(pilot)
    await hosts.press(pilot, "enter")
    await hosts.shows(pilot, "Enter: download ")
    pane = pilot.app.screen.query_one(FitPane)
    await hosts.wait_until(pilot, lambda: bool(pane.shown_title))
    await asyncio.sleep(1)


async def look_at_chat(pilot: Pilot[None]) -> None:
    """A conversation with the built-in model."""
    await hosts.shows(pilot, "built in")
    await hosts.press(pilot, "enter")
    screen = await hosts.open_chat(pilot)
    screen.query_one(TextArea).cursor_blink = False
    for question in QUESTIONS:
        await ask(pilot, question)
    await asyncio.sleep(1)


async def ask(pilot: Pilot[None], question: str) -> None:
    """Send a message and wait for its answer."""
    app = pilot.app
    assert isinstance(app, LocalchatApp) and app.open_chat is not None
    messages = len(app.open_chat.path)
    await hosts.send(pilot, question)

    def is_answered() -> bool:
        path = app.open_chat.path if app.open_chat else ()
        return len(path) == messages + 2 and bool(path[-1].ending)

    await hosts.wait_until(pilot, is_answered)


async def look_at_version(pilot: Pilot[None]) -> None:
    """A conversation in which a question was asked otherwise, and is chosen."""
    await look_at_chat(pilot)
    await hosts.press(pilot, "tab")
    await hosts.shows(pilot, "Regenerate")
    await hosts.press(pilot, "r")
    await hosts.shows(pilot, "2/2")
    await asyncio.sleep(2)
    await hosts.press(pilot, "tab")
    await asyncio.sleep(1)


async def look_at_chats(pilot: Pilot[None]) -> None:
    """What a search finds in all chats."""
    await look_at_chat(pilot)
    for question in OTHER_QUESTIONS:
        await hosts.press(pilot, "ctrl+n")
        await asyncio.sleep(0.5)
        await ask(pilot, question)
    await hosts.press(pilot, "ctrl+o")
    await hosts.shows(pilot, "chats")
    await asyncio.sleep(1)
    await hosts.press(pilot, "slash", *"memory")
    await hosts.shows(pilot, "found")
    await asyncio.sleep(1)


async def look_at_settings(pilot: Pilot[None]) -> None:
    """How a chat is answered, after a persona was taken."""
    await look_at_chat(pilot)
    await hosts.press(pilot, "ctrl+s")
    await hosts.shows(pilot, "How this chat is answered")
    pilot.app.screen.query_one("#persona Select", Select).value = "Teacher"
    await asyncio.sleep(1)


async def take(
    name: str,
    look: Look,
    size: tuple[int, int],
    *,
    theme: str = "",
    machine: str = "laptop-16gb-ddr4",
    hub: FakeHub | None = None,
) -> Path:
    """Run the app at this size, let `look` lead it somewhere, and write the picture."""
    models = (models_folder.describe(paths.guide_model(), is_guide=True), *hosts.MODELS[1:3])
    with tempfile.TemporaryDirectory() as home:
        engine = EngineClient(Path(home) / "logs", Path(home) / "safe-mode.json")
        setup = hosts.make_setup(
            models=models,
            known=catalogue.catalogue(),
            machine=profile.read(hosts.MACHINES / f"{machine}.toml"),
            folder=Path.home() / "models",
            open_path=None,
        )
        setup = dataclasses.replace(setup, chats_file=Path(home) / "chats.db")
        if hub is not None:
            setup = dataclasses.replace(setup, access=Access(hub.endpoint))
        app = LocalchatApp(engine, setup)
        app.theme = theme or app.theme
        async with app.run_test(size=size) as pilot:
            await look(pilot)
            await pilot.pause()
            picture = app.export_screenshot(title="localchat")
        await engine.close()
    file = FOLDER / f"{name}.svg"
    file.write_text(picture, encoding="utf-8")
    return file


def render(picture: Path) -> None:
    """Write a PNG beside an SVG."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture.read_text(encoding="utf-8"))
    if chromium is None or size is None:
        return
    window = f"{round(float(size[1]))},{round(float(size[2]))}"
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={window}"]
    target = picture.with_suffix(".png")
    subprocess.run(
        [*command, f"--screenshot={target}", str(picture)], check=True, capture_output=True
    )


async def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    for scene in SCENES:
        look = functools.partial(look_at_models, keys=scene.keys)
        picture = await take(scene.name, look, scene.size, machine=scene.machine)
        if scene is SCENES[0]:
            render(picture)
    with tempfile.TemporaryDirectory() as folder, FakeHub(*hub_demo.repos(Path(folder))) as hub:
        machine = SCENES[0].machine
        for name, seen in (("hub-search", look_at_search), ("hub-grid", look_at_repository)):
            render(await take(name, seen, SCENES[0].size, machine=machine, hub=hub))
    render(await take("chat", look_at_chat, (100, 30)))
    for name, seen in (
        ("chats", look_at_chats),
        ("chat-settings", look_at_settings),
        ("chat-versions", look_at_version),
    ):
        render(await take(name, seen, (110, 32)))
    for size in ((80, 24), (200, 50)):
        columns, rows = size
        await take(f"chat-{columns}x{rows}", look_at_version, size)
        await take(f"chats-{columns}x{rows}", look_at_chats, size)
    render(await take("chat-light", look_at_chat, (100, 30), theme="localchat-light"))


if __name__ == "__main__":
    asyncio.run(main())
