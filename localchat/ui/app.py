"""The app: two screens, and what belongs to neither."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.command import Provider
from textual.filter import LineFilter

from localchat import errors
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.store.keeper import Keeper
from localchat.engine.client import EngineClient
from localchat.ui import commands, themes, toasts
from localchat.ui.appraiser import Appraiser
from localchat.ui.commands import keys
from localchat.ui.commands.palette import CommandProvider
from localchat.ui.copying_app import CopyingApp
from localchat.ui.gate import ControlGate
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.screens.chat import ChatScreen
from localchat.ui.screens.help import HelpScreen
from localchat.ui.screens.models import ModelsScreen
from localchat.ui.setup import Setup
from localchat.ui.widgets.prompt_box import PromptBox

# Below 40 x 10 a screen shows nothing but TooSmall; see app.tcss.
_WIDTHS = [(0, "-tiny"), (40, "-narrow"), (100, "-wide")]
_HEIGHTS = [(0, "-flat"), (10, "-low"), (30, "-tall")]
_NOTICE_SECONDS = 20.0
"""What became of the chats while nobody looked is worth to be read."""


class LocalchatApp(CopyingApp):
    """Chooses a model, then chats with it."""

    TITLE = "localchat"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("app")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {CommandProvider}

    def __init__(self, engine: EngineClient, setup: Setup, theme: str = "") -> None:
        super().__init__(setup)
        self.command_list = keys.apply(commands.COMMANDS, setup.keys)
        self.set_keymap(keys.keymap(self.command_list, setup.keys))
        themes.register(self, theme)
        self._config_file = setup.config_file
        self._settle = setup.settle
        self._gate = ControlGate()
        self.keeper = Keeper(setup.chats_file) if setup.chats_file else None
        self.chats = Chats(engine, self.keeper, setup.chat_settings, setup.hashes_file)
        self.chats.unload_when_idle = setup.rest_after_seconds
        self._continues = setup.continues
        self._appraiser = Appraiser(engine, setup)
        self._in_memory: ModelsScreen.Loaded | None = None
        self._models_screen = ModelsScreen(engine, setup, self._appraiser, self.downloads)
        self._chat_screen = ChatScreen(
            engine, self.chats, PromptBox(PromptHistory(setup.prompt_history_file))
        )

    def on_mount(self) -> None:
        """Begin with the models, or with the chat that was used last."""
        themes.remember(self, self._config_file)
        self.install_screen(self._models_screen, "models")
        self.install_screen(self._chat_screen, "chat")
        self.push_screen("models")
        self.run_worker(self._open_chats())

    async def on_unmount(self) -> None:
        """Keep what is being said, and what is being written."""
        await self._chat_screen.composer.leave()
        await self.chats.close()
        if self.keeper is not None:
            await self.keeper.close()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Name the one color that no theme of Textual's has."""
        return themes.VARIABLES

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the last gate before the terminal: what a widget forgot to clean."""
        return (*super().get_line_filters(), self._gate)

    async def on_models_screen_loaded(self, event: ModelsScreen.Loaded) -> None:
        """Chat with the model that was loaded."""
        is_first, self._in_memory = self._in_memory is None, event
        self.chats.touch()
        if not await self.turn_to("chat"):
            return
        if self._chat_screen.session is None:
            self._chat_screen.show_chat(await self.chats.new())
        self._chat_screen.use_model(event.loaded, is_guide=event.is_guide)
        self._chat_screen.composer.prompt.text += self._models_screen.ahead.take()
        if is_first:
            self.call_after_refresh(self._settle)

    def put_chat(self, chat: Chat, message_id: str = "") -> None:
        """Open a chat on the chat screen, at a message in it, without going there."""
        self._chat_screen.show_chat(chat, message_id)

    @property
    def open_chat(self) -> Chat | None:
        """The chat on the chat screen."""
        session = self._chat_screen.session
        return session.chat if session else None

    async def on_chat_screen_answered(self, event: ChatScreen.Answered) -> None:
        """Let what the answer says about this machine make its figures better."""
        model = self._in_memory
        if model is not None:
            await self._appraiser.remember(model.path, model.loaded, event.stats)

    async def on_models_screen_left(self) -> None:
        """Go back to the chat."""
        await self.turn_to("chat")

    async def action_show_models(self) -> None:
        """Go to the models; the chat stays as it is."""
        await self.turn_to("models")

    async def chat_with(self, path: Path) -> None:
        """Load a model that was downloaded, and chat with it."""
        await self.action_show_models()
        self._models_screen.load(path)

    def action_help(self) -> None:
        """Show the keys."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.command_list))

    def action_change_theme(self, name: str = "") -> None:
        """Change the colors, to this theme or one that is chosen."""
        themes.choose(self, name)

    async def _open_chats(self) -> None:
        """Say what is to be said of the chats, and open the last one if that was asked for."""
        if self.keeper is None:
            return
        try:
            for notice in await self.keeper.notices():
                toasts.tell(self, notice, seconds=_NOTICE_SECONDS)
            last = await self.chats.last() if self._continues else None
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error", seconds=_NOTICE_SECONDS)
        else:
            if last is not None:
                await self.show_chat(last)
