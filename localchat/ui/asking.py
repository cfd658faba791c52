"""Puts a question on the screen so that no key goes astray: the one typed next is its own.

Knows no questions. A worker that pushes a screen lets the keys that come meanwhile go to what was
there before, where a letter may be a command.
"""

import asyncio
from typing import Any, TypeVar

from textual.app import App
from textual.screen import Screen

Answer = TypeVar("Answer")


async def put(app: App[Any], question: Screen[Answer]) -> "asyncio.Future[Answer | None]":
    """Show a question, and give what its answer will be; None when the reader goes back.

    From an action: the app looks at no further key before the action is done. The answer is for
    a worker, as the app must not wait for it.
    """
    answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

    def take(found: Answer | None) -> None:
        if not answer.done():
            answer.set_result(found)

    await app.push_screen(question, take)
    return answer
