"""A screen with nothing but the prompt box, which writes down what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen

from localchat.chat.drafts import Draft
from localchat.ui import screens
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.suggestions import Suggestions
from tests.chat import pdfs
from tests.ui import hosts

_STYLE = Path(screens.__file__).with_name("chat.tcss")


class ChatScreen(Screen[None]):
    """Named as the screen whose style it wears."""

    CSS_PATH = _STYLE

    def __init__(self, box: PromptBox) -> None:
        super().__init__()
        self.box = box

    def compose(self) -> ComposeResult:
        yield self.box


class PromptApp(App[None]):
    """The prompt alone."""

    def __init__(self, folder: Path, history: PromptHistory | None = None) -> None:
        super().__init__()
        self.box = PromptBox(history, folder)
        self.told: list[Message] = []
        self.drafts: list[Draft] = []

    def on_mount(self) -> None:
        """Show the prompt and write in it."""
        self.push_screen(ChatScreen(self.box))
        self.box.focus()

    def on_prompt_box_submitted(self, event: PromptBox.Submitted) -> None:
        """Keep it."""
        self.told.append(event)

    def on_prompt_box_slash(self, event: PromptBox.Slash) -> None:
        """Keep it."""
        self.told.append(event)

    def on_prompt_box_changed(self, event: PromptBox.Changed) -> None:
        """Keep it."""
        self.drafts.append(event.draft)

    def on_prompt_area_left_up(self, event: PromptBox.LeftUp) -> None:
        """Keep it."""
        self.told.append(event)

    @property
    def sent(self) -> list[Draft]:
        """The messages sent."""
        return [event.draft for event in self.told if isinstance(event, PromptBox.Submitted)]

    @property
    def given(self) -> list[tuple[str, str]]:
        """The commands given, and what came with them."""
        return [
            (event.command.id, event.argument)
            for event in self.told
            if isinstance(event, PromptBox.Slash)
        ]


def working_folder(parent: Path) -> Path:
    """Make a working folder with a few files."""
    made = parent / "work"
    for name in ("src/main.py", "src/mailer.py", "notes.txt", "My Files/a b.md", ".git/config"):
        file = made / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"This is {name}.\n")
    (made / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (made / "data").write_bytes(b"\x00\x01\x02")
    pdfs.write(made / "paper.pdf", ["One", "Two"])
    return made


@asynccontextmanager
async def shown(
    folder: Path, history: PromptHistory | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[PromptApp, Pilot[None]]]:
    """Show the prompt, ready to be written in."""
    app = PromptApp(folder, history)
    async with app.run_test(size=size, notifications=True) as pilot:
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, PromptArea))
        yield app, pilot


async def write(pilot: Pilot[None], text: str) -> None:
    """Press the keys of a text."""
    names = {" ": "space", "\n": "ctrl+j", "/": "slash", "@": "at"}
    await pilot.press(*(names.get(letter, letter) for letter in text))


async def paste(app: PromptApp, text: str) -> None:
    """Paste a text, as the terminal does."""
    app.post_message(events.Paste(text))
    await asyncio.sleep(0.05)


def rows(app: PromptApp) -> list[str]:
    """What the list below the prompt shows, without sizes and help."""
    listed = app.screen.query_one(Suggestions)
    if not listed.is_open:
        return []
    found = (str(listed.get_option_at_index(at).prompt) for at in range(listed.option_count))
    return [each.split("  ")[0] for each in found]
