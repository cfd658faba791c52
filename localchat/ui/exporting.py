"""Writes a chat into a file that the reader names, and says where it is."""

from collections.abc import Awaitable
from pathlib import Path

from textual.app import App

from localchat import errors
from localchat.chat.exchange import writing
from localchat.chat.exchange.values import WholeChat
from localchat.ui import asking, toasts
from localchat.ui.screens.ask import AskScreen

_WORDS = "The end of the name says the format: .md, .html, or .json with every version in it."


async def ask(app: App[None], chat: WholeChat) -> Awaitable[None]:
    """Ask for a name until a file could be written, or the reader goes back.

    From an action: the question is on the screen then. The rest is for a worker.
    """
    name = str(Path("~") / writing.suggested_name(chat.record.title, "md"))
    return _take(app, chat, await asking.put(app, _question(name, _WORDS)))


async def _take(app: App[None], chat: WholeChat, written: Awaitable[str | None]) -> None:
    name = await written
    while name:
        try:
            write(app, chat, name)
        except errors.LocalchatError as error:
            again = _question(name, f"{error.message} {error.hint}")
            name = await app.push_screen_wait(again)
        else:
            return


def _question(name: str, words: str) -> AskScreen:
    return AskScreen("Export the chat to", name, words, "write")


def write(app: App[None], chat: WholeChat, name: str) -> None:
    """Write a chat into a new file and say so. Raises UsageError or ChatsUnwritten."""
    file = Path(name).expanduser()
    text = writing.render([chat], writing.format_of(file))
    written = writing.save(file, text)
    toasts.tell(app, f"Written to {written}")
