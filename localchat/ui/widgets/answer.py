"""An answer while it comes and after: events go into a buffer, a pump of its own shows them.

Whoever delivers events never waits for the screen: shown at every token, an answer slows its model
down to a fraction of its speed.
"""

import asyncio
import time

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message

from localchat import sanitize
from localchat.chat import events
from localchat.engine import wire
from localchat.ui import message_words, stream, wording
from localchat.ui.feed import Entry
from localchat.ui.widgets.message_view import MessageView, clickable, switcher
from localchat.ui.widgets.thoughts import Thoughts

_CURSOR = Content.styled("▍", "$primary")
_MUTED = "$foreground-muted"


class AnswerView(MessageView):
    """One answer: thinking, text, and a foot."""

    class Grew(Message):
        """The answer shows more than before."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self._splitter = stream.BlockSplitter()
        message = entry.message
        self._fresh = [message.text] if entry.is_live else []
        self._thinking = [message.reasoning]
        """What was thought and is not shown yet."""
        self._doing = ""
        """What the engine does before it answers."""
        self._stats = self._thought_stats = message.stats or wire.Stats()
        self._notes: tuple[str, ...] = ()
        self._changed = True
        self._thoughts: Thoughts | None = None
        self._unfolds = False
        """The reader wants to see thoughts that are not shown yet."""
        self._shown_text: str | None = None
        """The whole text, once it is shown for good."""

    def compose(self) -> ComposeResult:
        yield self.prose
        yield self.foot

    def on_mount(self) -> None:
        """Show what there is, and begin to show what comes."""
        if self.entry.is_live:
            self.flush()
            self.run_worker(self._pump(), group="pump", exit_on_error=True)
        super().on_mount()

    def take(self, event: events.ChatEvent) -> None:
        """Take what the core says; it is shown a moment later."""
        self._changed = True
        if isinstance(event, events.Waiting):
            self._doing = _doing(event.progress)
        elif isinstance(event, events.InLine):
            self._doing = f"waiting for {wording.count(event.ahead, 'answer')} of other chats"
        elif isinstance(event, events.Summarizing):
            self._doing = f"summarizing · {wording.count(event.tokens, 'token')}"
        elif isinstance(event, events.Sent):
            self._notes = event.prompt.notes
        elif isinstance(event, events.Said):
            self._doing, self._stats = "", event.stats
            if event.kind == "answer":
                self._fresh.append(event.text)
            else:
                self._thought_stats = event.stats
                self._thinking.append(event.text)

    def flush(self) -> None:
        """Show what has come since the last time."""
        if not self._changed:
            return
        self._changed = False
        closed = self._splitter.feed(sanitize.text("".join(self._fresh)))
        self._fresh.clear()
        self._show_thoughts(over=self._stats is not self._thought_stats)
        mark = _CURSOR
        if self._doing and not self._splitter.open_text:
            mark = Content.styled(self._doing, _MUTED)
        self.prose.grow(closed, self._splitter.growing, mark)
        self.post_message(self.Grew())

    def set_entry(self, entry: Entry) -> None:
        """Show the answer as it now stands in the chat; for good, once it has ended."""
        message = entry.message
        if not entry.is_live and self._shown_text != message.text:
            has_grown = self.entry.is_live
            self._shown_text = message.text
            # Once as a whole: a list with empty lines in it was cut apart and is one list again.
            self.prose.replace(message.text)
            self._thought_stats = message.stats or self._thought_stats
            self._show_thoughts(over=True)
            if has_grown:
                self.post_message(self.Grew())
        self.prose.number_code(self.is_chosen and not entry.is_live)
        super().set_entry(entry)

    def toggle_thoughts(self) -> bool:
        """Fold or unfold the thinking, also what comes yet; says whether there was any."""
        if self._thoughts is None:
            self._unfolds = not self._unfolds
            return False
        self._thoughts.unfolded = not self._thoughts.unfolded
        return True

    def foot_lines(self) -> list[Content]:
        """Give versions and statistics, and how to go on with what was cut off."""
        message = self.entry.message
        if self.entry.is_live:
            return [switcher(self.entry)]
        if message.is_streaming:
            return [Content.styled("being answered in another window", _MUTED)]
        facts = Content.styled(message_words.footer(message), _MUTED)
        before = switcher(self.entry)
        lines = [Content("  ").join(part for part in (before, facts) if part.cell_length)]
        if message.ending == "error" and message.error:
            lines.append(Content.styled(sanitize.line(message.error, 1000), "$text-error"))
        notes = [*self._notes, message.stats.note if message.stats else ""]
        lines += [Content.styled(sanitize.line(note), _MUTED) for note in notes]
        if message.ending in message_words.UNFINISHED:
            lines.append(
                Content.assemble(
                    clickable("Continue", "continue"),
                    ("  or  ", _MUTED),
                    clickable("answer anew", "regenerate"),
                )
            )
        if self.is_chosen:
            lines.append(Content.styled(message_words.details(message), _MUTED))
        return lines

    async def _pump(self) -> None:
        pace = stream.Pace()
        while self.entry.is_live and self.is_attached:
            due = time.monotonic() + pace.seconds
            await asyncio.sleep(pace.seconds)
            if self.entry.is_live and self.is_attached:
                self.flush()
            # What the last update cost shows as flushing, and as being late for this one.
            pace.took(time.monotonic() - due)

    def _show_thoughts(self, *, over: bool) -> None:
        piece = "".join(self._thinking)
        self._thinking.clear()
        if piece and self._thoughts is None:
            # A widget costs time, and most answers come without.
            self._thoughts = Thoughts(unfolded=self._unfolds)
            self.mount(self._thoughts, before=self.prose)
        if self._thoughts is not None:
            stats = self._thought_stats
            self._thoughts.show(piece, stats.tokens, stats.seconds, over=over)


def _doing(progress: wire.Progress) -> str:
    if progress.stage == "prompt":
        return wording.reading(progress)
    return f"loading the model again · {wording.loading(progress)}"
