"""A program that keeps chats as the app does, to be killed or to run beside another one.

    python -m tests.chat.keeping_program stream FILE SEED
    python -m tests.chat.keeping_program turns FILE NAME COUNT
    python -m tests.chat.keeping_program migrate FILE GOAL STATEMENT

`stream` answers for ever, and tells on stdout what was said and when, one JSON list a line;
`turns` makes a number of turns; `migrate` brings an old database to this version, and is killed by
itself before a statement of the step to the version GOAL (0: never). The text of an answer follows
from its id, so a reader can tell what is missing and what is there twice.
"""

import asyncio
import dataclasses
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localchat.chat import messages, records
from localchat.chat.messages import Message, ModelMark, Part
from localchat.chat.records import ChatRecord
from localchat.chat.store import migrations
from localchat.chat.store.database import Database
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.scribe import Scribe

_TOKEN_SECONDS = 0.02
_REASONING_TOKENS = 12


def token(answer_id: str, number: int) -> str:
    """Give one piece of an answer, which is in no other one."""
    return f"{answer_id[:6]}.{number} 字"


def text(answer_id: str, start: int, end: int) -> str:
    """Give what an answer says from one piece to another."""
    return "".join(token(answer_id, number) for number in range(start, end))


def tell(*what: Any) -> None:
    """Write a line at once, so that a kill cannot take it back."""
    os.write(1, (json.dumps(what) + "\n").encode())


async def stream(file: Path, seed: int) -> None:
    """Answer for ever: new turns, and now and then an answer that goes on."""
    chance = random.Random(seed)
    keeper = Keeper(file)
    tell("ready", time.monotonic())
    await keeper.do(lambda store: store.chats())
    tell("open", time.monotonic())
    record = records.new(title=f"Chat {seed}")
    before: Message | None = None
    while True:
        user, answer = _turn(record, None if before is None else before.id)
        await _begin(keeper, record, user, answer)
        tell("asked", user.id, user.text, answer.id)
        said = await _say(keeper, answer, 0, chance.randrange(1, 120))
        before = await _finish(keeper, answer, said)
        tell("finished", answer.id, said)
        if chance.random() < 0.3:
            await _resume(keeper, answer.id)
            said = await _say(keeper, answer, said, said + chance.randrange(1, 60))
            before = await _finish(keeper, answer, said)
            tell("finished", answer.id, said)


async def turns(file: Path, name: str, count: int) -> None:
    """Make turns as fast as they can be kept, in several chats."""
    keeper = Keeper(file)
    for number in range(count):
        if number % 50 == 0:
            record, before = records.new(title=f"{name} {number}"), None
        user, answer = _turn(record, before)
        await _begin(keeper, record, user, answer)
        scribe = Scribe(keeper, answer.id)
        for piece in range(5):
            scribe.said("answer", token(answer.id, piece))
        await scribe.close()
        await _finish(keeper, answer, 5)
        before = answer.id
        tell("finished", answer.id, 5)
    await keeper.close()


def migrate(file: Path, goal: int, statement: int) -> None:
    """Migrate, and be killed before a statement of a step, counted from 0."""
    database = _Doomed(file, goal, statement)
    tell("open", time.monotonic())
    migrations.migrate(database)
    tell("migrated", time.monotonic())


class _Doomed(Database):
    """A connection that does not live to run a certain statement."""

    def __init__(self, file: Path, goal: int, statement: int) -> None:
        self._first = migrations.STEPS[goal][0] if goal else ""
        self._left = statement
        self._is_counting = False
        super().__init__(file)

    def run(self, sql: str, values: Any = ()) -> Any:
        self._is_counting = self._is_counting or sql == self._first
        if self._is_counting:
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().run(sql, values)


def _turn(record: ChatRecord, parent_id: str | None) -> tuple[Message, Message]:
    user = messages.new(record.id, parent_id, "user", f"Question {messages.new_id()}")
    answer = messages.new(record.id, user.id, "assistant", is_streaming=True)
    return user, dataclasses.replace(answer, model=ModelMark("Scripted", "Q8_0"))


async def _begin(keeper: Keeper, record: ChatRecord, *turn: Message) -> None:
    await keeper.do(lambda store: store.begin(*turn, chat=record))


async def _resume(keeper: Keeper, answer_id: str) -> None:
    await keeper.do(lambda store: store.resume(answer_id))


async def _say(keeper: Keeper, answer: Message, start: int, end: int) -> int:
    scribe = Scribe(keeper, answer.id)
    if start == 0:
        for number in range(_REASONING_TOKENS):
            scribe.said("reasoning", token(answer.id, number))
    for number in range(start, end):
        scribe.said("answer", token(answer.id, number))
        tell("said", answer.id, number + 1, time.monotonic())
        await asyncio.sleep(_TOKEN_SECONDS)
    await scribe.close()
    return end


async def _finish(keeper: Keeper, answer: Message, said: int) -> Message:
    whole = dataclasses.replace(
        answer,
        parts=(Part("text", text(answer.id, 0, said)),),
        reasoning=text(answer.id, 0, _REASONING_TOKENS),
        is_streaming=False,
        ending="stop",
    )
    await keeper.do(lambda store: store.finish(whole))
    return whole


def main(arguments: Sequence[str]) -> None:
    """Run what the first argument names."""
    what, file, *rest = arguments
    if what == "stream":
        asyncio.run(stream(Path(file), int(rest[0])))
    elif what == "turns":
        asyncio.run(turns(Path(file), rest[0], int(rest[1])))
    else:
        migrate(Path(file), int(rest[0]), int(rest[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
