"""Asks the Hub in threads of its own, one question at a time, each of which can be stopped.

Nothing is imported that speaks HTTP, and nothing asked, before the reader wants it.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from localchat import errors
from localchat.engine import names
from localchat.hub.access import Access
from localchat.hub.search import Search, SearchPage
from localchat.hub.support import Support
from localchat.library.reference import Reference
from localchat.library.values import RemoteRepo
from localchat.models.catalogue import CatalogueModel
from localchat.ui.hub_offer import Offer

if TYPE_CHECKING:
    from localchat.hub.client import HubClient

Found = TypeVar("Found")


class _Question:
    """One thing that is asked; may be stopped before its connection is there."""

    def __init__(self) -> None:
        self.client: HubClient | None = None
        self._is_stopped = False

    def begin(self, client: "HubClient") -> None:
        self.client = client
        if self._is_stopped:
            client.session.stop()

    def stop(self) -> None:
        self._is_stopped = True
        if self.client is not None:
            self.client.session.stop()


class HubDesk:
    """Its methods are called in the app's loop, and raise as HubClient's; or Cancelled."""

    def __init__(self, who: Access, headers_folder: Path | None = None) -> None:
        self._who = who
        self._headers_folder = headers_folder
        self._question = _Question()

    @property
    def is_offline(self) -> bool:
        """Whether the Hub may not be asked."""
        return self._who.is_offline

    @property
    def received_bytes(self) -> int:
        """How much of files has come for the newest question."""
        client = self._question.client
        return client.session.received_bytes if client is not None else 0

    async def search(self, wanted: Search) -> SearchPage:
        """Get the first results."""
        return await self._ask(lambda client: client.search(wanted))

    async def following(self, page: SearchPage) -> SearchPage:
        """Get the results after a page."""
        return await self._ask(lambda client: client.following(page))

    async def read(self, wanted: Reference | CatalogueModel) -> Offer:
        """Read a repository and the headers of all its models. Raises HubNotFound without any."""
        return await self._ask(lambda client: _read(client, wanted))

    def stop(self) -> None:
        """Give up the question under way."""
        self._question.stop()

    async def _ask(self, work: "Callable[[HubClient], Found]") -> Found:
        self._question.stop()
        self._question = question = _Question()
        self._who.check_online("the Hugging Face Hub")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found] = loop.create_future()

        def tell(deliver: Callable[[Any], None], value: object) -> None:
            with contextlib.suppress(RuntimeError):
                # The loop is closed when the app ended meanwhile.
                loop.call_soon_threadsafe(_deliver, answer, deliver, value)

        def run() -> None:
            try:
                with self._client() as client:
                    question.begin(client)
                    found = work(client)
            except errors.LocalchatError as error:
                tell(answer.set_exception, error)
            else:
                tell(answer.set_result, found)

        # A pool's threads would hold the program at its end until a silent Hub is given up.
        threading.Thread(target=run, name="hub", daemon=True).start()
        try:
            return await answer
        finally:
            question.stop()

    def _client(self) -> "HubClient":
        from localchat.hub.client import HubClient

        # One for each question, so that stopping one stops no other.
        return HubClient(self._who, headers_folder=self._headers_folder)


def _deliver(
    answer: "asyncio.Future[Found]", deliver: Callable[[Any], None], value: object
) -> None:
    if not answer.done():
        deliver(value)


def _read(client: "HubClient", wanted: Reference | CatalogueModel) -> Offer:
    known = wanted if isinstance(wanted, CatalogueModel) else wanted.known
    if isinstance(wanted, CatalogueModel):
        repo = client.catalogue_repo(wanted)
    else:
        repo = client.repo(wanted.repo)
    if not repo.quants:
        raise errors.HubNotFound(
            f"{repo.repo} has no GGUF files, which is what localchat runs.",
            "Choose another repository: those with GGUF in their name have them.",
        )
    every = client.grid(repo, known, Support(names.architecture, names.tokenizer))
    problems = ((each.quant.label, each.problem) for each in every.offers if each.problem)
    label = "" if isinstance(wanted, CatalogueModel) else _label(repo, wanted.quant)
    return Offer(repo, every.candidates, tuple(problems), label)


def _label(repo: RemoteRepo, text: str) -> str:
    """Find the label of what the reader named."""
    from localchat.hub import repository

    quant = repository.find(repo, text) if text else None
    return quant.label if quant else ""
