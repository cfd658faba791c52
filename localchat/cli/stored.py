"""The models on this disk, as the commands look for them."""

from localchat import errors, paths, sanitize
from localchat.library import labels, library, places, reference
from localchat.library.entries import Copy, Library, LocalEntry
from localchat.library.reference import Reference
from localchat.models import quants


def scan(header_seconds: float = 0.0) -> Library:
    """Look at every place of this user; headers are read for so long at most."""
    found = paths.paths()
    return library.scan(places.here(found.models), found.library_file, header_seconds)


def find(text: str, within: Library | None = None) -> tuple[LocalEntry, ...]:
    """Find what a MODEL argument may mean on this disk, what was used last first.

    A repository without a quantization may mean several.
    """
    here = scan() if within is None else within
    if exact := library.find(here, text):
        return (exact,)
    wanted = reference.parse(text)
    if wanted is None:
        return ()
    meant = [
        entry for entry in here.entries if any(_is_meant(copy, wanted) for copy in entry.copies)
    ]
    return tuple(sorted(meant, key=lambda entry: -entry.used_seconds))


def one(text: str) -> LocalEntry | None:
    """Find the model to open: of several that are meant the one used last.

    Gives None when there is none. Raises BadModel when all of them are unusable.
    """
    found = find(text)
    usable = [entry for entry in found if not entry.problem]
    if found and not usable:
        first = found[0]
        shown = sanitize.line(first.name, 120)
        raise errors.BadModel(
            f"{shown} is on this disk but cannot be opened: {sanitize.line(first.problem, 300)}",
            f"Fetch it again: localchat pull {shown}" if first.copy.repo else "",
        )
    return usable[0] if usable else None


def _is_meant(copy: Copy, wanted: Reference) -> bool:
    if copy.repo.lower() not in wanted.repos:
        return False
    if not wanted.quant:
        return True
    path = copy.path_in_repo.lower()
    label, quant = labels.label(copy.path_in_repo)
    if wanted.quant.lower() in (label.lower(), path, path.rpartition("/")[2], labels.stem(path)):
        return True
    asked = quants.by_name(wanted.quant)
    return asked is not None and quant is not None and asked.name == quant.name == label
