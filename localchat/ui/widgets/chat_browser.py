"""The chats with a look into the one under the cursor, and what can be done with it."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message

from localchat import errors
from localchat.chat.exchange.values import WholeChat
from localchat.chat.records import ChatRecord, Hit
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from localchat.ui import asking, chat_rows, commands, exporting, toasts
from localchat.ui.commands import own_keys
from localchat.ui.screens.ask import AskScreen
from localchat.ui.widgets.chat_list import ChatList
from localchat.ui.widgets.chat_preview import ChatPreview

_MOST_HITS = 200


class ChatBrowser(Horizontal):
    """Reads the chats and changes them; every change is told by Altered."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("chatlist")

    class Altered(Message):
        """A chat was renamed, pinned, deleted or brought back."""

        def __init__(self, record: ChatRecord) -> None:
            super().__init__()
            self.record = record

    class Read(Message):
        """The chats were read."""

        def __init__(self, records: tuple[ChatRecord, ...], *, is_bin: bool) -> None:
            super().__init__()
            self.records = records
            self.is_bin = is_bin

    def __init__(self, keeper: Keeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._records: dict[str, ChatRecord] = {}
        self.is_stale = True
        """The chats may be others than were read, so that `read` looks at every one again."""
        self.deleted: list[str] = []
        """The chats that were deleted here, the last one at the end."""
        self.open_id: str | None = None
        """The chat that is open on the chat screen."""
        self.is_bin = False
        """Whether the deleted chats are shown."""
        self.words = ""
        """What is searched for."""
        self.list = ChatList()
        self._preview = ChatPreview()

    def compose(self) -> ComposeResult:
        yield self.list
        yield self._preview

    @property
    def record(self) -> ChatRecord | None:
        """The chat under the cursor."""
        place = self.list.place
        return None if place is None else self._records.get(place.chat_id)

    async def read(self) -> None:
        """Read the chats unless they are known, and what the search finds in them."""
        words, is_bin = self.words.strip(), self.is_bin
        hits: tuple[Hit, ...] | None = None
        records = tuple(self._records.values())
        try:
            if self.is_stale:
                records = await self._keeper.do(lambda store: store.chats(deleted=is_bin))
            if words and not is_bin:
                hits = await self._keeper.do(lambda store: store.search(words, _MOST_HITS))
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error")
            return
        self._records = {each.id: each for each in records}
        self.is_stale = False
        self.list.show(records, hits, self.open_id)
        self.post_message(self.Read(records, is_bin=is_bin))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        del parameters
        if action in ("rename", "pin", "delete", "export"):
            return self.record is not None and not self.is_bin
        if action == "restore":
            return self.record is not None and self.is_bin
        return True

    async def action_rename(self) -> None:
        """Give the chat a title of the reader's own."""
        record = self.record
        if record is not None:
            question = AskScreen("Rename the chat", chat_rows.title(record))
            rest = self._rename(record, await asking.put(self.app, question))
            self.run_worker(rest, exclusive=True, group="ask")

    async def _rename(self, record: ChatRecord, written: Awaitable[str | None]) -> None:
        title = await written
        if title:
            await self._change(record.id, lambda store: store.rename(record.id, title))

    async def action_pin(self) -> None:
        """Keep the chat at the top, or let it go."""
        record = self.record
        if record is not None:
            is_pinned = not record.is_pinned
            await self._change(record.id, lambda store: store.set_pinned(record.id, is_pinned))

    async def action_delete(self) -> None:
        """Delete the chat; it can be brought back."""
        record = self.record
        if record is None:
            return
        if await self._change(record.id, lambda store: store.delete_chat(record.id)):
            self.deleted.append(record.id)
            undo = own_keys.spoken(self, "chats.undo")
            toasts.tell(
                self, f"Deleted “{chat_rows.title(record)}”. Press {undo} to bring it back."
            )

    async def undo(self) -> None:
        """Bring back the chat that was deleted last."""
        if self.deleted:
            await self._bring_back(self.deleted[-1])

    async def action_restore(self) -> None:
        """Bring back the deleted chat under the cursor."""
        if self.record is not None:
            await self._bring_back(self.record.id)

    async def action_export(self) -> None:
        """Write the chat into a file."""
        record = self.record
        if record is None:
            return
        try:
            tree = await self._keeper.do(lambda store: store.tree(record.id))
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error")
        else:
            rest = await exporting.ask(self.app, WholeChat(record, tree))
            self.run_worker(rest, exclusive=True, group="ask")

    @on(ChatList.Highlighted)
    @work(exclusive=True, group="preview")
    async def _look(self, event: ChatList.Highlighted) -> None:
        place = event.place
        self.refresh_bindings()
        if place is None or not self.screen.has_class("-wide"):
            self._preview.show(None, None)
            return
        try:
            tree = await self._keeper.do(lambda store: store.tree(place.chat_id))
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error")
        else:
            self._preview.show(tree, place.message_id)

    async def _bring_back(self, chat_id: str) -> None:
        changed = await self._change(chat_id, lambda store: store.restore_chat(chat_id))
        self.deleted = [each for each in self.deleted if each != chat_id]
        if changed is not None:
            toasts.tell(self, f"“{chat_rows.title(changed)}” is back.")

    async def _change(self, chat_id: str, change: Callable[[Store], None]) -> ChatRecord | None:
        def do(store: Store) -> ChatRecord:
            change(store)
            return store.chat(chat_id)

        try:
            changed = await self._keeper.do(do)
        except errors.StoreError as error:
            toasts.tell(self, error.message, "error")
            return None
        self.post_message(self.Altered(changed))
        self.is_stale = True
        await self.read()
        return changed
