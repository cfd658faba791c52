"""Searching the Hub for GGUF models: what to ask, and what the answers say.

Texts in results are untrusted. Knows no connection: `client` asks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from localchat.library import names

PAGE_RESULTS: Final = 20
MOST_PAGE_RESULTS: Final = 100

ASKED_FOR: Final = (
    "author",
    "downloads",
    "gated",
    "gguf",
    "lastModified",
    "likes",
    "private",
    "tags",
)
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


class Sort(StrEnum):
    """What comes first."""

    DOWNLOADS = "downloads"
    LIKES = "likes"
    DATE = "date"
    TRENDING = "trending"


_SORT_NAMES = {
    Sort.DOWNLOADS: "downloads",
    Sort.LIKES: "likes",
    Sort.DATE: "lastModified",
    Sort.TRENDING: "trendingScore",
}


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; empty fields ask for nothing."""

    text: str = ""
    author: str = ""
    least_parameters: int | None = None
    most_parameters: int | None = None
    sort: Sort = Sort.DOWNLOADS
    page_results: int = PAGE_RESULTS
    architecture: str = ""

    def query(self) -> tuple[tuple[str, str], ...]:
        """Give the parameters of the request for the first page."""
        asked = [("filter", "gguf"), ("sort", _SORT_NAMES[self.sort])]
        asked.append(("limit", str(max(1, min(self.page_results, MOST_PAGE_RESULTS)))))
        if self.text.strip():
            asked.append(("search", self.text.strip()))
        if self.author.strip():
            asked.append(("author", self.author.strip()))
        asked += [("expand", name) for name in ASKED_FOR]
        return tuple(asked)

    def takes(self, result: "SearchResult") -> bool:
        """Tell whether a result is of the size and kind that was asked for.

        Repositories that do not tell their size pass.
        """
        if self.architecture and result.architecture not in ("", self.architecture):
            return False
        if result.parameters is None:
            return True
        least, most = self.least_parameters, self.most_parameters
        return (least is None or result.parameters >= least) and (
            most is None or result.parameters <= most
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One repository, as a list tells of it."""

    repo: str
    author: str
    downloads: int
    """In the last 30 days."""
    likes: int
    modified: datetime | None
    gated: bool
    private: bool
    parameters: int | None = None
    """None when the Hub did not read a header of it."""
    architecture: str = ""
    trained_context_tokens: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some results, and where the next ones are."""

    search: Search
    results: tuple[SearchResult, ...]
    next_url: str = ""
    """Empty on the last page."""


def page(search: Search, rows: object, headers: Mapping[str, str]) -> SearchPage:
    """Read one page; rows that are no repository are left out."""
    found = [_result(row) for row in rows] if isinstance(rows, list) else []
    following = _NEXT.search({name.lower(): text for name, text in headers.items()}.get("link", ""))
    return SearchPage(
        search=search,
        results=tuple(each for each in found if each and search.takes(each)),
        next_url=following[1] if following else "",
    )


def _result(row: object) -> SearchResult | None:
    if not isinstance(row, dict):
        return None
    repo = row.get("id")
    if not isinstance(repo, str) or not names.is_repo(repo):
        return None
    gguf = row.get("gguf")
    told: Mapping[str, Any] = gguf if isinstance(gguf, dict) else {}
    author = row.get("author")
    return SearchResult(
        repo=repo,
        author=author if isinstance(author, str) else repo.partition("/")[0],
        downloads=_number(row.get("downloads")) or 0,
        likes=_number(row.get("likes")) or 0,
        modified=_date(row.get("lastModified")),
        gated=bool(row.get("gated")),
        private=bool(row.get("private")),
        parameters=_number(told.get("total")) or None,
        architecture=_text(told.get("architecture")),
        trained_context_tokens=_number(told.get("context_length")) or None,
        tags=_texts(row.get("tags")),
    )


def _number(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and value >= 0 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items: Sequence[object] = value if isinstance(value, list) else ()
    return tuple(each for each in items if isinstance(each, str))[:200]


def _date(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
