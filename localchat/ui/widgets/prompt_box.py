"""Where the reader writes: a text that grows, the files beside it, and guesses below it.

Knows nothing of chats: what is sent goes to the owner as a `Draft`, a command as `Slash`.
"""

import os
from pathlib import Path
from typing import TypeAlias

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.widgets import TextArea

from localchat import errors, sanitize
from localchat.chat import attachments
from localchat.chat.drafts import Draft
from localchat.ui import chips, commands, editor, keyboard
from localchat.ui.commands import own_keys
from localchat.ui.commands.command import Command
from localchat.ui.prompt_files import Counter, PromptFiles
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.attachments import AttachmentRow
from localchat.ui.widgets.guesses import Guesses
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.suggestions import Suggestions

_WORDS_CHARACTERS = 300


class PromptBox(Vertical):
    """One message being written; `busy` is the owner's, while an answer is under way."""

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
        self._folder = folder or Path.cwd()
        self._area = PromptArea(history or PromptHistory(), self._take_key, self._take_paste)
        self._files = PromptFiles(self._show_files)
        self._row = AttachmentRow()
        self._suggestions = Suggestions()
        self._guesses = Guesses(
            self._area, self._suggestions, self._folder, attach=self.attach, send=self._send
        )
        self._writing = Vertical(self._row, self._area, id="writing")
        self._new_line = keyboard.new_line_key(os.environ)
        self._warned_of: str | None = None
        """The text that a warning is about."""
        self.counter: Counter | None = None
        """Counts what a file costs; `recount` asks it again."""
        self.busy = False

    def compose(self) -> ComposeResult:
        yield self._writing
        yield self._suggestions

    def focus(self, scroll_visible: bool = True) -> "PromptBox":
        """Let the reader write."""
        self._area.focus(scroll_visible)
        return self

    @property
    def busy(self) -> bool:
        """Whether an answer is under way, so that what is sent waits for its end."""
        return self._busy

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._busy = busy
        self._hint()

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
        return Draft(self._area.text, self._files.parts)

    @draft.setter
    def draft(self, draft: Draft) -> None:
        self._files.show(draft.files)
        self.text = draft.text
        self.recount()

    def give_back(self, draft: Draft | str) -> None:
        """Put a message that could not be sent before whatever was written meanwhile."""
        given = Draft(draft) if isinstance(draft, str) else draft
        text = "\n".join(text for text in (given.text, self.text) if text)
        self.draft = Draft(text, (*given.files, *self._files.parts))

    @work(exclusive=True, group="count")
    async def recount(self, *, again: bool = True) -> None:
        """Count what each file costs, as after a change of model."""
        if self.counter is not None:
            await self._files.count(self.counter, again=again)

    @work(group="read")
    async def attach(self, written: str) -> None:
        """Put a file beside the message; what is wrong with it is told."""
        try:
            await self._files.read(self._guesses.finder.path(written), self._folder)
        except errors.AttachmentError as error:
            self._tell(f"{error.message} {error.hint}")
        else:
            self.recount(again=False)

    @work(exclusive=True, group="editor")
    async def action_editor(self) -> None:
        """Go on writing in the reader's editor."""
        try:
            self.text = await editor.edit(self.app, self.text, os.environ)
        except errors.UsageError as error:
            self._tell(f"{error.message} {error.hint}")

    def action_attach(self, written: str) -> None:
        """Put a file beside the message, by its path."""
        self.attach(written.strip("\"'"))

    def _take_key(self, key: str) -> bool:
        if self._guesses.take_key(key):
            return True
        if key == "enter":
            self._send()
        elif key == "backspace" and self._files.every and self._area.cursor_at_start_of_text:
            self._row.focus()
        else:
            return False
        return True

    def _take_paste(self, text: str) -> bool:
        is_large = attachments.is_large(text)
        if is_large:
            self._files.paste(text)
            self.recount(again=False)
        return is_large

    def _send(self) -> None:
        if self._files.reading:
            self._hint(f"Still reading {self._files.reading}: wait, or take it away", warn=True)
            return
        try:
            found = commands.slash(self.text)
        except errors.UsageError as error:
            self._hint(f"{error.message} {error.hint}", warn=True)
            return
        if found is not None:
            self._area.take_text()
            self._give(*found)
        elif self.draft:
            # Emptied here and now: what is typed next belongs to the next message.
            files = self._files.parts
            self._files.show(())
            text = self._area.take_text()
            self.post_message(self.Submitted(Draft(_without_escape(text), files)))

    def _give(self, command: Command, argument: str) -> None:
        if command.id == "prompt.editor":
            self.action_editor()
        elif command.id == "prompt.attach":
            self.action_attach(argument)
        else:
            self.post_message(self.Slash(command, argument))

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        # What was typed before Enter may be told after it: that is no reason to take back a word.
        if self.text != self._warned_of:
            self._hint()
        self._guesses.look()
        self.post_message(self.Changed(self.draft))

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self, event: TextArea.SelectionChanged) -> None:
        event.stop()
        self._guesses.look()

    @on(PromptArea.EditorAsked)
    def _open_editor(self) -> None:
        self.action_editor()

    @on(Suggestions.Taken)
    def _take_clicked(self, event: Suggestions.Taken) -> None:
        self._guesses.take(event.suggestion)
        self.focus()

    @on(AttachmentRow.Removed)
    def _remove(self, event: AttachmentRow.Removed) -> None:
        self._files.remove(event.attachment.name)

    @on(AttachmentRow.Opened)
    def _open(self, event: AttachmentRow.Opened) -> None:
        part = event.attachment.part
        if part is not None and attachments.is_pasted(part):
            self._files.remove(part.name)
            self._area.insert(sanitize.text(part.text))
            self.focus()
        else:
            self._tell(chips.words(event.attachment), severity="information")

    @on(AttachmentRow.Left)
    def _write_on(self) -> None:
        self.focus()

    def _show_files(self) -> None:
        self._row.show(self._files.every)
        self._writing.border_title = chips.total(self._files.every)
        self._hint()
        self.post_message(self.Changed(self.draft))

    def on_descendant_focus(self) -> None:
        """Say what the keys do where the focus is now."""
        self._hint()

    def _hint(self, words: str = "", *, warn: bool = False) -> None:
        usual = f"Enter sends · {self._new_line} new line · @ file"
        if self._row.has_focus:
            usual = "x takes the file away · Enter opens it · Esc goes on writing"
        elif self._busy:
            stop = own_keys.spoken(self, "chat.stop")
            usual = f"Enter sends after this answer · {stop} stops it"
        self._writing.border_subtitle = sanitize.line(words) or usual
        self._writing.set_class(warn, "-warning")
        self._warned_of = self.text if warn else None

    def _tell(self, words: str, severity: SeverityLevel = "warning") -> None:
        self.notify(
            sanitize.line(words, _WORDS_CHARACTERS), severity=severity, markup=False, timeout=8
        )


def _without_escape(text: str) -> str:
    """Take the first of two slashes away where one alone would make a command of the text."""
    if not text.startswith("//"):
        return text
    try:
        is_command = commands.slash(text[1:]) is not None
    except errors.UsageError:
        is_command = True
    return text[1:] if is_command else text
