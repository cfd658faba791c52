"""Tables of TOML files: what is asked of a key is checked, and a fault says where it is."""

from decimal import Decimal
from typing import Any

import pytest

from localchat import errors
from localchat.tomltable import Source, Table

_SOURCE = Source("mine.toml", errors.ProfileError, "Mend it.")


def _table(**values: Any) -> Table:
    return Table(_SOURCE, "", values)


def _fault(read: Any) -> str:
    with pytest.raises(errors.ProfileError) as caught:
        read()
    assert caught.value.hint == "Mend it."
    return caught.value.message


def test_a_fault_is_the_error_of_its_file() -> None:
    """The file's name and the key stand in the message, what to do in the hint."""
    assert _fault(lambda: _table().text("name")) == "mine.toml: name is missing."


def test_a_blank_text_is_for_keys_that_may_be_missing() -> None:
    """A key that is a must holds a word; any other may say nothing."""
    assert _table(note=" ").text("note", "") == " "
    assert "must be a text" in _fault(lambda: _table(name=" ").text("name"))


@pytest.mark.parametrize("value", [-1, 11, 2.0, True, "3"])
def test_whole_numbers_stay_in_their_range(value: object) -> None:
    """Neither a truth value nor a number with a point is a whole number."""
    said = _fault(lambda: _table(n=value).whole("n", 0, 10))
    assert said == f"mine.toml: n must be a whole number from 0 to 10, not {value!r}."


def test_a_whole_number_may_be_any_from_the_least_on() -> None:
    """Without a greatest one there is none; what is missing may have a default."""
    table = _table(n=10**30)
    assert (table.whole("n"), table.whole("m", missing=3), table.maybe_whole("m")) == (
        10**30, 3, None,
    )  # fmt: skip
    said = _fault(lambda: _table(n=-1).whole("n"))
    assert "must be a whole number, 0 or more, not -1" in said


def test_a_number_too_long_to_write_is_a_fault_as_well() -> None:
    """Python refuses to write such a number; the sentence comes all the same."""
    assert "n must be a whole number" in _fault(lambda: _table(n=1 << 20_000).whole("n", 0, 9))


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), Decimal("nan"), True, "1"])
def test_numbers_are_above_zero(value: object) -> None:
    """Whole, with a point, or with the digits they were written with."""
    assert "n must be a number above 0" in _fault(lambda: _table(n=value).decimal("n"))


def test_numbers_keep_their_digits_and_range() -> None:
    """A figure is what was written; one out of range is named with the range."""
    table = _table(n=Decimal("4.10"), far=1e6)
    assert (str(table.decimal("n")), table.number("n", 1, 9), table.number("m")) == (
        "4.10", 4.1, None,
    )  # fmt: skip
    assert "must be a number from 1 to 9, not 1e+06" in _fault(lambda: table.number("far", 1, 9))


def test_a_table_among_others_is_known_by_its_name_or_its_number() -> None:
    """The fault leads to the one that is wrong."""
    gpus = [{"name": "A"}, {"memory": 1}]
    by_name = _table(gpus=gpus).tables("gpus", "name")
    by_number = _table(gpus=gpus).tables("gpus")
    assert [each.place for each in by_name] == ["gpus.A", "gpus[1]"]
    assert [each.place for each in by_number] == ["gpus[0]", "gpus[1]"]
    said = "mine.toml: gpus[1].memory is not a key that localchat knows."
    assert _fault(by_number[1].done) == said
