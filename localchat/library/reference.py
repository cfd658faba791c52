"""A MODEL argument that means a model of the Hub: `user/repo`, with a quantization or without.

Reads the text alone; knows no network and no disk.
"""

import re
from dataclasses import dataclass

from localchat.library import names
from localchat.models import catalogue
from localchat.models.catalogue import CatalogueModel

_HUB = re.compile(r"^(?:https?://)?(?:www\.)?(?:hf\.co|huggingface\.co)/|^hf://", re.IGNORECASE)
_FILE_PAGE = re.compile(r"^([^/]+/[^/]+)/(?:blob|resolve)/[^/]+/(.+\.gguf)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository, and what of it."""

    repo: str
    quant: str = ""
    """A quantization or a file's name; empty where none was named."""
    known: CatalogueModel | None = None
    """Its entry in the catalogue."""
    is_by_id: bool = False
    """The catalogue's name was given: its other repositories do as well."""

    @property
    def name(self) -> str:
        """What to call it on the command line."""
        return f"{self.repo}:{self.quant}" if self.quant else self.repo

    @property
    def repos(self) -> tuple[str, ...]:
        """Every repository that is meant, in small letters."""
        if self.known is None or not self.is_by_id:
            return (self.repo.lower(),)
        known = self.known
        every = (known.repo, *known.fallback_repos, *(files.repo for files in known.files))
        return tuple(dict.fromkeys(repo.lower() for repo in every))


def parse(text: str) -> Reference | None:
    """Read `user/repo[:QUANT]`, also with `@` or a web address, or a name of the catalogue.

    Gives None for anything else, such as a path.
    """
    name, quant = divide(text)
    known = catalogue.find(name)
    # Where a maker publishes the original there are no files to run.
    is_original = (
        known is not None and name.lower() == known.base_repo.lower() != known.repo.lower()
    )
    if not is_original and names.is_repo(name) and not name.lower().endswith(".gguf"):
        return Reference(name, quant, known)
    return Reference(known.repo, quant, known, is_by_id=True) if known else None


def divide(text: str) -> tuple[str, str]:
    """Divide `hf.co/user/repo:QUANT` or `name@QUANT` into the name and the quantization.

    >>> divide("hf.co/user/repo@Q4_K_M"), divide("mistral-7b")
    (('user/repo', 'Q4_K_M'), ('mistral-7b', ''))
    >>> divide("https://huggingface.co/user/repo/blob/main/model-Q4_K_M.gguf?download=true")
    ('user/repo', 'model-Q4_K_M.gguf')
    """
    name = _HUB.sub("", text.strip())
    if name != text.strip():
        name = re.split(r"[?#]", name, maxsplit=1)[0]
    name = name.rstrip("/")
    if page := _FILE_PAGE.match(name):
        return page[1], page[2]
    for mark in ("@", ":"):
        head, found, tail = name.rpartition(mark)
        if found and head and tail:
            return head, tail
    return name, ""
