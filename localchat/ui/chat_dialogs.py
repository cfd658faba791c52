"""Asks the reader how a chat is to be answered and what it is called, and does so.

From an action: the question is on the screen when these return, so that the next key is its own.
What they return waits for the reader, does it, and gives what to tell; it is for a worker.
"""

from collections.abc import Awaitable
from pathlib import Path

from textual.app import App

from localchat.chat.chat import Chat
from localchat.chat.settings import ChatSettings
from localchat.ui import asking
from localchat.ui.screens.ask import AskScreen
from localchat.ui.screens.chat_settings import ChatSettingsScreen


async def change_settings(
    app: App[None], chat: Chat, usual: ChatSettings, personas: Path
) -> Awaitable[str]:
    """Let the reader change how a chat is answered. The rest raises StoreError."""
    panel = ChatSettingsScreen(chat.settings, usual, personas, chat.engine.loaded)
    return _take_settings(chat, await asking.put(app, panel))


async def rename(app: App[None], chat: Chat, title: str = "") -> Awaitable[str]:
    """Give a chat this title, or the one that the reader writes. The rest raises StoreError."""
    if title:
        return _take_title(chat, title)
    words = "An empty title brings the automatic one back."
    question = AskScreen("Rename the chat", chat.record.title, words)
    return _take_written_title(chat, await asking.put(app, question))


async def _take_settings(chat: Chat, chosen: Awaitable[ChatSettings | None]) -> str:
    found = await chosen
    if found is None or found == chat.settings:
        return ""
    await chat.set_settings(found)
    return "It counts from the next answer on."


async def _take_written_title(chat: Chat, written: Awaitable[str | None]) -> str:
    title = await written
    return "" if title is None else await _take_title(chat, title)


async def _take_title(chat: Chat, title: str) -> str:
    await chat.rename(title)
    return ""
