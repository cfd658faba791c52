"""The part of the app that copies: what was selected, and a whole chat."""

from textual import work

from localchat.chat.exchange import markdown
from localchat.chat.exchange.values import WholeChat
from localchat.ui import copying, toasts
from localchat.ui.chatting import ChattingApp


class CopyingApp(ChattingApp):
    """An app whose selections and chats can be copied."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what was selected in the best way there is, and say which."""
        self._copy(text, "The selection")

    def action_copy_chat(self) -> None:
        """Copy the open chat as Markdown."""
        chat = self.open_chat
        if chat is None or not chat.path:
            toasts.tell(self, "There is nothing to copy yet.", "warning")
        else:
            self._copy(markdown.write(WholeChat(chat.record, chat.tree)), "The chat")

    @work(group="copy")
    async def _copy(self, text: str, what: str) -> None:
        await copying.copy(self, text, what)
