"""The first screen: choose a model, watch it load, or read why it cannot be loaded."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from localchat import errors, sanitize
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.models.folder import LocalModel
from localchat.ui import wording
from localchat.ui.setup import Setup
from localchat.ui.widgets.bars import TooSmall, TopBar
from localchat.ui.widgets.load_panel import LoadPanel
from localchat.ui.widgets.model_list import ModelDetails, ModelList

_Mode = Literal["details", "asking", "loading", "failed"]
"""What the panel below the list shows."""


class ModelsScreen(Screen[None]):
    """What is on this disk, and the way into a chat."""

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open_path", "Open a file"),
        Binding("r", "refresh", "Read again"),
        Binding("escape", "back", "Back"),
    ]

    class Loaded(Message):
        """A model is in memory and ready."""

        def __init__(self, loaded: wire.Loaded, *, is_guide: bool) -> None:
            super().__init__()
            self.loaded = loaded
            self.is_guide = is_guide

    class Left(Message):
        """The reader wants to go back to the chat."""

    def __init__(self, engine: EngineClient, setup: Setup) -> None:
        super().__init__()
        self._engine = engine
        self._setup = setup
        self._loaded: Path | None = None
        self._guide: Path | None = None
        self._has_chat = False
        """Whether there is a conversation to go back to, with or without a model in memory."""
        self._is_loading = False
        self._stop_wanted = False
        self._described: Path | None = None
        self._mode: _Mode = "details"
        self._machine = Static("", id="machine", markup=False)
        self._list = ModelList()
        self._details = ModelDetails()
        self._panel = LoadPanel()
        self._path = Input(placeholder="Path of a .gguf file, then Enter", select_on_focus=False)
        self._folder = Static("", id="folder", markup=False)

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield TopBar()
        with Vertical(id="body"):
            yield self._machine
            yield self._list
            with VerticalScroll(id="panel", classes="-details", can_focus=False):
                yield self._details
                yield self._panel
                yield self._path
            yield self._folder
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the folder; open what was asked for on the command line."""
        bar = self.query_one(TopBar)
        bar.subject, bar.facts = "models", "everything runs on this machine"
        self.query_one("_Rows").focus()
        self.action_refresh()
        if self._setup.open_path is not None:
            self.load(self._setup.open_path)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        del parameters
        if action == "back":
            return self._is_loading or self._mode == "asking" or self._has_chat
        return not (action == "open_path" and self._is_loading)

    def load(self, path: Path) -> None:
        """Load a model; Loaded follows when it is ready."""
        if not self._is_loading:
            self._is_loading, self._stop_wanted = True, False
            self._load(path)
            self.refresh_bindings()

    @work(group="load")
    async def _load(self, path: Path) -> None:
        self._turn_to("loading")
        self._panel.begin(self._list.name_of(path))
        # An answer still under way would hold the engine.
        await self._engine.cancel()
        self._loaded = None
        loaded: wire.Loaded | None = None
        try:
            loaded = await self._engine.load(path, self._setup.engine_params, self._show_progress)
        except errors.Cancelled:
            self._turn_to("details")
        except errors.LocalchatError as error:
            self._panel.fail(error)
            self._turn_to("failed")
        self._is_loading = False
        if loaded is not None:
            self._loaded, self._has_chat = path, True
            self._turn_to("details")
            self.post_message(self.Loaded(loaded, is_guide=path == self._guide))
        self.refresh_bindings()
        self.action_refresh()

    def _show_progress(self, progress: wire.Progress) -> None:
        self._panel.show(progress)
        if self._stop_wanted:
            # Esc came while the engine was still starting, when there was nothing to cancel.
            self._stop_wanted = False
            self.run_worker(self._engine.cancel())

    @work(exclusive=True, group="list")
    async def action_refresh(self) -> None:
        """Read the models folder and the state of the machine again."""
        machine = await asyncio.to_thread(self._setup.describe_machine)
        models = await asyncio.to_thread(self._setup.list_models)
        self._show(machine, models)

    def _show(self, machine: str, models: Sequence[LocalModel]) -> None:
        self._guide = next((model.path for model in models if model.is_guide), None)
        self._machine.update(Content(sanitize.line(machine)))
        self._list.show(models, self._loaded)
        folder = wording.short_path(self._setup.models_folder)
        has_own = any(not model.is_guide for model in models)
        words = ("Your models: ", f"{folder}") if has_own else ("Put a .gguf file into ", folder)
        self._folder.update(Content.assemble((words[0], "$foreground-muted"), words[1]))

    @on(ModelList.Highlighted)
    def _describe(self, event: ModelList.Highlighted) -> None:
        self._details.show(event.model)
        path = event.model.path if event.model else None
        if path != self._described and self._mode == "failed":
            self._turn_to("details")
        self._described = path

    @on(ModelList.Chosen)
    def _choose(self, event: ModelList.Chosen) -> None:
        if event.model.path == self._loaded:
            self.post_message(self.Left())
        else:
            self.load(event.model.path)

    def action_open_path(self) -> None:
        """Ask for a path; typing replaces the last one."""
        self._path.action_select_all()
        self._turn_to("asking")

    @on(Input.Submitted)
    def _open(self, event: Input.Submitted) -> None:
        event.stop()
        self._turn_to("details")
        if event.value.strip():
            self.load(Path(event.value.strip()).expanduser())

    async def action_back(self) -> None:
        """Stop loading, or leave the path, or go back to the chat."""
        if self._is_loading:
            self._stop_wanted = True
            await self._engine.cancel()
        elif self._mode == "asking":
            self._turn_to("details")
        elif self._has_chat:
            self.post_message(self.Left())

    def _turn_to(self, mode: _Mode) -> None:
        self._mode = mode
        self.query_one("#panel").set_classes(f"-{mode}")
        self.query_one(Input if mode == "asking" else "_Rows").focus()
        self.refresh_bindings()
