"""The small parts of the interface: words, gauges, the status line."""

import dataclasses
import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat.chat import events, messages
from localchat.engine import wire
from localchat.ui import message_words, meter, wording
from localchat.ui.widgets import gauge, model_table
from localchat.ui.widgets.bars import status_line
from tests.ui import hosts


@pytest.mark.parametrize("module", [wording, message_words, gauge])
def test_examples_in_the_docstrings(module: object) -> None:
    """The examples in these modules are true."""
    result = doctest.testmod(module)  # type: ignore[arg-type]

    assert result.attempted > 0
    assert result.failed == 0


@given(st.floats(0, 2), st.integers(0, 40))
def test_bar_has_its_width(fraction: float, width: int) -> None:
    """A bar is exactly as wide as asked for, and something in use is always seen."""
    filled, rest = gauge.bar(fraction, width)

    assert len(filled) + len(rest) == width
    assert bool(filled) == (width > 0 and fraction > 0)


@given(
    st.builds(
        meter.Live,
        used_tokens=st.integers(0, 200_000),
        context_tokens=st.integers(0, 131_072),
        tokens_per_second=st.none() | st.floats(0, 2000),
        ttft_seconds=st.floats(0, 100),
        recent_rates=st.lists(st.floats(0, 100), max_size=24).map(tuple),
        state=st.sampled_from(["ready", "answering", "loading again 43 %"]),
    ),
    st.integers(20, 200),
)
def test_status_line_fits(live: meter.Live, width: int) -> None:
    """Whatever there is to say, it is one line that fits, and the state is always there."""
    line = status_line(live, width)

    assert line.cell_length <= width
    assert "● " in line.plain


@pytest.mark.parametrize("width", [40, 60, 76, 94, 194])
def test_model_rows_are_aligned(width: int) -> None:
    """All rows fit, and each column's words end, or begin, in the same place in each."""
    entries = hosts.entries()
    heading, rows = model_table.table(entries, width, model_table.Now())

    assert {row.cell_length for row in rows} == {heading.cell_length}
    assert heading.cell_length <= width
    end = heading.plain.index("GiB") + 3
    sizes = [wording.gib(entry.best.needed_bytes) for entry in entries if entry.best]
    shown = [row.plain[:end].split()[-1] for row in rows]
    assert [size for size in shown if size != "–"] == sizes


def test_meter_follows_an_answer() -> None:
    """Reading, answering and the end: the figures come from the stats, the curve from steps."""
    follow = meter.Meter()
    follow.use_model(4096)
    follow.hear(events.Waiting(wire.Progress(1, "prompt", 50, 200)))
    assert (follow.live.state, follow.live.used_tokens) == ("reading 25 %", 50)
    stats = wire.Stats()
    for tokens in (10, 20, 40):
        stats = wire.Stats(200, tokens=tokens, seconds=tokens / 20, ttft_seconds=0.5)
        follow.hear(events.Said("answer", "word", stats))
        follow.sample()
    live = follow.live
    assert live.state == "answering"
    assert live.recent_rates == (20.0, 20.0)
    assert live.used_tokens == 240
    answer = dataclasses.replace(messages.new("", None, "assistant"), stats=stats, ending="stop")
    follow.hear(events.Ended(answer))
    assert (follow.live.state, follow.live.recent_rates) == ("ready", ())


def test_gauge_warns_in_words() -> None:
    """From 80 % on the gauge says so, beyond 100 % too, and names what happens then."""
    words = [
        status_line(meter.Live(used, 1000, policy="stops when full"), 120).plain
        for used in (790, 810, 1100)
    ]

    assert ["nearly full" in line for line in words] == [False, True, False]
    assert "110 %, too long" in words[2]
    assert all("stops when full" in line for line in words)
