"""An answer while it comes and after: events go into a buffer, a pump of its own shows them.

Whoever delivers events never waits for the screen: shown at every token, an answer slows its model
down to a fraction of its speed.
"""

import asyncio
import time

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from localchat import sanitize
from localchat.chat import chat
from localchat.chat.conversation import Turn
from localchat.engine import wire
from localchat.ui import stream, wording
from localchat.ui.widgets.safe_markdown import SafeMarkdown, SafeRichMarkdown
from localchat.ui.widgets.thoughts import Thoughts

_CURSOR = ("▍", "$primary")


class AnswerView(Vertical):
    """One answer: thinking, closed blocks as Markdown, the open block as plain text, a footer."""

    class Grew(Message):
        """The answer shows more than before."""

    def __init__(self) -> None:
        super().__init__(classes="message")
        self.stats = wire.Stats()
        self.progress: wire.Progress | None = None
        """What the engine does before it answers; None once it answers."""
        self.turn: Turn | None = None
        """The whole answer, once it has ended."""
        self._splitter = stream.BlockSplitter()
        self._fresh: list[str] = []
        self._thought_stats = wire.Stats()
        self._notes: tuple[str, ...] = ()
        self._changed = False

    def compose(self) -> ComposeResult:
        yield Thoughts()
        yield SafeMarkdown("")
        yield Static("", id="tail", markup=False)
        yield Static("", id="footer", markup=False)

    def on_mount(self) -> None:
        """Begin to show what comes."""
        self._show_tail()
        self.run_worker(self._pump(), group="pump", exit_on_error=True)

    def take(self, event: chat.ChatEvent) -> None:
        """Take what the core says; it is shown a moment later."""
        self._changed = True
        if isinstance(event, chat.Waiting):
            self.progress = event.progress
        elif isinstance(event, chat.Sent):
            self._notes = event.prompt.notes
        elif isinstance(event, chat.Said):
            self.progress, self.stats = None, event.stats
            if event.kind == "answer":
                self._fresh.append(event.text)
            else:
                self._thought_stats = event.stats
                self.query_one(Thoughts).add(event.text)

    async def flush(self) -> None:
        """Show what has come since the last time."""
        if not self._changed:
            return
        self._changed = False
        closed = self._splitter.feed(sanitize.text("".join(self._fresh)))
        self._fresh.clear()
        if closed:
            await self.query_one(SafeMarkdown).append(closed)
        self._show_thoughts(over=self.stats is not self._thought_stats)
        self._show_tail()
        self.post_message(self.Grew())

    async def finish(self, turn: Turn) -> None:
        """Show the answer as it now stands in the conversation, for good."""
        await self.flush()
        self.turn = turn
        self._show_thoughts(over=True)
        # One whole update: a fence that was appended to may have lost its content
        # (Textualize/textual#6518), and blocks cut apart by blank lines become one list again.
        await self.query_one(SafeMarkdown).update(sanitize.text(turn.text))
        self.query_one("#tail").display = False
        self._show_footer(turn)
        self.post_message(self.Grew())

    def toggle_thoughts(self) -> bool:
        """Fold or unfold the thinking; says whether there was any."""
        thoughts = self.query_one(Thoughts)
        thoughts.unfolded = not thoughts.unfolded
        return thoughts.has_class("-present")

    async def _pump(self) -> None:
        pace = stream.Pace()
        while self.turn is None:
            due = time.monotonic() + pace.seconds
            await asyncio.sleep(pace.seconds)
            if self.turn is None:
                await self.flush()
            # What the last update cost shows as flushing, and as being late for this one.
            pace.took(time.monotonic() - due)

    def _show_thoughts(self, *, over: bool) -> None:
        stats = self._thought_stats
        self.query_one(Thoughts).show(stats.tokens, stats.seconds, over=over)

    def _show_tail(self) -> None:
        open_text = self._splitter.open_text.strip("\n")
        words = Content(open_text)
        if not open_text and self.progress is not None:
            words = Content.styled(_doing(self.progress) + " ", "$foreground-muted")
        self.query_one("#tail", Static).update(Content.assemble(words, _CURSOR))

    def _show_footer(self, turn: Turn) -> None:
        lines = [wording.answer_footer(turn), *map(sanitize.line, self._notes)]
        if turn.stats and turn.stats.note:
            lines.append(sanitize.line(turn.stats.note))
        self.query_one("#footer", Static).update(Content("\n".join(filter(None, lines))))


class PastAnswer(Static):
    """An answer far up in the conversation: one widget, however long it is."""

    def __init__(self, turn: Turn) -> None:
        super().__init__(SafeRichMarkdown(turn.text), classes="message", markup=False)
        self.turn = turn


def _doing(progress: wire.Progress) -> str:
    if progress.stage == "prompt":
        return wording.reading(progress)
    return f"loading the model again · {wording.loading(progress)}"
