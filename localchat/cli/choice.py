"""Which model a MODEL argument means where it is only planned for: of the catalogue, or a file.

Reads headers: of files on this disk, and of the Hub's repositories where one is named.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from localchat import errors, paths, sanitize
from localchat.cli import stored
from localchat.fit import candidates
from localchat.fit.candidate import Candidate
from localchat.library import reference
from localchat.library.reference import Reference
from localchat.library.values import RemoteRepo
from localchat.models import catalogue, folder, gguf, quants, splits
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.models.header import Header


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, and the quantizations of it to plan for."""

    candidates: tuple[Candidate, ...]
    """Empty where nobody knows the sizes of its files."""
    known: CatalogueModel | None = None
    """Its entry in the catalogue."""
    header: Header | None = None
    """What its file says, where it is one; of a split model, the first part's."""
    is_whole: bool = True
    """The file on this disk holds the weights too, and is not only a header."""
    remote: RemoteRepo | None = None
    """The Hub's repository, where its headers were read there."""
    notes: tuple[str, ...] = ()
    """What could not be found out, or cannot be run, one sentence each."""

    @property
    def path(self) -> Path | None:
        """The file; None for a model of the catalogue."""
        return self.candidates[0].path if self.candidates else None


def find(text: str, *, offline: bool = False) -> Choice:
    """Find the model that is meant; a repository of the Hub is asked for the headers of its files.

    Raises ModelNotFound, with near names, or BadModel for a file that is no chat model; for a
    repository Offline and as HubClient does.
    """
    path = Path(text).expanduser()
    if text == folder.GUIDE:
        return of_file(paths.guide_model(), folder.GUIDE)
    if _is_file(path):
        return of_file(path)
    wanted = reference.parse(text)
    if wanted is not None and wanted.known is not None and wanted.is_by_id:
        return _of_catalogue(wanted.known, wanted.repo, wanted.quant)
    if wanted is not None:
        return _of_repository(wanted, offline)
    try:
        return of_file(folder.resolve(text, paths.paths().models, paths.guide_model()))
    except errors.ModelNotFound as error:
        if (entry := stored.one(text)) is not None:
            return of_file(entry.path)
        near = _near(reference.divide(text)[0])
        raise errors.ModelNotFound(error.message, near or error.hint) from error


def _of_repository(wanted: Reference, offline: bool) -> Choice:
    """Ask the Hub; without it, what is on this disk or in the catalogue has to do."""
    # Loaded only here: who plans for models of the catalogue needs no network.
    from localchat.cli import remote

    try:
        return remote.choice(wanted, offline)
    except (errors.Offline, errors.NetworkError) as error:
        if (entry := stored.one(wanted.name)) is not None:
            return of_file(entry.path)
        if wanted.known is None:
            raise
        found = _of_catalogue(wanted.known, wanted.repo, wanted.quant)
        note = f"Sizes are those of the catalogue: {error.message}"
        return replace(found, notes=(note,))


def everything() -> Iterator[Choice]:
    """Yield the files of this disk that can be read, then the catalogue's models."""
    for model in folder.find_models(paths.paths().models, paths.guide_model()):
        choice = _of_local(model)
        if choice is not None:
            yield choice
    for known in catalogue.catalogue():
        yield Choice(candidates.from_catalogue(known), known)


def of_file(path: Path, name: str = "") -> Choice:
    """Read a model's file, or its header alone; `name` is what it is called here, else its path.

    Raises BadModel or ModelNotFound.
    """
    part = splits.part_of(path)
    first = part.first if part else path
    header = _read(first)
    later = [_read(each) for each in part.all_paths[1:]] if part else []
    declared = sum(each.file_bytes for each in (header, *later))
    found = sum(each.stat().st_size for each in (part.all_paths if part else (path,)))
    model = candidates.from_header(
        header, max(found, declared), *later, model=name or str(path), path=first
    )
    return Choice((model,), None, header, found >= declared)


def _of_local(model: LocalModel) -> Choice | None:
    if model.problem:
        return None
    try:
        return of_file(model.path, folder.GUIDE if model.is_guide else "")
    except errors.LocalchatError:
        return None


def _read(path: Path) -> Header:
    shown = sanitize.line(path.name, 120)
    try:
        with path.open("rb", buffering=0) as source:
            # The size that the header declares counts, so that a header alone will do.
            header = gguf.parse(source, shown, path.stat().st_size)
    except OSError as error:
        raise errors.ModelNotFound(f"{shown} cannot be read: {error.strerror}.") from error
    if reason := header.not_a_chat_model:
        raise errors.BadModel(f"{shown} {sanitize.line(reason)}.", "Choose another model.")
    return header


def _of_catalogue(model: CatalogueModel, name: str, quant: str) -> Choice:
    of_repo = tuple(files for files in model.files if files.repo.lower() == name.lower())
    narrowed = replace(model, files=of_repo, repo=of_repo[0].repo) if of_repo else model
    found = candidates.from_catalogue(narrowed)
    if not quant:
        return Choice(found, model)
    wanted = tuple(each for each in found if _is_quant(each, quant))
    if not wanted:
        known = ", ".join(each.label for each in found) or "none"
        raise errors.ModelNotFound(
            f"No {sanitize.line(quant, 40)} of {model.title} is known.", f"Known are: {known}."
        )
    return Choice(wanted, model)


def _is_quant(candidate: Candidate, quant: str) -> bool:
    if candidate.label.lower() == quant.lower():
        return True
    named = quants.by_name(quant)
    return named is not None and candidate.quant == named


def _near(name: str) -> str:
    near = catalogue.near(name.rpartition("/")[2] or name)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _is_file(path: Path) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:
        return False
