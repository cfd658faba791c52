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
from localchat.ui.widgets.prose import Prose
from localchat.ui.widgets.thoughts import Thoughts

_CURSOR = Content.styled("▍", "$primary")


class AnswerView(Vertical):
    """One answer: thinking, closed blocks, the block that still grows, a footer."""

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
        self._thoughts = Thoughts()
        self._prose = Prose()
        self._tail = Prose()
        self._footer = Static("", id="footer", markup=False)
        self._footer.display = False

    def compose(self) -> ComposeResult:
        yield self._thoughts
        yield self._prose
        yield self._tail
        yield self._footer

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
                self._thoughts.add(event.text)

    def flush(self) -> None:
        """Show what has come since the last time."""
        if not self._changed:
            return
        self._changed = False
        closed = self._splitter.feed(sanitize.text("".join(self._fresh)))
        self._fresh.clear()
        if closed:
            self._prose.append(closed)
        self._show_thoughts(over=self.stats is not self._thought_stats)
        self._show_tail()
        self.post_message(self.Grew())

    def finish(self, turn: Turn) -> None:
        """Show the answer as it now stands in the conversation, for good."""
        self.flush()
        self.turn = turn
        self._show_thoughts(over=True)
        # Once as a whole: a list with empty lines in it was cut apart and is one list again.
        self._prose.replace(turn.text)
        self._tail.display = False
        self._show_footer(turn)
        self.post_message(self.Grew())

    def toggle_thoughts(self) -> bool:
        """Fold or unfold the thinking; says whether there was any."""
        present = self._thoughts.has_class("-present")
        if present:
            self._thoughts.unfolded = not self._thoughts.unfolded
        return present

    async def _pump(self) -> None:
        pace = stream.Pace()
        while self.turn is None and self.is_attached:
            due = time.monotonic() + pace.seconds
            await asyncio.sleep(pace.seconds)
            if self.turn is None and self.is_attached:
                self.flush()
            # What the last update cost shows as flushing, and as being late for this one.
            pace.took(time.monotonic() - due)

    def _show_thoughts(self, *, over: bool) -> None:
        stats = self._thought_stats
        self._thoughts.show(stats.tokens, stats.seconds, over=over)

    def _show_tail(self) -> None:
        mark = _CURSOR
        if not self._splitter.open_text and self.progress is not None:
            mark = Content.styled(_doing(self.progress), "$foreground-muted")
        self._tail.replace(self._splitter.open_text, mark)

    def _show_footer(self, turn: Turn) -> None:
        lines = [wording.answer_footer(turn), *map(sanitize.line, self._notes)]
        if turn.stats and turn.stats.note:
            lines.append(sanitize.line(turn.stats.note))
        self._footer.display = True
        self._footer.update(Content("\n".join(filter(None, lines))))


def _doing(progress: wire.Progress) -> str:
    if progress.stage == "prompt":
        return wording.reading(progress)
    return f"loading the model again · {wording.loading(progress)}"
