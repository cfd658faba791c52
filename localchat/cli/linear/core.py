"""The chat behind linear mode: what happens in the event loop, told through the speaker."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localchat import paths, sanitize
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.chat.records import ChatRecord, Hit
from localchat.chat.settings import ChatSettings
from localchat.chat.store.keeper import Keeper
from localchat.cli.linear import models
from localchat.cli.linear.hearing import Hearing
from localchat.cli.linear.models import Offered
from localchat.cli.linear.speaker import MODEL, YOU, Speaker
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui import chat_words
from localchat.ui.chat_words import Subject

_MOST_CHATS: Final = 20
_MOST_HITS: Final = 20


@dataclass(frozen=True, slots=True)
class Wants:
    """What the command line and the settings ask for."""

    params: wire.EngineParams
    settings: ChatSettings
    """Of new chats."""
    usual: ChatSettings
    """The same without a persona."""
    path: Path | None = None
    """The model to open without asking."""
    force: bool = False
    continues: bool = False
    """Go on with the chat that was used last."""
    keep_alive_seconds: float = 0.0


class Core:
    """One chat at a time with one model; every method runs in the event loop."""

    def __init__(self, engine: EngineClient, wants: Wants, speaker: Speaker) -> None:
        self._engine = engine
        self._wants = wants
        self._speaker = speaker
        places = paths.paths()
        self._keeper = Keeper(places.chats_file)
        self._chats = Chats(engine, self._keeper, wants.settings, places.hashes_file)
        self._chats.unload_when_idle = wants.keep_alive_seconds
        self._chat: Chat | None = None
        self.files: list[Part] = []
        """Attached to the next message."""

    @property
    def chat(self) -> Chat:
        """The chat that is spoken of."""
        assert self._chat is not None
        return self._chat

    async def begin(self) -> None:
        """Open the chat to go on with, or a new one. Raises StoreError."""
        self._speaker.say(*await self._keeper.notices())
        last = await self._chats.last() if self._wants.continues else None
        if last is None:
            self._chat = await self._chats.new()
        else:
            self._open(last)

    async def close(self) -> None:
        """Keep everything, and end the engine."""
        await self._chats.close()
        await self._keeper.close()
        await self._engine.close()

    async def offered(self) -> tuple[Offered, ...]:
        """List the models of this disk. Raises EngineError."""
        return await models.offered(self._engine, self._wants.params)

    async def load(self, path: Path) -> None:
        """Load a model. Raises DoesNotFit, EngineError or Cancelled."""
        await models.load(
            self._engine, path, self._wants.params, self._speaker, force=self._wants.force
        )
        self._chats.touch()

    async def stop(self) -> None:
        """Stop what the model does; what was said stays."""
        if self._chat is not None and self._chat.answering_id is not None:
            await self._chat.stop()
        else:
            await self._engine.cancel()

    async def send(self, text: str) -> None:
        """Send a message with what is attached to it, and tell the answer. Raises as Chat does."""
        draft = Draft(text, tuple(self.files))
        await self._hear(self.chat.send(draft))
        self.files.clear()

    async def word(self, word: str, argument: str) -> None:
        """Do what a word about this chat means. Raises LocalchatError."""
        subject = Subject(self.chat, self._wants.usual, paths.paths().personas)
        work = chat_words.say(word, subject, argument)
        if word in chat_words.ANSWERED:
            await self._hear(work)
        else:
            self._speaker.block(await work)

    async def new(self) -> None:
        """Begin a chat; the one before is kept."""
        self._chat = await self._chats.new()
        self._speaker.say("This is a new chat; the one before is kept.")

    async def records(self) -> tuple[ChatRecord, ...]:
        """List the newest chats. Raises StoreError."""
        return (await self._keeper.do(lambda store: store.chats()))[:_MOST_CHATS]

    async def search(self, text: str) -> tuple[Hit, ...]:
        """Search all chats. Raises StoreError."""
        return await self._keeper.do(lambda store: store.search(text, _MOST_HITS))

    async def open(self, chat_id: str) -> None:
        """Go on with a chat. Raises StoreError."""
        self._open(await self._chats.open(chat_id))

    def _open(self, chat: Chat) -> None:
        self._chat = chat
        title = sanitize.line(chat.record.title, 80) or "a chat without a title"
        number = len(chat.path)
        self._speaker.say(f"Going on with {title}, {number} message{'s' * (number != 1)}.")
        marks: Mapping[str, str] = {"user": YOU, "assistant": MODEL}
        for message in chat.path[-2:]:
            self._speaker.block(f"{marks.get(message.role, '')}{message.text}")

    async def _hear(self, work: Coroutine[Any, Any, object]) -> None:
        """Begin an answer, and tell it until it is over."""
        hearing = Hearing(self.chat, self._speaker)
        unlisten = self.chat.listen(hearing.hear)
        try:
            await work
            await hearing.over.wait()
            # What follows an end at once belongs to it.
            await asyncio.sleep(0)
        finally:
            unlisten()
