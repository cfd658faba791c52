"""What takes too long is not waited for."""

import threading
import time

from localchat.machine import deadline


def test_an_answer_in_time_is_taken() -> None:
    """And nothing else is waited for."""
    assert deadline.within(5, lambda: "here", "nothing") == "here"


def test_a_late_answer_is_done_without() -> None:
    """As when a driver hangs: the program goes on after the time that was given."""
    forever = threading.Event()
    start = time.perf_counter()
    assert deadline.within(0.05, lambda: str(forever.wait(10)), "nothing") == "nothing"
    assert time.perf_counter() - start < 2
    forever.set()
