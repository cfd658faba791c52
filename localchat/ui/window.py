"""Which part of a long list is on screen as widgets: an interval that moves with the reader.

Pure: keys and numbers. A chat may have thousands of messages; widgets cost milliseconds each.
"""

from collections.abc import Sequence

_FEW = 8
_STEP = 8
_MOST = 120


class Window:
    """An interval of a list of keys, at its end in the beginning."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] = ()
        self._first = 0
        self._last = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """What is in the window."""
        return self._keys[self._first : self._last]

    @property
    def is_at_end(self) -> bool:
        """Whether the last of all is in it."""
        return self._last == len(self._keys)

    def take(self, keys: Sequence[str], *, follows: bool) -> None:
        """Look at another list: at what was in view, as far as it is there; or at its end."""
        ended = self.is_at_end
        was = set(self.keys)
        self._keys = tuple(keys)
        still = [number for number, key in enumerate(self._keys) if key in was]
        if not still or (follows and len(self._keys) - still[0] > _MOST):
            self.to_newest()
            return
        self._first = still[0]
        self._last = len(self._keys) if ended or follows else still[-1] + 1

    def to_newest(self) -> None:
        """Show the end of the list."""
        self._first, self._last = max(0, len(self._keys) - _FEW), len(self._keys)

    def to_oldest(self) -> None:
        """Show its beginning."""
        self._first, self._last = 0, min(_FEW, len(self._keys))

    def to(self, key: str) -> None:
        """Show this one and what is around it, unless it is shown already."""
        if key in self.keys or key not in self._keys:
            return
        middle = self._keys.index(key)
        self._first = max(0, middle - _FEW // 2)
        self._last = min(len(self._keys), self._first + _FEW)

    def grow_up(self) -> bool:
        """Show more of what is above; says whether there was any."""
        if self._first == 0:
            return False
        self._first = max(0, self._first - _STEP)
        self._last = min(self._last, self._first + _MOST)
        return True

    def grow_down(self) -> bool:
        """Show more of what is below; says whether there was any."""
        if self.is_at_end:
            return False
        self._last = min(len(self._keys), self._last + _STEP)
        self._first = max(self._first, self._last - _MOST)
        return True
