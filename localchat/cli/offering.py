"""What of a repository is to be downloaded, and what speaks against it, before a weight moves."""

import functools
from dataclasses import dataclass

from localchat import errors, sanitize, units
from localchat.cli import computer, hub
from localchat.cli.computer import Computer
from localchat.engine import wire
from localchat.fit import budget, ladder, option, plan, room, speed
from localchat.fit.candidate import Candidate
from localchat.hub import grid, repository, support
from localchat.hub.client import HubClient
from localchat.library.reference import Reference
from localchat.library.values import RemoteQuant, RemoteRepo


@dataclass(frozen=True, slots=True)
class Offer:
    """One quantization of a repository, held against this machine."""

    repo: RemoteRepo
    quant: RemoteQuant
    choice: str = ""
    """Why this quantization, in one sentence; empty when the user named it."""
    objection: errors.LocalchatError | None = None
    """DoesNotFit or BadModel when it should not be downloaded."""
    note: str = ""
    """What to know of its memory, empty when it fits as it is."""

    @property
    def name(self) -> str:
        """What to call it on the command line."""
        return f"{self.repo.repo}:{self.quant.label}"


def find(client: HubClient, wanted: Reference, params: wire.EngineParams) -> Offer:
    """Ask the Hub for what is meant; without a quantization the balanced pick of this machine.

    Raises HubNotFound, BadModel when nothing of it can be run, and as HubClient does.
    """
    repo = repo_of(client, wanted)
    if not wanted.quant:
        return _picked(client, repo, wanted, params)
    quant = quant_of(repo, wanted.quant)
    remote = client.header(repo, quant)
    refused = _refusal(quant.label, remote.header.not_a_chat_model) or support.objection(
        remote.header, hub.engine_support()
    )
    if refused:
        return Offer(repo, quant, objection=_bad(refused))
    candidate = grid.candidate(repo, remote, wanted.known)
    return _held(Offer(repo, quant), candidate, computer.find(None), params)


def quant_of(repo: RemoteRepo, text: str) -> RemoteQuant:
    """Find a quantization of a repository. Raises HubNotFound, which lists those there are."""
    quant = repository.find(repo, text)
    if quant is None:
        listed = ", ".join(sanitize.line(each.label, 40) for each in repo.quants)
        shown = sanitize.line(text, 60)
        raise errors.HubNotFound(f"{repo.repo} has no {shown}.", f"It has {listed}.")
    return quant


def repo_of(client: HubClient, wanted: Reference) -> RemoteRepo:
    """Ask the Hub for a repository. Raises HubNotFound when it holds no model."""
    if wanted.known is not None and wanted.is_by_id:
        return client.catalogue_repo(wanted.known)
    repo = client.repo(wanted.repo)
    if not repo.quants:
        name = wanted.repo.rpartition("/")[2]
        raise errors.HubNotFound(
            f"{repo.repo} has no GGUF files, which is what localchat runs.",
            f"Look for one: localchat search {name}",
        )
    return repo


def _picked(
    client: HubClient, repo: RemoteRepo, wanted: Reference, params: wire.EngineParams
) -> Offer:
    every = client.grid(repo, wanted.known, hub.engine_support())
    if not every.candidates:
        raise _bad(every.offers[0].problem)
    where = computer.find(None)
    planned = plan.plan(
        every.candidates,
        where.hardware,
        budget.of(where.hardware),
        pacer=functools.partial(speed.estimate, measurements=where.measured),
        lock_limit_bytes=where.lock_limit_bytes,
        with_grid=False,
    )
    best = planned.pick(option.BALANCED)
    label = (best or planned.nearest).label
    chosen = next(each for each in every.offers if each.quant.label == label)
    assert chosen.candidate is not None
    if best is not None:
        why = (
            f"{label} is the balanced pick for this machine:"
            f" {units.human_bytes(best.needed_bytes)} of memory with a context of"
            f" {ladder.name(best.context_tokens)}."
        )
    else:
        why = f"{label} comes nearest to what suits this machine."
    return _held(Offer(repo, chosen.quant, why), chosen.candidate, where, params)


def _held(offer: Offer, candidate: Candidate, where: Computer, params: wire.EngineParams) -> Offer:
    """Hold an offer against the memory of this machine."""
    limits = budget.of(where.hardware)
    found = room.find(candidate, params, where.hardware, limits)
    note = f"{found.sentence} {found.hint}".strip()
    # Of an unknown architecture the memory is a guess, which must not stand in the way.
    if found.fits != "no" or candidate.shape.is_guess:
        return Offer(offer.repo, offer.quant, offer.choice, None, note)
    objection = errors.DoesNotFit(found.sentence, f"{found.hint}; --force downloads it anyway.")
    return Offer(offer.repo, offer.quant, offer.choice, objection, note)


def _refusal(label: str, reason: str) -> str:
    return f"{sanitize.line(label, 60)} {sanitize.line(reason, 200)}." if reason else ""


def _bad(sentence: str) -> errors.BadModel:
    return errors.BadModel(sentence, "Choose another model, or --force downloads it anyway.")
