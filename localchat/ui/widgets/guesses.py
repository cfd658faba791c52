"""What the word at the cursor could mean: files after an @, commands after a slash."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

from textual.worker import Worker

from localchat import sanitize
from localchat.ui import commands, mention
from localchat.ui.commands.command import Command
from localchat.ui.file_finder import FileFinder
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.suggestions import Suggestion, Suggestions

_COMMAND = re.compile(r"/([a-z?-]*)", re.IGNORECASE)


class Guesses:
    """Keeps the list below the prompt in step with the text, and puts in what is taken of it."""

    def __init__(
        self,
        area: PromptArea,
        shown: Suggestions,
        finder: FileFinder,
        *,
        attach: Callable[[str], object],
        send: Callable[[], object],
    ) -> None:
        """`attach` gets the path of a file that is taken, `send` sends a command."""
        self._finder = finder
        self._area = area
        self._shown = shown
        self._attach = attach
        self._send = send
        self._looking: Worker[None] | None = None
        self._sought: mention.Mention | None = None
        """What is being looked for, or was."""
        self._key = ""
        """Enter or Tab, pressed before there was anything to take."""
        self._left: tuple[str, int] | None = None
        """Where the list was closed by the reader, until something else is begun."""

    def look(self) -> None:
        """See what is at the cursor, and show what it could mean."""
        found = self._mention()
        place = self._place(found)
        if place is None or place == self._left:
            self._left = self._left if place is not None else None
            self._close()
        elif found is None:
            self._shown.show(_commands(self._area.text), self._area.text)
        elif self._sought != found:
            self._sought, self._key = found, ""
            look = functools.partial(self._find, found)
            self._looking = self._shown.run_worker(look, group="files", exclusive=True)

    def take_key(self, key: str) -> bool:
        """Move in the list, take from it or leave it; say whether the key was for it."""
        if key in ("enter", "tab") and self._is_awaited():
            self._key = key
            return True
        if not self._is_current():
            return False
        if key in ("up", "down"):
            self._shown.move(-1 if key == "up" else 1)
        elif key in ("enter", "tab") and self._shown.chosen is not None:
            self.take(self._shown.chosen, only_complete=key == "tab")
        elif key == "escape":
            self._left = self._place(self._mention())
            self._close()
        else:
            return False
        return True

    def take(self, suggestion: Suggestion, *, only_complete: bool = False) -> None:
        """Put in what was meant; a file goes beside the message, a command is given."""
        found = self._mention()
        if found is None:
            goes_on = suggestion.is_open or only_complete
            self._area.show_text(f"/{suggestion.value}{' ' * goes_on}")
            if not goes_on:
                self._close()
                self._send()
        elif suggestion.is_open or (only_complete and found.query != suggestion.value):
            self._put(found, mention.written(suggestion.value))
        else:
            # A name is worth its place within a sentence only.
            name = sanitize.line(Path(suggestion.value).name)
            alone = self._area.text.strip() == self._line()[found.begin : found.end]
            self._put(found, "" if alone else f"{name} ")
            self._close()
            self._attach(suggestion.value)

    async def _find(self, found: mention.Mention) -> None:
        while True:
            rows, is_done = await self._finder.find(found.query)
            if found != self._mention():
                return
            self._shown.show(rows, found)
            if self._key and (rows or is_done):
                self._obey_key()
                return
            if is_done:
                return
            await self._finder.wait()

    def _obey_key(self) -> None:
        """Do what a key asked for that came before the list."""
        key, self._key = self._key, ""
        if self._shown.chosen is not None:
            self.take(self._shown.chosen, only_complete=key == "tab")
        elif key == "enter":
            self._send()

    def _is_awaited(self) -> bool:
        """Whether files are being looked for, and none is known yet; fast fingers are ahead."""
        self.look()
        found = self._mention()
        return found is not None and found == self._sought and found != self._shown.subject

    def _is_current(self) -> bool:
        """Whether the list is about what is written now, not about what was a moment ago."""
        if not self._shown.is_open:
            return False
        found = self._mention()
        return self._shown.subject == (self._area.text if found is None else found)

    def _mention(self) -> mention.Mention | None:
        line, column = self._area.cursor_location
        del line
        return mention.at(self._line(), column)

    def _place(self, found: mention.Mention | None) -> tuple[str, int] | None:
        if found is not None:
            return "@", self._area.cursor_location[0] * 1_000_000 + found.begin
        return ("/", 0) if _COMMAND.fullmatch(self._area.text) else None

    def _line(self) -> str:
        return self._area.document.get_line(self._area.cursor_location[0])

    def _put(self, found: mention.Mention, text: str) -> None:
        row = self._area.cursor_location[0]
        self._area.replace(text, (row, found.begin), (row, found.end))
        self._area.move_cursor((row, found.begin + len(text)))

    def _close(self) -> None:
        if self._shown.is_open:
            self._shown.close()
        if self._looking is not None:
            self._looking.cancel()
        self._sought, self._key = None, ""
        self._finder.close()


def _commands(text: str) -> tuple[Suggestion, ...]:
    """Find the commands with a word that begins so; a command is shown once."""
    match = _COMMAND.fullmatch(text)
    typed = match[1].lower() if match is not None else ""
    rows = []
    for command in commands.COMMANDS:
        word = next((word for word in command.words if word.startswith(typed)), None)
        if word is not None:
            rows.append(_row(word, command, len(typed)))
    return tuple(rows)


def _row(word: str, command: Command, typed: int) -> Suggestion:
    return Suggestion(
        value=word,
        label=f"/{word}{' ' * bool(command.argument)}{command.argument}",
        detail=command.help,
        marked=tuple(range(1, typed + 1)),
        is_open=command.must_have_argument,
    )
