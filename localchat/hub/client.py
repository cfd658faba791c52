"""The Hub as localchat asks it: search, repositories, and what a model's header says.

Everything is asked when a method is called and not before. Safe to use from several threads.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from localchat import errors
from localchat.hub import access, grid, refusals, repository, search, urls
from localchat.hub.access import Access
from localchat.hub.grid import Grid
from localchat.hub.headercache import HeaderCache
from localchat.hub.headers import Headers, RemoteHeader
from localchat.hub.search import Search, SearchPage
from localchat.hub.session import Session, Timeouts
from localchat.hub.support import Support
from localchat.library.values import RemoteQuant, RemoteRepo
from localchat.models.catalogue import CatalogueModel

_MOST_PAGES_AT_ONCE = 4


class HubClient:
    """Asks one Hub. Every method raises Offline, HubRefused, HubNotFound, RateLimited or
    NetworkError, and UsageError for names that cannot be. Close it at the end.
    """

    def __init__(
        self, who: Access, timeouts: Timeouts | None = None, headers_folder: Path | None = None
    ) -> None:
        self.session = Session(who, timeouts)
        self._headers = Headers(self.session, HeaderCache(headers_folder))

    def __enter__(self) -> "HubClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def search(self, wanted: Search) -> SearchPage:
        """Get the first results; fewer than a page when the Hub has few of that size."""
        return self._filled(
            self._page(wanted, urls.models(self.session.who.endpoint), wanted.query())
        )

    def following(self, page: SearchPage) -> SearchPage:
        """Get the results after a page; none after the last one."""
        if not page.next_url:
            return replace(page, results=())
        return self._filled(self._page(page.search, page.next_url, ()))

    def pages(self, wanted: Search) -> Iterator[SearchPage]:
        """Get page after page, each when it is asked for."""
        page = self.search(wanted)
        yield page
        while page.next_url:
            page = self.following(page)
            yield page

    def repo(self, repo_id: str, revision: str = "main") -> RemoteRepo:
        """Get a repository's models with exact sizes, at the commit the revision has now."""
        url = urls.model(self.session.who.endpoint, repo_id, revision)
        asked = self.session.asked(repo_id, revision)
        answer, _ = self.session.json(url, (("blobs", "true"),), asked)
        return repository.read(answer, repo_id, revision)

    def catalogue_repo(self, model: CatalogueModel) -> RemoteRepo:
        """Get the repository of a catalogue model, or the next one where it is gone."""
        first: errors.LocalchatError | None = None
        for repo_id in dict.fromkeys((model.repo, *model.fallback_repos)):
            try:
                found = self.repo(repo_id)
            except (errors.HubNotFound, errors.HubRefused) as error:
                first = first or error
                continue
            if found.quants:
                return found
        raise first or errors.HubNotFound(
            f"The repositories of {model.title} hold no GGUF files.", "Look for another: search."
        )

    def header(self, repo: RemoteRepo, quant: RemoteQuant) -> RemoteHeader:
        """Get what the header of one quantization says. Raises BadModel too."""
        return self._headers.of_quant(repo, quant)

    def headers(self, repo: RemoteRepo) -> tuple[RemoteHeader, ...]:
        """Get the headers of all quantizations, for little more than one of them takes."""
        return self._headers.of_repo(repo)

    def grid(
        self,
        repo: RemoteRepo,
        known: CatalogueModel | None = None,
        engine: Support | None = None,
    ) -> Grid:
        """Get what each quantization would need, exactly; nothing is fetched a second time."""
        return grid.grid(repo, self.headers(repo), known, engine)

    def write_header(self, header: RemoteHeader, folder: Path) -> Path:
        """Write a header that was got before as a file, for a dry run. Raises OSError."""
        return self._headers.write(header, folder)

    def _page(self, wanted: Search, url: str, query: tuple[tuple[str, str], ...]) -> SearchPage:
        rows, headers = self.session.json(url, query, self.session.asked())
        if not isinstance(rows, list):
            raise errors.NetworkError("The Hub gave no list of models.", refusals.LATER)
        page = search.page(wanted, rows, headers)
        is_own = access.origin(page.next_url) == access.origin(self.session.who.endpoint)
        return page if is_own else replace(page, next_url="")

    def _filled(self, page: SearchPage) -> SearchPage:
        """Go on while a filter that the Hub does not know left less than half a page."""
        for _ in range(_MOST_PAGES_AT_ONCE - 1):
            if not page.next_url or len(page.results) * 2 >= page.search.page_results:
                break
            more = self._page(page.search, page.next_url, ())
            page = replace(more, results=page.results + more.results)
        return page
