"""The one engine that all chats share: answers take turns at it, and it rests when nobody asks.

Asyncio, one event loop. Knows nothing of conversations.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from localchat import errors
from localchat.chat.marks import Marks
from localchat.chat.messages import ModelMark
from localchat.engine.client import EngineClient


class Desk:
    """The engine, the line before it, and the clock that lets it rest."""

    def __init__(self, engine: EngineClient, hashes_file: Path | None = None) -> None:
        """`hashes_file` remembers the hashes of model files; None forgets them in the end."""
        self.engine = engine
        self.marks = Marks(hashes_file)
        self._line: list[_Place] = []
        self._rest_after_seconds = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    @property
    def rest_after_seconds(self) -> float:
        """Free the model's memory after so many seconds without use; 0 never does."""
        return self._rest_after_seconds

    @rest_after_seconds.setter
    def rest_after_seconds(self, seconds: float) -> None:
        self._rest_after_seconds = seconds
        self.touch()

    @property
    def model(self) -> ModelMark | None:
        """The model that answers, by its name and its file's; None when none was loaded yet."""
        wanted, loaded = self.engine.resident.wanted, self.engine.loaded
        if wanted is None:
            return None
        path = Path(wanted.path)
        return ModelMark(loaded.name if loaded else path.stem, file_name=path.name)

    @property
    def is_resting(self) -> bool:
        """Whether the model was put out of memory, to come back with the next answer."""
        model = self.engine.resident
        return model.loaded is None and model.wanted is not None and not model.is_loading

    @contextlib.asynccontextmanager
    async def turn(self, tell: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait until it is one's turn, which lasts as long as the context.

        First come, first served. `tell` is told how many are before, whenever that changes.
        """
        place = _Place(tell)
        self._line.append(place)
        self._still()
        try:
            self._move_up(place)
            await place.is_first.wait()
            self.marks.pause()
            yield
        finally:
            self._line.remove(place)
            self._move_up()
            if not self._line:
                self.marks.go_on()
                self.touch()

    def touch(self) -> None:
        """Note that somebody is here: the engine's rest is put off."""
        self._still()
        if self._rest_after_seconds > 0 and not self._line and self.engine.loaded is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(self._rest_after_seconds, self._rest)

    async def close(self) -> None:
        """Let nothing happen by itself any more."""
        self._still()
        self.marks.close()
        if self._resting is not None:
            await asyncio.gather(self._resting, return_exceptions=True)

    def _still(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _rest(self) -> None:
        # None is in memory while one is being loaded: that one shall stay.
        if self.engine.loaded is None or self._line:
            return
        self._resting = asyncio.get_running_loop().create_task(self._free())

    async def _free(self) -> None:
        # An engine that died has freed everything.
        with contextlib.suppress(errors.EngineError):
            await self.engine.unload(until_needed=True)

    def _move_up(self, newcomer: "_Place | None" = None) -> None:
        for ahead, place in enumerate(self._line):
            if ahead == 0:
                place.is_first.set()
            elif newcomer in (None, place):
                place.tell(ahead)


class _Place:
    """A place in the line."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell = tell
        self.is_first = asyncio.Event()
