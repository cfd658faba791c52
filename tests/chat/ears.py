"""Listens to a chat in a test, and waits for what it says."""

import asyncio
import json
from pathlib import Path
from typing import Any, TypeVar

from localchat.chat.chat import Chat
from localchat.chat.drafts import Draft
from localchat.chat.events import ChatEvent, Ended, Said
from localchat.chat.messages import Message
from localchat.engine.client import EngineClient

Event = TypeVar("Event")
_SECONDS = 90.0


class Ear:
    """Everything that a chat has told since."""

    def __init__(self, chat: Chat) -> None:
        self.heard: list[ChatEvent] = []
        self._taken = 0
        self._news = asyncio.Event()
        chat.listen(self._hear)

    def all(self, kind: type[Event]) -> list[Event]:
        """Every event of a kind so far."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def next(self, kind: type[Event]) -> Event:
        """Wait for the next event of a kind that was not waited for yet."""
        async with asyncio.timeout(_SECONDS):
            while True:
                for place in range(self._taken, len(self.heard)):
                    event = self.heard[place]
                    if isinstance(event, kind):
                        self._taken = place + 1
                        return event
                self._taken = len(self.heard)
                self._news.clear()
                await self._news.wait()

    async def ended(self) -> Message:
        """Wait for the end of an answer."""
        return (await self.next(Ended)).message

    async def first_word(self) -> Said:
        """Wait until something is said."""
        return await self.next(Said)

    def _hear(self, event: ChatEvent) -> None:
        self.heard.append(event)
        self._news.set()


async def tell(chat: Chat, text: str) -> Message:
    """Send a message and wait for the answer to it."""
    ear = Ear(chat)
    await chat.send(Draft(text))
    return await ear.ended()


async def loaded(engine: EngineClient) -> EngineClient:
    """Load whatever the fake worker takes for a model."""
    await engine.load("model.gguf")
    return engine


def commands(log: Path, tag: str) -> list[dict[str, Any]]:
    """The commands of one kind that the fake worker got."""
    lines = map(json.loads, log.read_text().splitlines())
    return [command for command in lines if command["tag"] == tag]


def said(command: dict[str, Any]) -> list[tuple[str, str]]:
    """The messages of a command, each with its role."""
    return [(message["role"], message["text"]) for message in command["messages"]]
