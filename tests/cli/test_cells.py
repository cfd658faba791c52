"""Columns for people whose letters are wider than others."""

import contextlib
import io
from pathlib import Path

import pytest
from rich.cells import cell_len

from localchat.chat.store.store import Store
from localchat.cli import arguments, cells, chats, name_table
from localchat.cli.tables import Cell, Column, Pen
from tests.chat import talks

_TITLES = ("Tea", "茶道の歴史とその作法についての長い質問です", "🍵 Tea 🍵", "Cafe\u0301 au lait")


def test_columns_stand_below_each_other_in_any_script() -> None:
    """A column is as wide for CJK, emoji and combining marks as for Latin letters."""
    columns = (Column("title", 16, right=False), Column("size", 8), Column("last", 6, right=False))
    rows = [(title, Cell("1.0 GiB", "strong"), "end") for title in _TITLES]
    lines = Pen(io.StringIO()).table(columns, rows)
    places = {cell_len(line[: line.index("1.0 GiB")]) for line in lines[1:]}
    assert places == {18}
    assert all(cell_len(line) <= 32 for line in lines)


@pytest.mark.parametrize("text", _TITLES)
@pytest.mark.parametrize("most", [1, 2, 5, 6, 30])
def test_a_cut_text_has_its_room_and_not_more(text: str, most: int) -> None:
    """However wide its letters are; what is missing is told by an ellipsis."""
    shown = cells.cut(text, most)
    assert cells.width(shown) <= most
    assert shown == text or shown.endswith("…")


def test_a_wide_name_has_a_line_of_its_own() -> None:
    """Names to type are measured in cells, too."""
    columns = (Column("name", 8, right=False), Column("size", 4))
    lines = name_table.lines(Pen(io.StringIO()), columns, [("茶道の歴史", "1"), ("tea", "2")])
    assert [line.split() for line in lines[1:]] == [["茶道の歴史"], ["1"], ["tea", "2"]]


def test_the_list_of_chats_keeps_its_columns(home: Path) -> None:
    """Each chat's line has the same columns, and fits 80 cells."""
    with contextlib.closing(Store.open(home / "chats.db")) as store:
        for title in _TITLES:
            talks.keep(store, "a", "b", title=title)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        chats.run(arguments.parse(("chats", "list")))
    lines = out.getvalue().splitlines()
    assert len({cell_len(line[: line.rindex("2 today")]) for line in lines[1:]}) == 1
    assert max(map(cell_len, lines)) < 80
