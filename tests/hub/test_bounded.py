"""Work that hangs is left behind in time, and what comes of it later is not leaked."""

import threading
import time

import pytest

from localchat.hub import bounded
from localchat.hub.bounded import Watchdog

_PATIENCE_SECONDS = 60.0


def test_what_is_done_in_time_is_returned() -> None:
    """Nothing is discarded, and an error of the work is its caller's."""
    discarded: list[int] = []
    assert 3 == bounded.within(_PATIENCE_SECONDS, lambda: 3, discarded.append)
    with pytest.raises(ZeroDivisionError):
        bounded.within(_PATIENCE_SECONDS, lambda: 1 // 0, discarded.append)
    assert [] == discarded


def test_what_hangs_is_left_behind_and_its_result_discarded() -> None:
    """A resolver that does not answer costs the time that was given, and no connection leaks."""
    gate, gone = threading.Event(), threading.Event()

    def hang() -> int:
        gate.wait()
        return 7

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        bounded.within(0.2, hang, lambda result: gone.set() if result == 7 else None)
    assert 0.2 <= time.monotonic() - began
    gate.set()
    assert gone.wait(_PATIENCE_SECONDS)


def test_the_user_is_heard_meanwhile() -> None:
    """What `check` raises ends the waiting at once."""

    class Enough(Exception):
        pass

    def check() -> None:
        raise Enough

    gate = threading.Event()
    # TimeoutError otherwise.
    with pytest.raises(Enough):
        bounded.within(_PATIENCE_SECONDS, lambda: gate.wait(), lambda _: None, check)
    gate.set()


def test_a_watchdog_bites_into_silence_only() -> None:
    """Where something flows it waits on; where it was calmed it never bites."""
    bitten = threading.Event()
    with Watchdog(0.2, bitten.set) as silent:
        assert bitten.wait(_PATIENCE_SECONDS)
        assert silent.has_bitten
    late = threading.Event()
    with Watchdog(0.2, late.set) as flowing:
        for _ in range(8):
            flowing.hear()
            time.sleep(0.05)
        assert not late.is_set()
    time.sleep(0.3)
    assert not flowing.has_bitten
