"""Writes a chat into a file that the reader names, and says where it is."""

from pathlib import Path

from textual.app import App

from localchat import errors, sanitize
from localchat.chat.exchange import writing
from localchat.chat.exchange.values import WholeChat
from localchat.ui.screens.ask import AskScreen

_WORDS = "The end of the name says the format: .md, .html, or .json with every version in it."


async def ask(app: App[None], chat: WholeChat) -> None:
    """Ask for a name until a file could be written, or the reader goes back.

    From a worker: it waits for the reader.
    """
    name, words = str(Path("~") / writing.suggested_name(chat.record.title, "md")), _WORDS
    while True:
        given = await app.push_screen_wait(AskScreen("Export the chat to", name, words, "write"))
        if not given:
            return
        try:
            write(app, chat, given)
        except errors.LocalchatError as error:
            name, words = given, f"{error.message} {error.hint}"
        else:
            return


def write(app: App[None], chat: WholeChat, name: str) -> None:
    """Write a chat into a new file and say so. Raises UsageError or ChatsUnwritten."""
    file = Path(name).expanduser()
    text = writing.render([chat], writing.format_of(file))
    written = writing.save(file, text)
    app.notify(sanitize.line(f"Written to {written}", 200), markup=False)
