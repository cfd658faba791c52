"""Cutting streamed Markdown, and the pace of showing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat.ui import markdown_blocks, markdown_layout, stream

_MARKDOWN = st.text(alphabet="a`~\n >-|", max_size=80)


@given(_MARKDOWN, st.lists(st.integers(1, 9)))
def test_nothing_is_lost_however_it_is_cut(text: str, sizes: list[int]) -> None:
    """The closed text and the open text together are what was fed, and cuts change no border."""
    splitter, whole = stream.BlockSplitter(), stream.BlockSplitter()
    closed: list[stream.Piece] = []
    rest = text
    for size in sizes:
        closed, rest = [*closed, *splitter.feed(rest[:size])], rest[size:]
    closed += splitter.feed(rest)

    assert _joined(closed) + splitter.open_text == text
    assert closed == whole.feed(text)


def _joined(pieces: list[stream.Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_blank_line_closes_a_block() -> None:
    """A paragraph is closed by the empty line after it, not by its own line break."""
    splitter = stream.BlockSplitter()

    assert splitter.feed("one\ntwo") == []
    assert splitter.feed("\n\nthree") == [stream.Piece("one\ntwo\n\n")]
    assert splitter.open_text == "three"


def test_fence_is_closed_by_its_end_alone() -> None:
    """Blank lines, other fences and shorter ones do not close a fence."""
    splitter = stream.BlockSplitter()

    assert splitter.feed("````python\n\n```\n~~~~\n````x\n") == []
    assert splitter.in_fence
    closed = splitter.feed("````  \nafter")
    assert _joined(closed) == "````python\n\n```\n~~~~\n````x\n````  \n"
    assert splitter.open_text == "after"


def test_inline_code_opens_no_fence() -> None:
    """Three backticks with another behind them on the line are inline code."""
    splitter = stream.BlockSplitter()

    assert _joined(splitter.feed("```not a fence```\n\n")) == "```not a fence```\n\n"


@pytest.mark.parametrize(
    ("beginning", "line", "opening"),
    [
        ("", "- item\n", ""),
        ("", "12. item\n", ""),
        ("```python\n", "x = 1\n", "```python\n"),
        ("| a |\n|---|\n", "| 1 |\n", "| a |\n|---|\n"),
    ],
)
def test_long_blocks_come_in_pieces(beginning: str, line: str, opening: str) -> None:
    """A long list, fence or table is cut between lines, and each piece knows where it belongs."""
    splitter = stream.BlockSplitter()
    pieces = splitter.feed(beginning + line * 100)

    assert len(pieces) > 5
    assert [piece.joins for piece in pieces] == [False] + [True] * (len(pieces) - 1)
    assert {piece.opening for piece in pieces[1:]} == {opening}
    assert splitter.growing.markdown.startswith(opening)


def test_pieces_are_drawn_as_the_whole() -> None:
    """What was drawn piece by piece has the lines of the whole, where the columns are the same."""
    text = "| name | n |\n|---|--:|\n" + "| abc | 10 |\n" * 40
    splitter, width = stream.BlockSplitter(), 40
    drawn: list[str] = []
    blocks: list[markdown_blocks.Block] = []
    for piece in (*splitter.feed(text), splitter.growing):
        for block in markdown_blocks.parse(piece.markdown):
            one = markdown_layout.going_on(block, blocks[-1]) if piece.joins else block
            drawn += [line.plain for line in markdown_layout.lines(one, width, not blocks)]
            blocks.append(one)

    assert drawn == markdown_layout.lay_out(markdown_blocks.parse(text), width).plain.split("\n")


def test_pace_follows_the_cost() -> None:
    """Costly updates come less often, up to a limit; cheap ones bring the rate back."""
    pace = stream.Pace()
    for _ in range(9):
        pace.took(0.1)
    assert pace.seconds == stream.SLOWEST_SECONDS
    for _ in range(9):
        pace.took(0.001)
    assert pace.seconds == stream.FASTEST_SECONDS
