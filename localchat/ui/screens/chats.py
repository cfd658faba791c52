"""All chats: found by their words, opened, renamed, pinned, deleted and brought back, exported."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from localchat import sanitize
from localchat.chat.store.keeper import Keeper
from localchat.ui import chat_rows, commands
from localchat.ui.widgets.bars import TooSmall, TopBar
from localchat.ui.widgets.chat_browser import ChatBrowser
from localchat.ui.widgets.chat_list import ChatList, Place
from localchat.ui.widgets.key_footer import KeyFooter

_SEARCH_PAUSE_SECONDS = 0.15
_NO_CHATS = """\
There are no chats yet.

What you write is kept from the first message on: it will be here, to be searched and gone on with.
Esc goes back."""


class ChatsScreen(Screen[None]):
    """The list of chats, and a search over all of them."""

    CSS_PATH = "chats.tcss"
    AUTO_FOCUS = "ChatRows"
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("chats")

    class Left(Message):
        """The reader wants to go back."""

    def __init__(self, keeper: Keeper, go_to: Callable[[Place], Awaitable[None]]) -> None:
        """`go_to` opens a chat, at a message in it when one was found."""
        super().__init__()
        self._go_to = go_to
        self._bar = TopBar()
        self._search = Input(placeholder="Search every chat", id="search", compact=True)
        self.browser = ChatBrowser(keeper)
        self._empty = Static("", id="empty", markup=False)

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._bar
        yield self._search
        yield self._empty
        yield self.browser
        yield KeyFooter()

    def search_for(self, text: str) -> None:
        """Search for a text, as if it had been typed."""
        self._search.value = sanitize.line(text)

    def on_screen_resume(self) -> None:
        """Look anew: chats change while one is away."""
        self.browser.is_bin = False
        self.browser.is_stale = True
        self.browser.list.take_focus()
        self._read()

    @work(exclusive=True, group="list")
    async def _read(self, pause_seconds: float = 0.0) -> None:
        await asyncio.sleep(pause_seconds)
        self.browser.words = self._search.value
        await self.browser.read()

    @on(ChatBrowser.Read)
    def _tell(self, event: ChatBrowser.Read) -> None:
        self._bar.subject = "deleted chats" if event.is_bin else "chats"
        self._bar.facts = chat_rows.summary(event.records, deleted=event.is_bin)
        self._empty.update("No chat was deleted." if event.is_bin else _NO_CHATS)
        self.set_class(not event.records, "-none")
        if not event.records and not self._search.has_focus:
            self.set_focus(None)
        self.refresh_bindings()

    @on(Input.Changed, "#search")
    def _type(self) -> None:
        self._read(_SEARCH_PAUSE_SECONDS)

    @on(Input.Submitted, "#search")
    async def _go(self) -> None:
        # What was typed just now is searched for before the first that was found is opened.
        await self._read().wait()
        await self.action_open()

    @on(ChatList.Chosen)
    async def action_open(self) -> None:
        """Open the chat under the cursor; of the deleted ones, bring it back."""
        # Awaited, not posted: the keys typed next belong to the chat already.
        place = self.browser.list.place
        if self.browser.is_bin:
            await self.browser.action_restore()
        elif place is not None:
            await self._go_to(place)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        del parameters
        if action in ("search", "bin", "undo") and self.focused is self._search:
            # In the search itself these are signs as others.
            return False
        return action != "undo" or bool(self.browser.deleted)

    async def action_undo(self) -> None:
        """Bring back the chat that was deleted last; also where none is left to look at."""
        await self.browser.undo()

    def action_search(self) -> None:
        """Write what to search for."""
        # At once, unlike `focus`: the keys typed next belong to the search already.
        self.set_focus(self._search)

    def action_move(self, lines: int) -> None:
        """Move the cursor of the list from the search."""
        self.browser.list.move(lines)

    def action_bin(self) -> None:
        """Show the deleted chats, or the others again."""
        self.browser.is_bin = not self.browser.is_bin
        self.browser.is_stale = True
        self._search.value = ""
        self.browser.list.take_focus()
        self._read()

    def action_back(self) -> None:
        """Leave the search, or the deleted chats, or the screen."""
        if self._search.value or self._search.has_focus:
            self._search.value = ""
            self.browser.list.take_focus()
        elif self.browser.is_bin:
            self.action_bin()
        else:
            self.post_message(self.Left())
