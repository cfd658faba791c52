"""Cutting streamed Markdown, and the pace of showing it."""

from hypothesis import given
from hypothesis import strategies as st

from localchat.ui import stream

_MARKDOWN = st.text(alphabet="a`~\n >-", max_size=80)


@given(_MARKDOWN, st.lists(st.integers(1, 9)))
def test_nothing_is_lost_however_it_is_cut(text: str, sizes: list[int]) -> None:
    """The closed text and the open text together are what was fed, and cuts change no border."""
    splitter, whole = stream.BlockSplitter(), stream.BlockSplitter()
    closed, rest = "", text
    for size in sizes:
        closed, rest = closed + splitter.feed(rest[:size]), rest[size:]
    closed += splitter.feed(rest)

    assert closed + splitter.open_text == text
    assert closed == whole.feed(text)


def test_blank_line_closes_a_block() -> None:
    """A paragraph is closed by the empty line after it, not by its own line break."""
    splitter = stream.BlockSplitter()

    assert splitter.feed("one\ntwo") == ""
    assert splitter.feed("\n\nthree") == "one\ntwo\n\n"
    assert splitter.open_text == "three"


def test_fence_is_closed_by_its_end_alone() -> None:
    """Blank lines, other fences and shorter ones do not close a fence."""
    splitter = stream.BlockSplitter()

    assert splitter.feed("````python\n\n```\n~~~~\n````x\n") == ""
    assert splitter.in_fence
    assert splitter.feed("````  \nafter") == "````python\n\n```\n~~~~\n````x\n````  \n"
    assert splitter.open_text == "after"


def test_inline_code_opens_no_fence() -> None:
    """Three backticks with another behind them on the line are inline code."""
    splitter = stream.BlockSplitter()

    assert splitter.feed("```not a fence```\n\n") == "```not a fence```\n\n"


def test_pace_follows_the_cost() -> None:
    """Costly updates come less often, up to a limit; cheap ones bring the rate back."""
    pace = stream.Pace()
    for _ in range(9):
        pace.took(0.1)
    assert pace.seconds == stream.SLOWEST_SECONDS
    for _ in range(9):
        pace.took(0.001)
    assert pace.seconds == stream.FASTEST_SECONDS
