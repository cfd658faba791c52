"""The talk itself: reads what the user writes, and has it done. Runs in the main thread."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from localchat import errors, sanitize
from localchat.cli import chats_search, question
from localchat.cli.linear import extras, models
from localchat.cli.linear.background import Background
from localchat.cli.linear.core import Core
from localchat.cli.linear.reader import LineReader
from localchat.cli.linear.speaker import Speaker
from localchat.ui import commands
from localchat.ui.commands.command import Command

Answer = TypeVar("Answer")

WELCOME: Final = "This is localchat in plain lines. /help tells the commands, /quit leaves."


class Leave(Exception):
    """The user wants to leave."""


class Talk:
    """Asks for lines and answers them until the user leaves."""

    def __init__(
        self, core: Core, reader: LineReader, speaker: Speaker, background: Background
    ) -> None:
        self._core = core
        self._reader = reader
        self._speaker = speaker
        self._background = background
        self._is_leaving = False

    def run(self, path: Path | None) -> None:
        """Talk with the model in `path`, or one that the user chooses.

        Raises KeyboardInterrupt when the user interrupts twice, LocalchatError when no talk can
        begin.
        """
        try:
            self._speaker.say(WELCOME)
            self._do(self._core.begin())
            self._first_model(path)
            while (text := self._next()) is not None:
                self._take(text)
        except Leave:
            return

    def _next(self) -> str | None:
        while True:
            try:
                text = self._reader.message()
            except KeyboardInterrupt:
                if self._is_leaving:
                    raise
                self._is_leaving = True
                self._speaker.block("\nPress Ctrl-C once more to leave, or write on.")
                continue
            self._is_leaving = False
            return text

    def _take(self, text: str) -> None:
        if not text.strip():
            return
        try:
            found = commands.slash(text.strip())
            if found is not None:
                self._obey(*found)
            else:
                self._reader.remember(text)
                self._do(self._core.send(commands.without_escape(text)))
        except errors.LocalchatError as error:
            self._speaker.say(error.message, error.hint)

    def _obey(self, command: Command, argument: str) -> None:
        deeds = self._deeds(argument)
        if command.id in deeds:
            deeds[command.id]()
        elif command.id in WORDS:
            self._do(self._core.word(WORDS[command.id], argument))
        else:
            raise errors.UsageError(f"/{command.words[0]} is for the screens only.")

    def _deeds(self, argument: str) -> Mapping[str, Callable[[], object]]:
        core = self._core
        return {
            "app.help": self._help,
            "app.quit": _leave,
            "chat.new": lambda: self._do(core.new()),
            "chat.models": self._models,
            "chat.chats": self._chats,
            "chat.search": lambda: self._search(argument),
            "chat.copy": lambda: self._do(extras.copy(core.chat, argument, self._speaker)),
            "chat.thoughts": lambda: extras.thoughts(core.chat, self._speaker),
            "chat.stop": lambda: self._speaker.say("Nothing is being answered."),
            "prompt.attach": lambda: core.files.append(
                self._do(extras.attach(argument, self._speaker))
            ),
        }

    def _help(self) -> None:
        mine = {*self._deeds(""), *WORDS}
        lines = [
            f"/{each.words[0]} {each.argument}".rstrip() + f": {each.help}"
            for each in commands.COMMANDS
            if each.id in mine and each.words
        ]
        self._speaker.block("\n".join([*lines, *_HINTS]))

    def _first_model(self, path: Path | None) -> None:
        """Load a model, and ask again as long as the one that was chosen cannot be loaded."""
        if path is None or not self._load(path):
            while not self._models(usual="1"):
                if not self._reader.is_terminal:
                    raise errors.UsageError("No model was chosen.", "Name one with -m MODEL.")

    def _models(self, usual: str = "") -> bool:
        """Let the user choose a model, `usual` with Enter alone; says whether one was loaded."""
        every = self._do(self._core.offered())
        self._speaker.say("Models on this disk:")
        self._speaker.block(models.spoken(every))
        enter = f"Enter for {usual}" if usual else "Enter to keep this one"
        answer = self._ask(f"Number or name of a model, {enter}: ")
        if answer is None:
            raise Leave
        answer = answer or usual
        if not answer:
            return False
        at = _number(answer, every)
        try:
            return self._load(every[at].path if at is not None else question.here(answer))
        except errors.LocalchatError as error:
            self._speaker.say(error.message, error.hint)
            return False

    def _load(self, path: Path) -> bool:
        try:
            self._do(self._core.load(path))
        except errors.LocalchatError as error:
            self._speaker.say(error.message, error.hint)
            return False
        return True

    def _chats(self) -> None:
        every = self._do(self._core.records())
        if not every:
            self._speaker.say("There are no chats yet.")
            return
        for number, record in enumerate(every, 1):
            title = sanitize.line(record.title, 80) or "No title"
            self._speaker.say(f"{number}. {title}, {record.messages:,} messages.")
        self._open([record.id for record in every])

    def _search(self, text: str) -> None:
        hits = self._do(self._core.search(text))
        if not hits:
            self._speaker.say("No chat has that.")
            return
        for number, hit in enumerate(hits, 1):
            who = chats_search.ROLES[hit.role] if hit.role else "title"
            snippet = sanitize.line("".join(piece for piece, _ in hit.snippet), 200)
            self._speaker.say(f"{number}. {sanitize.line(hit.title, 60)}, {who}: {snippet}")
        self._open([hit.chat_id for hit in hits])

    def _open(self, ids: Sequence[str]) -> None:
        answer = self._ask("Number of the chat to open, or nothing: ")
        at = _number(answer or "", ids)
        if at is not None:
            self._do(self._core.open(ids[at]))

    def _ask(self, mark: str) -> str | None:
        try:
            answer = self._reader.line(mark)
        except KeyboardInterrupt:
            self._speaker.block("")
            return ""
        return answer.strip() if answer is not None else None

    def _do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self._background.do(work, self._core.stop)


def _leave() -> None:
    raise Leave


def _number(text: str, every: Sequence[object]) -> int | None:
    """Read the number of something in a list that begins with 1; None for any other text."""
    if text.isdecimal() and 1 <= int(text) <= len(every):
        return int(text) - 1
    return None


WORDS: Final[Mapping[str, str]] = {
    "chat.system": "system",
    "chat.think": "think",
    "chat.effort": "effort",
    "chat.overflow": "overflow",
    "chat.persona": "persona",
    "chat.rename": "rename",
    "chat.export": "export",
    "chat.unload": "unload",
    "chat.continue": "continue",
    "chat.regenerate": "regenerate",
    "chat.edit": "edit",
    "chat.settings": "settings",
}
"""Commands that are words about one chat."""

_HINTS: Final = (
    "Several lines are written between triple quotes.",
    "Ctrl-C stops an answer; what was said is kept. Pressed again it leaves.",
)
