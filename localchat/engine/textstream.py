"""From token bytes to text that may be shown: whole characters, and nothing of a stop string.

Pure; knows nothing of tokens or models.
"""

import codecs
from collections.abc import Sequence


class TextStream:
    """Decodes UTF-8 that arrives in pieces and ends at the first stop string.

    A character split over tokens comes out when it is complete; bytes that are no UTF-8 come out
    as U+FFFD. Text that may be the beginning of a stop string is held back until it is clear.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False
        """A stop string came; everything after it is dropped."""

    def feed(self, piece: bytes) -> str:
        """Take the bytes of one token and return the text that is now certain."""
        return self._release(self._decoder.decode(piece))

    def drop_partial(self) -> None:
        """Forget the beginning of a character that will not be completed."""
        self._decoder.reset()

    def close(self) -> str:
        """Return what is left: a half character as U+FFFD, a begun stop string as it is."""
        rest = self._release(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        return rest if self.stopped else rest + held

    def _release(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            certain, self._held = self._held[: min(found)], ""
            return certain
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        certain, self._held = self._held[:cut], self._held[cut:]
        return certain


def _overlap(text: str, stop: str) -> int:
    """Return how many of the last characters of `text` begin `stop`.

    >>> _overlap("a <|im", "<|im_end|>")
    4
    """
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if stop.startswith(text[-n:])), 0)
