"""Find paths by some of their letters, the likeliest first. Pure; knows nothing of disks."""

import functools
import heapq
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_BEGINNINGS = frozenset("/_-. ")
_FARTHEST = 10.0
"""What costs so much more than the best has the letters only by chance."""


@dataclass(frozen=True, slots=True)
class Match:
    """A path that has the letters in their order."""

    path: str
    letters: tuple[int, ...]
    """Where in the path they are."""


def find(
    pattern: str,
    paths: Iterable[str],
    most: int,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> tuple[Match, ...]:
    """Give the best matches, best first; `is_wanted` is asked of likely paths only.

    >>> [match.path for match in find("rdm", ["src/random.py", "README.md"], 2)]
    ['README.md', 'src/random.py']
    """
    looks_like = _looks_like(pattern.lower())
    # Lower case may change the length of a text ("İ"), and then places would be wrong.
    likely = [path for path in paths if looks_like(path.lower())]
    ranked = heapq.nsmallest(most * 4, likely, key=lambda path: _cost(pattern, path))
    found: list[Match] = []
    for path in ranked:
        if len(found) == most or _cost(pattern, path)[0] > _cost(pattern, ranked[0])[0] + _FARTHEST:
            break
        if is_wanted(path):
            found.append(Match(path, _places(pattern, path)))
    return tuple(found)


@functools.lru_cache(8)
def _looks_like(pattern: str) -> Callable[[str], object]:
    if not pattern:
        return lambda _: True
    return re.compile(".*?".join(map(re.escape, pattern)), re.DOTALL).search


def _cost(pattern: str, path: str) -> tuple[float, int, str]:
    depth = path.rstrip("/").count("/")
    if not pattern:
        return (depth, len(path), path)
    places = _places(pattern, path)
    jumps = sum(after - before > 1 for before, after in itertools.pairwise(places))
    inside = sum(place > 0 and path[place - 1] not in _BEGINNINGS for place in places[:1])
    name_begins = path.rstrip("/").rfind("/") + 1
    in_folders = sum(place < name_begins for place in places)
    return (4.0 * jumps + 6.0 * inside + 2.0 * in_folders + 0.5 * depth, len(path), path)


def _places(pattern: str, path: str) -> tuple[int, ...]:
    """Where the letters are: within the file's name if they can be, as one run if they can."""
    small, wanted = _same_length_lower(path), pattern.lower()
    name_begins = small.rstrip("/").rfind("/") + 1
    for begin in (name_begins, 0):
        run = small.find(wanted, begin)
        if run >= 0:
            return tuple(range(run, run + len(wanted)))
    for begin in (name_begins, 0):
        places = _in_order(wanted, small, begin)
        if len(places) == len(wanted):
            return places
    return ()


def _in_order(wanted: str, text: str, begin: int) -> tuple[int, ...]:
    places = []
    for letter in wanted:
        place = text.find(letter, begin)
        if place < 0:
            break
        places.append(place)
        begin = place + 1
    return tuple(places)


def _same_length_lower(text: str) -> str:
    small = text.lower()
    return small if len(small) == len(text) else text
