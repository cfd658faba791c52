"""A look into a chat, without opening it: its last messages, or those around what was found."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from localchat import sanitize
from localchat.chat.messages import Message
from localchat.chat.tree import Tree
from localchat.ui import wording

_MESSAGES = 6
_CHARACTERS = 1200


class ChatPreview(VerticalScroll):
    """Plain text of a few messages."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._text = Static("", markup=False)

    def compose(self) -> ComposeResult:
        yield self._text

    def show(self, tree: Tree | None, message_id: str | None) -> None:
        """Show the end of a chat, or the message that was found with what stands around it."""
        self._text.update(Content("") if tree is None else preview(tree, message_id))
        if message_id is None:
            self.call_after_refresh(self.scroll_end, animate=False)
        else:
            self.call_after_refresh(self.scroll_home, animate=False)


def preview(tree: Tree, message_id: str | None) -> Content:
    """Draw a few messages, each cut to a length that says what it is about."""
    if message_id is not None and message_id in tree.messages:
        path: Sequence[Message] = tree.choosing(message_id).path()
        at = next(index for index, each in enumerate(path) if each.id == message_id)
        shown = path[max(0, at - 1) : at + _MESSAGES - 1]
    else:
        shown = tree.path()[-_MESSAGES:]
    return Content("\n\n").join(_message(each) for each in shown)


def _message(message: Message) -> Content:
    is_user = message.role == "user"
    model = wording.model_name(message.model.name, is_guide=False) if message.model else "Model"
    who = Content.styled("You" if is_user else model, "bold $primary" if is_user else "bold")
    files = [sanitize.line(part.name or part.kind, 60) for part in message.files]
    text = sanitize.text(message.text).strip()
    if len(text) > _CHARACTERS:
        text = text[:_CHARACTERS].rstrip() + " …"
    lines = [who, *(Content.styled(f"+ {name}", "$foreground-muted") for name in files)]
    return Content("\n").join([*lines, Content(text)])
