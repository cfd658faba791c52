"""Chats with a scripted engine: how they begin, what they say, and what is kept of them."""

from pathlib import Path

from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.messages import Message
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from tests.chat import ears
from tests.conftest import MakeEngine


async def chat_with(
    fake_engine: MakeEngine,
    keeper: Keeper | None = None,
    settings: ChatSettings | None = None,
    **script: object,
) -> Chat:
    """Begin a chat with a fake worker."""
    engine = await ears.loaded(fake_engine(**script))
    return await Chats(engine, keeper, settings).new()


def stored(chats_file: Path, chat_id: str) -> tuple[Message, ...]:
    """Read the branch of a chat that is shown, as another program would."""
    store = Store.open(chats_file, read_only=True)
    try:
        return store.tree(chat_id).path()
    finally:
        store.close()


def texts(chat: Chat) -> list[str]:
    """What is said on the branch that is shown."""
    return [message.text for message in chat.path]
