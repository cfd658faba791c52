"""What stands in the list below the models: what the Hub was asked for, and what came of it.

Pure: the state of a search in, lines out.
"""

from dataclasses import dataclass
from typing import Final, Literal

from localchat import errors, sanitize
from localchat.hub.search import Search, SearchPage, SearchResult
from localchat.ui import hub_query
from localchat.ui.shelf import Entry

Asking = Literal["", "first page", "next page"]
NOTHING_FOUND: Final = "The Hub has no GGUF model like that. Fewer words find more."
OFFLINE: Final = "localchat is offline, so the Hub is not asked."


@dataclass(frozen=True, slots=True)
class Finding:
    """A search of the Hub, as far as it has come."""

    typed: str = ""
    """What stood in the search field."""
    wanted: Search | None = None
    """None while nothing was asked."""
    results: tuple[SearchResult, ...] = ()
    page: SearchPage | None = None
    """The last one that came."""
    asking: Asking = ""
    error: errors.LocalchatError | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A line that only tells something."""

    words: str
    kind: Literal["heading", "columns", "note", "error", "gap"] = "note"

    @property
    def key(self) -> str:
        """What tells this line from all others, near enough."""
        return f"note:{self.words}"


@dataclass(frozen=True, slots=True)
class Ask:
    """A line that asks the Hub when it is chosen."""

    what: Literal["search", "more"]
    words: str

    @property
    def key(self) -> str:
        """What tells this line from all others."""
        return f"ask:{self.what}"


Line = Entry | Note | Ask


def lines(finding: Finding, typed: str, *, is_offline: bool) -> tuple[Line, ...]:
    """Say what the Hub has for the text that is typed, or how to ask it."""
    typed = typed.strip()
    is_asked = finding.wanted is not None and finding.typed == typed
    if not typed and not is_asked:
        return ()
    gap = Note("", "gap")
    if not is_asked or finding.wanted is None:
        return gap, (Note(OFFLINE) if is_offline else Ask("search", _question(typed)))
    heading = Note(_heading(finding.wanted, typed), "heading")
    entries = tuple(Entry(result=each) for each in finding.results)
    columns = (Note("", "columns"),) if entries else ()
    return gap, heading, *columns, *entries, *_rest(finding)


def of_repository(repo: str) -> SearchResult:
    """Make the result of a repository that the reader named, of which nothing else is known."""
    author = repo.partition("/")[0]
    return SearchResult(repo, author, 0, 0, None, gated=False, private=False)


def _question(typed: str) -> str:
    named = hub_query.repository(typed)
    if named is not None:
        return f"Read {sanitize.line(named.name, 120)} on the Hub"
    wanted = hub_query.search(typed)
    text = f' for "{sanitize.line(wanted.text, 60)}"' if wanted.text else ""
    return f"Search the Hub{text}, {sanitize.line(hub_query.words(wanted), 80)}"


def _heading(wanted: Search, typed: str) -> str:
    if hub_query.repository(typed) is not None:
        return "on the Hub"
    return f"on the Hub · {sanitize.line(hub_query.words(wanted), 100)}"


def _rest(finding: Finding) -> tuple[Line, ...]:
    if finding.asking:
        # The cursor stays on what asked.
        what: Literal["search", "more"] = "more" if finding.asking == "next page" else "search"
        return (Ask(what, "Searching the Hub …"),)
    if finding.error is not None:
        message, hint = finding.error.message, finding.error.hint
        said = [Note(sanitize.line(message, 300), "error")]
        return (*said, Note(sanitize.line(hint, 300))) if hint else tuple(said)
    if not finding.results:
        return (Note(NOTHING_FOUND),)
    has_more = finding.page is not None and bool(finding.page.next_url)
    return (Ask("more", "More results"),) if has_more else ()
