"""Asks the reader how a chat is to be answered and what it is called, and does so.

From a worker: these wait for the reader.
"""

from pathlib import Path

from textual.app import App

from localchat.chat.chat import Chat
from localchat.chat.settings import ChatSettings
from localchat.ui.screens.ask import AskScreen
from localchat.ui.screens.chat_settings import ChatSettingsScreen


async def change_settings(app: App[None], chat: Chat, usual: ChatSettings, personas: Path) -> str:
    """Let the reader change how a chat is answered; returns what to tell. Raises StoreError."""
    panel = ChatSettingsScreen(chat.settings, usual, personas, chat.engine.loaded)
    found = await app.push_screen_wait(panel)
    if found is None or found == chat.settings:
        return ""
    await chat.set_settings(found)
    return "It counts from the next answer on."


async def rename(app: App[None], chat: Chat, title: str = "") -> str:
    """Give a chat this title, or the one that the reader writes. Raises StoreError."""
    if not title:
        words = "An empty title brings the automatic one back."
        given = await app.push_screen_wait(AskScreen("Rename the chat", chat.record.title, words))
        if given is None:
            return ""
        title = given
    await chat.rename(title)
    return ""
