"""The Hub in the models screen as values: results in columns, words, what is removed."""

import dataclasses
from pathlib import Path

import pytest

from localchat import errors
from localchat.hub.search import SearchPage
from localchat.library.values import DownloadProgress, Phase
from localchat.ui import hub_lines, hub_query, hub_states, removing
from localchat.ui.hub_lines import Ask, Finding, Line, Note
from localchat.ui.listing import Listing
from localchat.ui.shelf import Arrangement, Entry
from localchat.ui.widgets import hub_table
from tests.ui import hosts

RESULTS = tuple(
    dataclasses.replace(hub_lines.of_repository(name), downloads=number, parameters=number * 10**6)
    for name, number in (("maker/a-GGUF", 12), ("a-long-maker/a-very-long-name-of-a-model", 70_000))
)
WANTED = hub_query.search("qwen <8b")


@pytest.mark.parametrize("width", [30, 44, 60, 73, 100, 160])
def test_results_stay_within_the_width(width: int) -> None:
    """Columns go before the name has no room, and every row is as wide as its heading."""
    heading, rows = hub_table.table(RESULTS, [None, hub_states.words(_progress())], width)

    assert max(row.cell_length for row in rows) <= width
    assert heading.cell_length <= width
    assert ("downloads" in heading.plain) == (width >= 60)


def _progress() -> DownloadProgress:
    return DownloadProgress(Phase.PAUSED, 43, 100)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (Finding(), ["Ask"]),
        (Finding("other", WANTED, RESULTS), ["Ask"]),
        (Finding("qwen", WANTED, asking="first page"), ["heading", "Ask"]),
        (Finding("qwen", WANTED), ["heading", "note"]),
        (Finding("qwen", WANTED, RESULTS), ["heading", "columns", "Entry", "Entry"]),
        (
            Finding("qwen", WANTED, RESULTS, SearchPage(WANTED, RESULTS, "http://more")),
            ["heading", "columns", "Entry", "Entry", "Ask"],
        ),
        (
            Finding("qwen", WANTED, error=errors.NetworkError("No answer.", "Try again.")),
            ["heading", "error", "note"],
        ),
    ],
)
def test_lines_say_how_a_search_stands(finding: Finding, expected: list[str]) -> None:
    """Every state of a search has its lines: to be asked, under way, empty, failed, with more."""
    gap, *found = hub_lines.lines(finding, "qwen", is_offline=False)

    assert gap == Note("", "gap")
    assert expected == [_kind(line) for line in found]


def _kind(line: Line) -> str:
    return line.kind if isinstance(line, Note) else type(line).__name__


def test_offline_there_is_nothing_to_ask() -> None:
    """Instead of the line that asks stands one that says why not."""
    found = hub_lines.lines(Finding(), "qwen", is_offline=True)

    assert found[-1] == Note(hub_lines.OFFLINE)
    assert not any(isinstance(line, Ask) for line in found)


def test_what_was_read_stands_once() -> None:
    """A repository that was read is the result's row, not one more model of the list."""
    read = Entry(result=RESULTS[0], best=None, reason="read")
    listing = Listing(
        (Entry(known=hosts.known("qwen3-4b")), read),
        Arrangement(search="GGUF"),
        Finding("GGUF", WANTED, RESULTS),
    )

    assert [line for line in listing.lines if isinstance(line, Entry) and line.result] == [
        read,
        Entry(result=RESULTS[1]),
    ]


@pytest.mark.parametrize(
    ("text", "repo", "quant"),
    [
        ("user/repo", "user/repo", ""),
        (" hf.co/user/repo:Q4_K_M ", "user/repo", "Q4_K_M"),
        ("https://huggingface.co/user/repo/resolve/main/m-Q8_0.gguf", "user/repo", "m-Q8_0.gguf"),
    ],
)
def test_addresses_name_a_repository(text: str, repo: str, quant: str) -> None:
    """However the Hub's pages and commands write it."""
    named = hub_query.repository(text)

    assert named is not None
    assert (repo, quant) == (named.repo, named.quant)


def test_built_in_model_stays() -> None:
    """It cannot be removed, and a file that nobody keeps for us is left alone."""
    planned = removing.plan(Entry(local=hosts.MODELS[0]), None)

    assert planned is not None and planned.refused == "It is part of localchat and stays."
    assert removing.plan(Entry(local=hosts.MODELS[1]), Path("/models/other.gguf")) is None
