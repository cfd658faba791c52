"""A repository of the Hub as something to plan for: exact, from the headers of its files."""

import dataclasses
import sys

from localchat import errors, sanitize
from localchat.cli import hub, offering
from localchat.cli.choice import Choice
from localchat.cli.console import Console
from localchat.library.reference import Reference


def choice(wanted: Reference, offline: bool) -> Choice:
    """Read the headers of a repository, of one quantization where one was named.

    Raises HubNotFound, BadModel when none of it can be run, and as HubClient does.
    """
    with hub.client(hub.who(offline), Console(sys.stdout, sys.stderr)) as client:
        repo = offering.repo_of(client, wanted)
        if wanted.quant:
            quants = (offering.quant_of(repo, wanted.quant),)
            repo = dataclasses.replace(repo, quants=quants)
        grid = client.grid(repo, wanted.known, hub.engine_support())
        headers = {each.quant.label: each for each in client.headers(repo)}
    usable = [each for each in grid.offers if each.candidate and not each.problem]
    problems = dict.fromkeys(each.problem for each in grid.offers if each.problem)
    if not usable:
        raise errors.BadModel(
            f"{repo.repo}: {sanitize.line(next(iter(problems)), 300)}", "Choose another repository."
        )
    return Choice(
        candidates=grid.candidates,
        known=wanted.known,
        header=headers[usable[0].quant.label].header,
        remote=repo,
        notes=tuple(problems),
    )
