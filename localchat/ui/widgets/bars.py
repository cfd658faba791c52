"""The lines above and below every screen: who and where above, what is live below."""

import dataclasses
from collections.abc import Callable

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from localchat import sanitize, units
from localchat.ui import wording
from localchat.ui.meter import Live, Meter
from localchat.ui.widgets import gauge
from localchat.ui.widgets.download_note import NotesDownloads

_SECONDS = 0.25


class TopBar(NotesDownloads):
    """The program's name, what the screen is about, and facts at the right edge."""

    subject: reactive[str] = reactive("")
    facts: reactive[str] = reactive("")

    def render(self) -> RenderResult:
        """Draw one line; the facts give way first, then the subject."""
        left = Content.assemble(
            ("localchat", "bold $primary"),
            ("  " + sanitize.line(self.subject), "bold"),
            self.drawn_note,
        )
        room = self.size.width - left.cell_length - 2
        facts = Content.styled(sanitize.line(self.facts), "$foreground-muted")
        if room < 12:
            return left.truncate(self.size.width, ellipsis=True)
        facts = facts.truncate(room, ellipsis=True)
        gap = self.size.width - left.cell_length - facts.cell_length
        return Content.assemble(left, " " * gap, facts)


class TooSmall(Static):
    """What is shown in place of everything else when there is no room; see app.tcss."""

    def __init__(self) -> None:
        super().__init__("Please enlarge\nthe terminal\n(40 x 10)", markup=False)


class StatusLine(Widget):
    """The context gauge, the speed, and what the engine is doing."""

    live: reactive[Live] = reactive(Live())

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()
        self.idle_state: Callable[[], tuple[str, str]] | None = None
        """Says in which state the model is while nothing is answered, and its color."""

    def on_mount(self) -> None:
        """Keep up."""
        self.set_interval(_SECONDS, self.tick)

    def tick(self) -> None:
        """Show the figures of now."""
        self.meter.sample()
        live = self.meter.live
        if live.state == "ready" and self.idle_state is not None:
            state, color = self.idle_state()
            live = dataclasses.replace(live, state=state, color=color)
        self.live = live

    def render(self) -> RenderResult:
        """Draw the line."""
        return status_line(self.live, self.size.width)


def status_line(live: Live, width: int) -> Content:
    """Fit everything into one line: what matters least is left out first."""
    state = Content.assemble(("● ", live.color), (live.state, "$foreground-muted"))
    state = state.truncate(max(0, width), ellipsis=True)
    for pieces in _by_importance(live):
        left = Content("   ").join(piece for piece in pieces if piece.cell_length)
        gap = width - left.cell_length - state.cell_length
        if gap >= 2:
            return Content.assemble(left, " " * gap, state)
    return state


def _by_importance(live: Live) -> tuple[tuple[Content, ...], ...]:
    wide, narrow, bare = (_context(live, cells) for cells in (16, 8, 0))
    policy, speed, spark, first = _policy(live), _speed(live), _spark(live), _first(live)
    return (
        (wide + policy, speed + spark, first),
        (wide + policy, speed, first),
        (wide, speed + spark, first),
        (wide, speed, first),
        (narrow + policy, speed),
        (narrow, speed),
        (bare, speed),
        (bare,),
        (),
    )


def _context(live: Live, cells: int) -> Content:
    if live.context_tokens <= 0:
        return Content("")
    fraction = live.used_tokens / live.context_tokens
    color = gauge.severity(fraction)
    filled, rest = gauge.bar(fraction, cells)
    used, size = units.human_tokens(live.used_tokens), units.human_tokens(live.context_tokens)
    is_low = fraction < gauge.WARNING_FRACTION
    share = _share(live)
    return Content.assemble(
        ("ctx ", "$foreground-muted"),
        (filled, f"{color} on $panel"),
        (rest, "on $panel"),
        " " if cells else "",
        f"{used}/{size} ",
        (share, "$foreground-muted" if is_low else f"bold {color}"),
    )


def _share(live: Live) -> str:
    share = f"{100 * live.used_tokens // live.context_tokens} %"
    if live.used_tokens > live.context_tokens:
        return f"{share}, too long"
    fraction = live.used_tokens / live.context_tokens
    return share if fraction < gauge.WARNING_FRACTION else f"{share}, nearly full"


def _policy(live: Live) -> Content:
    if not live.policy or live.context_tokens <= 0:
        return Content("")
    return Content.styled(f" · {live.policy}", "$foreground-muted")


def _speed(live: Live) -> Content:
    if live.tokens_per_second is None:
        return Content("")
    return Content.styled(units.human_rate(live.tokens_per_second), "bold $success")


def _spark(live: Live) -> Content:
    curve = gauge.sparkline(live.recent_rates, 12)
    return Content.styled(f" {curve}" if curve else "", "$success 60%")


def _first(live: Live) -> Content:
    if not live.ttft_seconds:
        return Content("")
    words = f"first token {wording.precise_seconds(live.ttft_seconds)}"
    return Content.styled(words, "$foreground-muted")
