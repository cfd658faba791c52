"""The files beside the message: put there, counted, opened again and taken away.

Knows nothing of the message itself; whoever holds it hears of every change.
"""

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from localchat import errors
from localchat.chat import attachments
from localchat.ui import chips, toasts
from localchat.ui.file_finder import FileFinder
from localchat.ui.prompt_files import Counter, PromptFiles
from localchat.ui.widgets.attachments import AttachmentRow


class FileTray(Vertical):
    """A row of files, which is there while there are any."""

    class Changed(Message):
        """There are other files, or more is known of them."""

    class Left(Message):
        """The reader goes on writing."""

    class PasteOpened(Message):
        """A pasted text is to go back into the message; it is no file any more."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, finder: FileFinder) -> None:
        """`finder` says where a path leads that was written."""
        super().__init__()
        self.held = PromptFiles(self._show)
        self.counter: Counter | None = None
        """Counts what a file costs; `recount` asks it again."""
        self._finder = finder
        self._row = AttachmentRow()

    def compose(self) -> ComposeResult:
        yield self._row

    def focus(self, scroll_visible: bool = True) -> "FileTray":
        """Let the reader choose among the files."""
        self._row.focus(scroll_visible)
        return self

    @work(group="read")
    async def attach(self, written: str) -> None:
        """Put a file beside the message; what is wrong with it is told."""
        try:
            await self.held.read(self._finder.path(written), self._finder.folder)
        except errors.AttachmentError as error:
            toasts.warn(self, error)
        else:
            self.recount(again=False)

    @work(exclusive=True, group="count")
    async def recount(self, *, again: bool = True) -> None:
        """Count what each file costs, as after a change of model."""
        if self.counter is not None:
            await self.held.count(self.counter, again=again)

    def take_paste(self, text: str) -> bool:
        """Keep a pasted text as a file where it would drown the message; say whether it would."""
        is_large = attachments.is_large(text)
        if is_large:
            self.held.paste(text)
            self.recount(again=False)
        return is_large

    @on(AttachmentRow.Removed)
    def _remove(self, event: AttachmentRow.Removed) -> None:
        self.held.remove(event.attachment.name)

    @on(AttachmentRow.Opened)
    def _open(self, event: AttachmentRow.Opened) -> None:
        part = event.attachment.part
        if part is not None and attachments.is_pasted(part):
            self.held.remove(part.name)
            self.post_message(self.PasteOpened(part.text))
        else:
            toasts.tell(self, chips.words(event.attachment))

    @on(AttachmentRow.Left)
    def _leave(self, event: AttachmentRow.Left) -> None:
        event.stop()
        self.post_message(self.Left())

    def _show(self) -> None:
        self._row.show(self.held.every)
        self.post_message(self.Changed())
