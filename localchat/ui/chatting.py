"""The part of the app that concerns all chats: the list of them, and how one is answered.

Which chat is open, and with which model, is for those who derive.
"""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from localchat import errors
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.exchange.values import WholeChat
from localchat.chat.store.keeper import Keeper
from localchat.ui import chat_dialogs, chat_words, exporting, toasts
from localchat.ui.chat_words import Subject
from localchat.ui.downloading import DownloadingApp
from localchat.ui.screens.chats import ChatsScreen
from localchat.ui.setup import Setup
from localchat.ui.widgets.chat_browser import ChatBrowser
from localchat.ui.widgets.chat_list import Place


class ChattingApp(DownloadingApp):
    """An app with chats, of which one is open."""

    chats: Chats
    keeper: Keeper | None

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._usual = setup.usual_settings or setup.chat_settings
        self._personas = setup.personas_folder or Path("personas")
        self._chats_screen: ChatsScreen | None = None
        self._turning = asyncio.Lock()

    @property
    def open_chat(self) -> Chat | None:
        """The chat on the chat screen."""
        raise NotImplementedError

    def put_chat(self, chat: Chat, message_id: str = "") -> None:
        """Open a chat on the chat screen, at a message in it, without going there."""
        raise NotImplementedError

    async def turn_to(self, screen: str) -> bool:
        """Go to a screen, and wait until all of it is there; False when the app ends instead."""
        # One at a time: to go to a screen that is being built is over at once, before it is built.
        async with self._turning:
            if self.is_running:
                await self.switch_screen(screen)
            return self.is_running

    async def show_chat(self, chat: Chat, message_id: str = "") -> None:
        """Go to a chat, and to a message in it."""
        if await self.turn_to("chat"):
            self.put_chat(chat, message_id)

    async def action_show_chats(self, text: str = "") -> None:
        """Go to the list of chats, and search them for a text."""
        if self.keeper is None:
            toasts.tell(self, "Chats are not kept in this session.", "warning")
            return
        if self._chats_screen is None:
            self._chats_screen = ChatsScreen(self.keeper, self._go_to)
            self.install_screen(self._chats_screen, "chats")
        chat = self.open_chat
        self._chats_screen.browser.open_id = chat.record.id if chat else None
        if self.screen is not self._chats_screen:
            await self.turn_to("chats")
        if text:
            self._chats_screen.search_for(text)

    async def _go_to(self, place: Place) -> None:
        """Go to the chat that was chosen, at the message that was found."""
        try:
            chat = await self.chats.open(place.chat_id)
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error")
            return
        await self.show_chat(chat, place.message_id or "")

    async def on_chats_screen_left(self) -> None:
        """Go back to the open chat, or to the models where there is none."""
        await self.turn_to("chat" if self.open_chat else "models")

    async def on_chat_browser_altered(self, event: ChatBrowser.Altered) -> None:
        """Let a chat that is open know what was changed in the list."""
        chat = self.chats.find(event.record.id)
        if chat is None:
            return
        chat.take(event.record)
        if event.record.deleted_seconds is not None:
            await chat.stop()
            if chat is self.open_chat:
                self.put_chat(await self.chats.new())

    async def action_settings(self) -> None:
        """Change how this chat is answered."""
        chat = self.open_chat
        if chat is not None:
            self._do(await chat_dialogs.change_settings(self, chat, self._usual, self._personas))

    async def action_rename(self, title: str = "") -> None:
        """Give the open chat a title, or ask for one."""
        if self.open_chat is not None:
            self._do(await chat_dialogs.rename(self, self.open_chat, title))

    async def action_word(self, word: str, argument: str = "") -> None:
        """Do what a slash word means for the open chat."""
        chat = self.open_chat
        if chat is None:
            toasts.tell(self, "There is no chat yet.", "warning")
        elif word == "export" and not argument and chat.path:
            self._do(await exporting.ask(self, WholeChat(chat.record, chat.tree)))
        else:
            subject = Subject(chat, self._usual, self._personas)
            self._do(chat_words.say(word, subject, argument))

    def _do(self, work: Awaitable[str | None]) -> None:
        """Do something that may take its time, and say what came of it."""
        self.run_worker(self._tell(work), group="deed")

    async def _tell(self, work: Awaitable[str | None]) -> None:
        try:
            said = await work
        except errors.LocalchatError as error:
            toasts.warn(self, error)
        else:
            if said:
                toasts.tell(self, said)
