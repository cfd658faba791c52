"""Searching: what is asked of the Hub, and what is made of its answers."""

import pytest

from localchat.hub import search as search_module
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.search import Search, SearchResult, Sort
from tests.fake_hub import FakeHub, FakeRepo

REPOS = tuple(
    FakeRepo(
        f"{'acme' if number % 2 else 'other'}/Model-{number:02}-GGUF",
        downloads=number,
        likes=100 - number,
        last_modified=f"2026-01-{1 + number % 28:02}T00:00:00.000Z",
        gguf={"total": number * 10**9, "architecture": "llama", "context_length": 8192},
    )
    for number in range(1, 31)
)
HOSTILE = FakeRepo("acme/Model-..", downloads=99)
PLAIN = FakeRepo("acme/Model-weights", downloads=99, tags=("safetensors",))


def search(hub: FakeHub, wanted: Search) -> tuple[SearchResult, ...]:
    """The first results."""
    with HubClient(Access(hub.endpoint)) as client:
        return client.search(wanted).results


def test_a_result_says_what_a_list_shows() -> None:
    """Name, size, architecture, context, downloads, likes and date come from one request."""
    with FakeHub(*REPOS) as hub:
        [first] = search(hub, Search("model-30"))
        assert ("other/Model-30-GGUF", "other", 30, 70) == (
            first.repo,
            first.author,
            first.downloads,
            first.likes,
        )
        assert (30 * 10**9, "llama", 8192) == (
            first.parameters,
            first.architecture,
            first.trained_context_tokens,
        )
        assert first.modified is not None
        assert "2026-01-03" == first.modified.date().isoformat()
        assert 1 == len(hub.requests())


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (Sort.DOWNLOADS, "other/Model-30-GGUF"),
        (Sort.LIKES, "acme/Model-01-GGUF"),
        (Sort.DATE, "acme/Model-27-GGUF"),
    ],
)
def test_the_order_is_the_hubs(sort: Sort, first: str) -> None:
    """Results come sorted by downloads, likes or date."""
    with FakeHub(*REPOS) as hub:
        assert first == search(hub, Search(sort=sort))[0].repo


def test_filters_leave_what_was_asked_for() -> None:
    """Author and size narrow the results; what is no GGUF is not asked for."""
    with FakeHub(*REPOS, PLAIN) as hub:
        wanted = Search(author="acme", least_parameters=20 * 10**9, most_parameters=25 * 10**9)
        found = [result.repo for result in search(hub, wanted)]
    assert [f"acme/Model-{number}-GGUF" for number in (25, 23, 21)] == found


def test_pages_follow_each_other_and_end() -> None:
    """Every repository comes once, and the last page leads nowhere."""
    with FakeHub(*REPOS) as hub, HubClient(Access(hub.endpoint)) as client:
        pages = list(client.pages(Search(page_results=12)))
        assert [12, 12, 6] == [len(page.results) for page in pages]
        assert 30 == len({result.repo for page in pages for result in page.results})
        assert () == client.following(pages[-1]).results


def test_a_page_that_leads_to_another_computer_is_the_last() -> None:
    """A mirror cannot send the search elsewhere."""
    with FakeHub(*REPOS) as hub, HubClient(Access(hub.endpoint)) as client:
        hub.endpoint = "http://127.0.0.1:9"
        page = client.search(Search(page_results=20))
        assert (20, "") == (len(page.results), page.next_url)


def test_names_that_are_none_are_left_out() -> None:
    """A repository whose name would be no path is not offered."""
    with FakeHub(HOSTILE, REPOS[0]) as hub:
        assert ["acme/Model-01-GGUF"] == [result.repo for result in search(hub, Search("model"))]


@pytest.mark.parametrize(
    "row",
    [
        None,
        7,
        {},
        {"id": 7},
        {"id": "a/b", "gguf": 3, "downloads": "x", "likes": True, "lastModified": 1, "tags": "t"},
        {"id": "a/b", "gguf": {"total": -1, "architecture": 7}, "lastModified": "never"},
    ],
    ids=str,
)
def test_rows_of_nonsense_harm_nobody(row: object) -> None:
    """Whatever a row holds, reading it gives a result with defaults, or none."""
    found = search_module.page(Search(), [row], {}).results
    assert all(
        (0, 0, None, None) == (r.downloads, r.likes, r.modified, r.parameters) for r in found
    )
