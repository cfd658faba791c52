"""What each quantization of a repository would need, exactly, before a byte of weights moves.

Turns headers into the candidates that `fit` plans with. Knows no connection: `client` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from localchat.fit import candidates
from localchat.fit.candidate import Candidate
from localchat.hub import support
from localchat.hub.headers import RemoteHeader
from localchat.hub.support import Support
from localchat.library.values import RemoteQuant, RemoteRepo
from localchat.models.catalogue import CatalogueModel


@dataclass(frozen=True, slots=True)
class Offer:
    """One quantization of a repository, and what planning needs to know of it."""

    quant: RemoteQuant
    candidate: Candidate | None
    """None when its header cannot be used."""
    problem: str = ""
    """Why it cannot be run, in one sentence; empty when nothing is known against it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Every quantization of a repository."""

    repo: RemoteRepo
    offers: tuple[Offer, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """What `fit.plan` takes: every quantization that can be run, the largest first."""
        return tuple(
            offer.candidate for offer in self.offers if offer.candidate and not offer.problem
        )

    def offer(self, candidate: Candidate) -> Offer | None:
        """Find what is to be downloaded for a candidate."""
        return next((offer for offer in self.offers if offer.candidate is candidate), None)


def grid(
    repo: RemoteRepo,
    headers: Sequence[RemoteHeader],
    known: CatalogueModel | None = None,
    engine: Support | None = None,
) -> Grid:
    """Make the candidates of a repository from the headers of its quantizations.

    `known` is the catalogue's model, where it is one: it names it and says how good it is. What
    `engine` does not know is a problem of an offer.
    """
    return Grid(repo, tuple(_offer(repo, header, known, engine) for header in headers))


def _offer(
    repo: RemoteRepo,
    remote: RemoteHeader,
    known: CatalogueModel | None,
    engine: Support | None,
) -> Offer:
    if remote.problem:
        return Offer(remote.quant, None, remote.problem)
    if reason := remote.header.not_a_chat_model:
        return Offer(remote.quant, None, f"{remote.quant.label} {reason}.")
    problem = support.objection(remote.header, engine) if engine else ""
    return Offer(remote.quant, candidate(repo, remote, known), problem)


def candidate(
    repo: RemoteRepo, remote: RemoteHeader, known: CatalogueModel | None = None
) -> Candidate:
    """Make the candidate of one quantization."""
    quant = remote.quant
    made = candidates.from_header(
        remote.header,
        quant.size_bytes,
        *remote.parts[1:],
        model=known.id if known else repo.repo,
        title=known.title if known else "",
    )
    made = replace(
        made,
        label=quant.label,
        quant=quant.quant or made.quant,
        has_imatrix="quantize.imatrix.entries_count" in remote.header.metadata,
    )
    if known is None:
        return made
    return replace(
        made,
        effective_parameters=known.effective_parameters,
        is_quantization_aware=any(
            files.is_quantization_aware and files.repo == repo.repo for files in known.files
        ),
        tier=known.tier,
    )
