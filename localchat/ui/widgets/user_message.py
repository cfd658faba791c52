"""What the reader wrote, as it was written, with the files that went along."""

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from localchat import sanitize
from localchat.chat.drafts import Draft
from localchat.ui import message_words
from localchat.ui.widgets.message_view import MessageView, switcher


class UserMessage(MessageView):
    """A message of the reader's."""

    def compose(self) -> ComposeResult:
        files = self.entry.message.files
        if files:
            names = "\n".join(f"▪ {message_words.file(part)}" for part in files)
            yield Static(Content.styled(names, "$foreground-muted"), markup=False)
        yield self.prose
        yield self.foot

    def on_mount(self) -> None:
        """Show the text."""
        self.prose.plain(self.entry.message.text)
        super().on_mount()

    def foot_lines(self) -> list[Content]:
        """Give the versions, and when it was written while it is chosen."""
        lines = [switcher(self.entry)]
        if self.is_chosen:
            lines.append(
                Content.styled(message_words.details(self.entry.message), "$foreground-muted")
            )
        return lines


class QueuedMessage(Static):
    """A message that waits for the answer under way."""

    def __init__(self, draft: Draft) -> None:
        files = [f"▪ {message_words.file(part)}" for part in draft.files]
        text = "\n".join([*files, sanitize.text(draft.text)])
        hint = "queued: sent after this answer · Esc or Up takes it back"
        super().__init__(Content.assemble(text, "\n", (hint, "$foreground-muted")), markup=False)
