"""Take the pictures of the README: `python -m tests.ui.make_screenshots`.

The real app, and in the chat the real engine with the built-in model. Writes SVG, and PNG as well
where a Chromium is installed.
"""

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from localchat import paths
from localchat.engine.client import EngineClient
from localchat.models import folder
from localchat.ui.widgets.prompt_box import PromptBox
from tests.ui import hosts

FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"
QUESTIONS = ("What is Q4_K_S?", "How much context do I need?", "Does it work offline?")

Look = Callable[[Pilot[None]], Awaitable[None]]


async def look_at_models(pilot: Pilot[None]) -> None:
    """The list, with the cursor on a model of the reader's own."""
    await hosts.shows(pilot, "knows only this program")
    await hosts.press(pilot, "down")
    await hosts.shows(pilot, "Nothing leaves this machine")


async def look_at_chat(pilot: Pilot[None]) -> None:
    """A conversation with the built-in model."""
    await hosts.shows(pilot, "knows only this program")
    await hosts.press(pilot, "enter")
    screen = await hosts.open_chat(pilot)
    prompt = screen.query_one(PromptBox)
    prompt.cursor_blink = False
    for question in QUESTIONS:
        await hosts.send(pilot, question)
        await hosts.wait_until(pilot, lambda: not prompt.busy)
    await asyncio.sleep(1)


async def take(name: str, look: Look, size: tuple[int, int], *, theme: str = "") -> Path:
    """Run the app at this size, let `look` lead it somewhere, and write the picture."""
    models = (folder.describe(paths.guide_model(), is_guide=True), *hosts.MODELS[1:])
    with tempfile.TemporaryDirectory() as home:
        engine = EngineClient(Path(home) / "logs", Path(home) / "safe-mode.json")
        app = hosts.make_app(engine, models=models, open_path=None)
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
    render(await take("models", look_at_models, (100, 28)))
    render(await take("chat", look_at_chat, (100, 30)))
    render(await take("chat-light", look_at_chat, (100, 30), theme="localchat-light"))


if __name__ == "__main__":
    asyncio.run(main())
