"""What is typed while the chat that it is meant for is on its way. Knows no widgets."""

import time
from typing import Final

_PAUSE_SECONDS: Final = 1.5
"""Whoever waits longer before the next key is looking at the list again, and means its keys."""


class TypeAhead:
    """Keeps the letters of somebody who types on, until they are taken."""

    def __init__(self) -> None:
        self._text = ""
        self._heard_at: float | None = None
        """When the last key came; None while nobody is waited for."""

    def begin(self) -> None:
        """Listen from now on."""
        self._text, self._heard_at = "", time.monotonic()

    def hear(self, key: str, character: str | None) -> bool:
        """Take a key if it belongs to the text; says whether it does."""
        if self._heard_at is None or time.monotonic() - self._heard_at > _PAUSE_SECONDS:
            self._heard_at = None
            return False
        if key == "backspace":
            self._text = self._text[:-1]
        elif character is not None and character.isprintable():
            self._text += character
        else:
            return False
        self._heard_at = time.monotonic()
        return True

    def take(self) -> str:
        """Give what was typed, and listen no longer."""
        text, self._text, self._heard_at = self._text, "", None
        return text
