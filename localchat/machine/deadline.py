"""Ask something that may take too long, and go on without it."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def within(seconds: float, ask: Callable[[], _T], otherwise: _T) -> _T:
    """Return what `ask` answers within `seconds`, or `otherwise`.

    A library call cannot be interrupted: one that is late ends by itself, in a thread that does
    not keep the program from ending. `ask` must not raise.
    """
    answers: list[_T] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else otherwise
