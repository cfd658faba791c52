"""What a reader means by the words in the search field: a search of the Hub, or one repository.

Filters are words among the others: `author:NAME`, `sort:likes`, `<8B`. Reads the text alone.
"""

import re
from dataclasses import replace
from typing import Final

from localchat.hub.search import Search, Sort
from localchat.library import reference
from localchat.library.reference import Reference

HINT: Final = "Enter asks the Hub · author:NAME · <8B · sort:likes · user/repo"
SIZES: Final = (None, 2_000_000_000, 4_500_000_000, 9_500_000_000, 16_000_000_000, 36_000_000_000)
"""The limits of weights that one key steps through; None for no limit."""

_SIZE = re.compile(r"(?:size:|max:)?<?=?(\d+(?:\.\d+)?)([bm])", re.IGNORECASE)
_SORTS = {"downloads": Sort.DOWNLOADS, "likes": Sort.LIKES, "date": Sort.DATE, "new": Sort.DATE,
          "updated": Sort.DATE, "trending": Sort.TRENDING}  # fmt: skip


def repository(text: str) -> Reference | None:
    """Read `user/repo`, also with a quantization or as an address; None for anything else.

    >>> repository("https://huggingface.co/user/repo:Q4_K_M").name
    'user/repo:Q4_K_M'
    >>> repository("mistral 7b") is None, repository("mistral-7b") is None
    (True, True)
    """
    found = reference.parse(text) if "/" in text else None
    return found if found is not None and not found.is_by_id else None


def search(text: str, given: Search | None = None) -> Search:
    """Read a search; what the text does not say is as in `given`.

    >>> wanted = search("qwen coder author:bartowski <8b sort:likes")
    >>> wanted.text, wanted.author, wanted.most_parameters, wanted.sort.value
    ('qwen coder', 'bartowski', 8000000000, 'likes')
    """
    found, words = given or Search(), []
    for word in text.split():
        name, colon, value = word.partition(":")
        size = _SIZE.fullmatch(word) if word.lower().startswith(("<", "size:", "max:")) else None
        if size:
            unit = 1e9 if size[2].lower() == "b" else 1e6
            found = replace(found, most_parameters=round(float(size[1]) * unit))
        elif colon and name.lower() in ("author", "by") and value:
            found = replace(found, author=value)
        elif colon and name.lower() == "sort" and value.lower() in _SORTS:
            found = replace(found, sort=_SORTS[value.lower()])
        else:
            words.append(word)
    return replace(found, text=" ".join(words))


def local_words(text: str) -> str:
    """Give the words to look for in what is known already.

    >>> local_words("qwen author:bartowski <8b"), local_words("hf.co/user/repo:Q4_K_M")
    ('qwen bartowski', 'user/repo')
    """
    named = repository(text)
    if named is not None:
        return named.repo
    wanted = search(text)
    return f"{wanted.text} {wanted.author}".strip()


def next_sort(wanted: Search) -> Search:
    """Sort by the next thing."""
    every = list(Sort)
    return replace(wanted, sort=every[(every.index(wanted.sort) + 1) % len(every)])


def next_size(wanted: Search) -> Search:
    """Take models up to the next size; after the largest, of any size."""
    most = wanted.most_parameters or 0
    larger = [size for size in SIZES if size is not None and size > most]
    return replace(wanted, most_parameters=larger[0] if larger else None)


def words(wanted: Search) -> str:
    """Say what was asked for, beside its text.

    >>> words(search("x <8b author:maker"))
    'by downloads · up to 8B · of maker'
    """
    parts = [f"by {wanted.sort.value}"]
    if wanted.most_parameters:
        parts.append(f"up to {wanted.most_parameters / 1e9:g}B")
    if wanted.author:
        parts.append(f"of {wanted.author}")
    return " · ".join(parts)
