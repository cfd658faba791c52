"""Whatever is done to a chat, in whatever order: what is shown is what is kept."""

import dataclasses
import random
from collections.abc import Mapping

import pytest

from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Failed
from localchat.chat.messages import Message
from localchat.chat.store.keeper import Keeper
from localchat.chat.tree import Tree
from tests.chat import ears
from tests.chat.ears import Ear
from tests.conftest import MakeEngine

STEPS = 40


class Hand:
    """Somebody who does one thing after another to a chat."""

    def __init__(self, chat: Chat, chance: random.Random) -> None:
        self._chat = chat
        self._chance = chance
        self._ear = Ear(chat)

    async def move(self) -> str:
        """Do something; gives its name."""
        deeds = [self.send, self.send, self.stop]
        if self._chat.tree.messages:
            deeds += [self.edit, self.regenerate, self.go_on, self.choose, self.delete, self.undo]
        deed = self._chance.choice(deeds)
        await deed()
        return deed.__name__

    async def send(self) -> None:
        """Say something and hear the answer."""
        await self._chat.send(Draft(f"Question {self._chance.random()}"))
        await self._ear.ended()

    async def stop(self) -> None:
        """Say something and stop the answer at once."""
        await self._chat.send(Draft(f"Stopped {self._chance.random()}"))
        await self._chat.stop()
        await self._ear.ended()

    async def edit(self) -> None:
        """Write a message anew."""
        message = self._any()
        await self._chat.edit(message.id, f"Edited {self._chance.random()}")
        if message.role == "user":
            await self._ear.ended()

    async def regenerate(self) -> None:
        """Ask for another answer."""
        message = self._any()
        if message.role == "user" or message.parent_id is not None:
            await self._chat.regenerate(message.id)
            await self._ear.ended()

    async def go_on(self) -> None:
        """Let an answer go on."""
        message = self._any()
        if message.role == "assistant":
            await self._chat.continue_answer(message.id)
            await self._ear.ended()

    async def choose(self) -> None:
        """Look at a version."""
        await self._chat.choose(self._any().id)

    async def delete(self) -> None:
        """Take a message out."""
        await self._chat.delete(self._any().id)

    async def undo(self) -> None:
        """Put the last one back."""
        await self._chat.undo_delete()

    def _any(self) -> Message:
        return self._chance.choice(tuple(self._chat.tree.messages.values()))


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_shown_is_what_is_kept(
    fake_engine: MakeEngine, keeper: Keeper, seed: int
) -> None:
    """After every step the store has the same messages in the same tree, and shows the same."""
    answers = [f"<think>Hm {number}.</think>Answer {number}." for number in range(200)]
    chats = Chats(await ears.loaded(fake_engine(answers=answers)), keeper)
    chat = await chats.new()
    hand, ear = Hand(chat, random.Random(seed)), Ear(chat)
    done: list[str] = []
    for _ in range(STEPS):
        done.append(await hand.move())
        assert [] == ear.all(Failed)
        if chat.record.messages:
            kept = await keeper.do(lambda store: store.tree(chat.record.id))
            last = ", ".join(done[-6:])
            assert _hanging(chat.tree) == _hanging(kept), last
            assert chat.path == kept.path(), last
    assert len(set(done)) > 5


def _hanging(tree: Tree) -> Mapping[str, Message]:
    """Every message; those whose parent is gone begin the chat."""
    return {
        message.id: dataclasses.replace(
            message, parent_id=message.parent_id if message.parent_id in tree.messages else None
        )
        for message in tree.messages.values()
    }
