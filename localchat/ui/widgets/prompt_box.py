"""Where the reader writes: a text that grows, the files beside it, and guesses below it.

Knows nothing of chats: what is sent goes to the owner as a `Draft`, a command as `Slash`.
"""

from pathlib import Path
from typing import TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import var
from textual.widgets import TextArea

from localchat import errors, sanitize
from localchat.chat.drafts import Draft
from localchat.ui import commands
from localchat.ui.commands.command import Command
from localchat.ui.file_finder import FileFinder
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.file_tray import FileTray
from localchat.ui.widgets.guesses import Guesses
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_frame import PromptFrame
from localchat.ui.widgets.suggestions import Suggestions


class PromptBox(Vertical):
    """One message being written."""

    busy = var(False)
    """The owner's: an answer is under way, so that what is sent waits for its end."""

    class Submitted(Message):
        """The reader sends a message that is not blank; the box is empty again."""

        def __init__(self, draft: Draft) -> None:
            super().__init__()
            self.draft = draft

        @property
        def text(self) -> str:
            """What was written, without files."""
            return self.draft.text

    class Slash(Message):
        """The reader gives a command; the text is gone, the files stay."""

        def __init__(self, command: Command, argument: str) -> None:
            super().__init__()
            self.command = command
            self.argument = argument

    class Changed(Message):
        """The text or the files are others."""

        def __init__(self, draft: Draft) -> None:
            super().__init__()
            self.draft = draft

    LeftUp: TypeAlias = PromptArea.LeftUp
    """Up was pressed in the empty box, and nothing was sent before that could come back."""

    def __init__(self, history: PromptHistory | None = None, folder: Path | None = None) -> None:
        """`history` None remembers this session only; files are looked for in `folder`."""
        super().__init__()
        finder = FileFinder(folder or Path.cwd())
        self.files = FileTray(finder)
        """What goes with the text."""
        self._area = PromptArea(history or PromptHistory(), self._take_key, self.files.take_paste)
        self._frame = PromptFrame(self.files, self._area)
        self._suggestions = Suggestions()
        self._guesses = Guesses(
            self._area, self._suggestions, finder, attach=self.files.attach, send=self._send
        )

    def compose(self) -> ComposeResult:
        yield self._frame.data_bind(PromptBox.busy)
        yield self._suggestions

    def focus(self, scroll_visible: bool = True) -> "PromptBox":
        """Let the reader write."""
        self._area.focus(scroll_visible)
        return self

    @property
    def text(self) -> str:
        """What is written, without files."""
        return self._area.text

    @text.setter
    def text(self, text: str) -> None:
        self._area.show_text(sanitize.text(text))

    @property
    def draft(self) -> Draft:
        """What would be sent now; setting it replaces text and files."""
        return Draft(self._area.text, self.files.held.parts)

    @draft.setter
    def draft(self, draft: Draft) -> None:
        self.files.held.show(draft.files)
        self.text = draft.text
        self.files.recount()

    def give_back(self, draft: Draft | str) -> None:
        """Put a message that could not be sent before whatever was written meanwhile."""
        given = Draft(draft) if isinstance(draft, str) else draft
        text = "\n".join(text for text in (given.text, self.text) if text)
        self.draft = Draft(text, (*given.files, *self.draft.files))

    def _take_key(self, key: str) -> bool:
        if self._guesses.take_key(key):
            return True
        if key == "enter":
            self._send()
        elif key == "backspace" and self.files.held.every and self._area.cursor_at_start_of_text:
            self.files.focus()
        else:
            return False
        return True

    def _send(self) -> None:
        if reading := self.files.held.reading:
            self._frame.warn(f"Still reading {reading}: wait, or take it away")
            return
        try:
            found = commands.slash(self.text)
        except errors.UsageError as error:
            self._frame.warn(f"{error.message} {error.hint}")
            return
        if found is not None:
            self._area.take_text()
            self._give(*found)
        elif draft := self.draft:
            # Emptied here and now: what is typed next belongs to the next message.
            self.files.held.show(())
            text = commands.without_escape(self._area.take_text())
            self.post_message(self.Submitted(Draft(text, draft.files)))

    def _give(self, command: Command, argument: str) -> None:
        if command.id == "prompt.editor":
            self._area.action_editor()
        elif command.id == "prompt.attach":
            self.files.attach(argument.strip("\"'"))
        else:
            self.post_message(self.Slash(command, argument))

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _guess(self, event: Message) -> None:
        event.stop()
        self._guesses.look()

    @on(TextArea.Changed)
    @on(FileTray.Changed)
    def _tell_change(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self.draft))

    @on(Suggestions.Taken)
    def _take_clicked(self, event: Suggestions.Taken) -> None:
        self._guesses.take(event.suggestion)
        self.focus()
