"""A screen with nothing but the prompt box, which writes down what it is told."""

from pathlib import Path

from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import Screen

from localchat.chat.drafts import Draft
from localchat.ui import screens
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.prompt_box import PromptBox

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
