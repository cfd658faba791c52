"""Where a model is in words: at the Hub, on this disk, or on the way from one to the other. Pure.

Every text that came from the Hub or from a file name is made safe here.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from textual.content import Content

from localchat import sanitize, units
from localchat.fit.option import Option
from localchat.hub.search import SearchResult
from localchat.library.entries import LocalEntry, Partial
from localchat.ui import wording
from localchat.ui.facts import Fact
from localchat.ui.hub_offer import Offer
from localchat.ui.shelf import Entry

_GATED = "Its owner must let you in first: on its page on the Hub, with the account of your token."
_PRIVATE = "It is private: only who may see it can download it, with a token in HF_TOKEN."
_MOST_PROBLEMS = 6


def wish(entry: Entry, chosen: Option, here: Path | None) -> Fact | None:
    """Say what Enter does with a choice; None where that goes without saying."""
    if entry.local is not None:
        return None
    size = units.human_bytes(chosen.candidate.file_bytes)
    if here is not None:
        return _key("chat: this very file is on this disk")
    if entry.offer is not None:
        return _key(f"download {size} and chat")
    return _key(f"ask the Hub for exact sizes (then download, about {size})")


def result(found: SearchResult) -> Iterator[Fact]:
    """Tell what a list of the Hub says of a repository that was not read yet."""
    if found.downloads or found.likes:
        parts = [
            f"{units.human_count(found.downloads)} downloads in 30 days",
            f"{units.human_count(found.likes)} likes",
            f"updated {found.modified.date().isoformat()}" if found.modified else "",
        ]
        yield Fact("", Content(" · ".join(part for part in parts if part)))
    about = [
        f"{wording.parameters(found.parameters)} weights" if found.parameters else "",
        sanitize.line(found.architecture, 40),
        f"{found.trained_context_tokens:,} tokens" if found.trained_context_tokens else "",
    ]
    if any(about):
        yield Fact("", Content(" · ".join(part for part in about if part)))
    yield from access(gated=found.gated, private=found.private)
    yield _key("read what each of its files would need here; no weights are fetched for that")


def access(*, gated: bool, private: bool) -> Iterator[Fact]:
    """Say who may download from a repository, and what to do."""
    if gated:
        yield Fact("gated", Content.styled(_GATED, "$text-warning"))
    if private:
        yield Fact("private", Content.styled(_PRIVATE, "$text-warning"))


def offer(found: Offer) -> Iterator[Fact]:
    """Tell where a choice comes from, and what of its repository cannot be run."""
    repo = found.repo
    yield from access(gated=repo.gated, private=repo.private)
    yield Fact("from", Content(f"{sanitize.line(repo.repo, 200)} on the Hub"))
    by_words: dict[str, list[str]] = {}
    for label, problem in found.problems:
        by_words.setdefault(problem, []).append(label)
    for problem, labels in list(by_words.items())[:_MOST_PROBLEMS]:
        which = sanitize.line(", ".join(labels), 120)
        yield Fact("cannot", Content(f"{which}: {sanitize.line(problem, 300)}"))


def partial(found: Partial) -> Iterator[Fact]:
    """Tell how far a download came, and how to go on with it."""
    done, size = units.human_bytes(found.done_bytes), units.human_bytes(found.size_bytes)
    of = f" of {size}" if found.size_bytes else ""
    yield Fact("", Content(f"A download that did not finish: {done}{of} is here."))
    owner = found.place.program.value
    if found.file is not None:
        yield _key("go on with it")
    else:
        yield Fact("", Content(f"Only {owner} can go on with it; x removes it."))
    yield Fact("is at", Content(wording.short_path(found.path)))


def stored(held: LocalEntry) -> Iterator[Fact]:
    """Tell where a model lies, who keeps it, and when it was used."""
    for copy in held.copies:
        owner = copy.place.program.value
        yield Fact("kept by", Content(f"{owner}, as {sanitize.line(copy.names[0], 120)}"))
    age = units.human_age(max(0.0, time.time() - held.used_seconds))
    takes = units.human_bytes(held.allocated_bytes)
    yield Fact("takes", Content(f"{takes} on this disk, used {age}"))


def _key(words: str) -> Fact:
    return Fact("", Content.assemble(("Enter: ", "bold $primary"), words))
