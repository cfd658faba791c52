"""Work that may take only so long, whatever it hangs in.

Finding a name, trying address after address and shaking hands have no common time limit of their
own, and some of it cannot be interrupted. So it is done in a thread that is left behind.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self, TypeVar

Result = TypeVar("Result")

_LOOK_SECONDS = 0.1
_FLOWING_SECONDS = 1.5


def within(
    seconds: float,
    work: Callable[[], Result],
    discard: Callable[[Result], None],
    check: Callable[[], None] = lambda: None,
) -> Result:
    """Return what `work` returns; what comes too late is given to `discard` instead.

    `check` is called several times a second meanwhile, and may raise to give up. Raises
    TimeoutError after `seconds`, and whatever `work` and `check` raise.
    """
    outcome: Future[Result] = Future()
    lock = threading.Lock()
    is_given_up = False

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            # Raised again where somebody waits for it.
            outcome.set_exception(error)
            return
        with lock:
            if not is_given_up:
                outcome.set_result(result)
                return
        discard(result)

    threading.Thread(target=run, name="hub-request", daemon=True).start()
    is_taken = False
    try:
        result = _awaited(outcome, time.monotonic() + seconds, check)
        is_taken = True
        return result
    finally:
        with lock:
            is_given_up = True
        if not is_taken and outcome.done() and outcome.exception() is None:
            discard(outcome.result())


def _awaited(outcome: "Future[Result]", deadline: float, check: Callable[[], None]) -> Result:
    while True:
        left = deadline - time.monotonic()
        try:
            return outcome.result(max(0.0, min(left, _LOOK_SECONDS)))
        except TimeoutError:
            if outcome.done() or left <= 0:
                raise
        check()


class Watchdog:
    """Calls `bite` once, from a thread, when its time is over and nothing flows.

    As long as it hears something it waits on; `calm` ends it for good.
    """

    def __init__(self, seconds: float, bite: Callable[[], None]) -> None:
        self.has_bitten = False
        self._bite = bite
        self._heard_at = float("-inf")
        self._is_calm = threading.Event()
        self._seconds = seconds

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, name="hub-watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.calm()

    def hear(self) -> None:
        """Something came."""
        self._heard_at = time.monotonic()

    def calm(self) -> None:
        """Everything is well from now on."""
        self._is_calm.set()

    def _run(self) -> None:
        seconds = self._seconds
        while not self._is_calm.wait(seconds):
            if time.monotonic() - self._heard_at >= _FLOWING_SECONDS:
                self.has_bitten = True
                self._bite()
                return
            seconds = _FLOWING_SECONDS
