"""When to try again, and when to give up: patience that grows with what was achieved.

A download that never got a byte is given up soon, as somebody waits for an answer; one that was
under way is kept up for minutes, as a laptop changes its network. Waits double, with a random part
so that many clients do not come back together.
"""

import random
import time

from localchat import errors
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.meter import Meter
from localchat.library.values import Phase

_JITTER = 0.25
_LEAST_SECONDS = 0.5


class Patience:
    """Decides after each failed try of one file."""

    def __init__(self, manners: Manners, meter: Meter, control: Control) -> None:
        self._manners = manners
        self._meter = meter
        self._control = control
        self.has_received = False
        """Whether enough came to believe in this download."""
        self._alone_since = time.monotonic()
        self._tried_at = self._alone_since
        self._failures = 0
        self._announced = 0
        self._told: errors.LocalchatError | None = None
        """What was last wrong, other than that a try was cut short."""

    def begin(self) -> float:
        """A try begins; return how many seconds it may take until bytes flow."""
        self._tried_at = time.monotonic()
        patience = self._manners.start_patience_seconds
        if self.has_received:
            return patience
        return max(patience - (self._tried_at - self._alone_since), _LEAST_SECONDS)

    def reward(self) -> None:
        """Bytes came: begin to count anew."""
        self.has_received = True
        self._alone_since = time.monotonic()
        self._failures = self._announced = 0
        self._told = None

    def wait(self, error: errors.LocalchatError, *, is_cut: bool = False) -> None:
        """Wait before the next try, saying what for. Raises `error` when there shall be none.

        `is_cut`: we ended the try ourselves, as `begin` said. Where an earlier one was told what
        is wrong, that is raised instead. Also raises control.Stopped.
        """
        if not is_cut:
            self._told = error
        seconds = self._announced_seconds(error)
        if seconds is None:
            seconds = self._own_seconds(error)
        self._meter.enter(Phase.RETRYING, error.message, seconds)
        self._control.wait(seconds)

    def _announced_seconds(self, error: errors.LocalchatError) -> float | None:
        if not isinstance(error, errors.RateLimited) or error.wait_seconds is None:
            return None
        self._announced += 1
        is_long = error.wait_seconds > self._manners.announced_wait_seconds
        if is_long or self._announced > self._manners.announced_waits:
            raise error
        # The wait that was asked for is not held against our own patience.
        self._alone_since += error.wait_seconds
        return error.wait_seconds

    def _own_seconds(self, error: errors.LocalchatError) -> float:
        manners, now = self._manners, time.monotonic()
        doubled = manners.first_wait_seconds * float(2**self._failures)
        seconds = min(doubled, manners.longest_wait_seconds)
        seconds *= 1 + random.uniform(-_JITTER, _JITTER)
        self._failures += 1
        patience = manners.start_patience_seconds
        if self.has_received:
            patience = manners.patience_seconds
        # The next try may take as long as this one did.
        if now - self._alone_since + seconds + (now - self._tried_at) > patience:
            raise self._told or error
        return seconds
