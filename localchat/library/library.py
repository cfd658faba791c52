"""What is on this disk: every place looked at, duplicates shown once, headers read once.

Everything is read where it lies and nothing is changed. Headers are read for as long as the caller
allows; the next scan goes on where this one stopped.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from localchat import errors, sanitize
from localchat.library import duplicates, folders, hubscan, labels, ollama
from localchat.library.entries import Copy, Found, Library, LocalEntry
from localchat.library.memory import Memory
from localchat.library.places import Place, Program
from localchat.models import folder, gguf, quants
from localchat.models.folder import LocalModel

_HOST = re.compile(r"^(?:https?://)?(?:huggingface\.co|hf\.co)/|^hf://")
_SCANNERS: Mapping[Program, Callable[[Place], Found]] = MappingProxyType(
    {Program.HUB: hubscan.scan, Program.OLLAMA: ollama.scan}
)


def scan(
    places: Iterable[Place],
    memory_file: Path | None = None,
    header_seconds: float = 1.0,
) -> Library:
    """List the models of all places, each once.

    Never raises for what it finds. Headers that `memory_file` does not recall are read for
    `header_seconds` at most; entries that are left have `model` None. What was read is
    remembered there.
    """
    memory = Memory(memory_file)
    found = [_look(place) for place in places]
    copies = [copy for each in found for copy in each.copies]
    deadline = time.monotonic() + header_seconds
    entries = [_entry(group, memory, deadline) for group in duplicates.grouped(copies, memory)]
    memory.save()
    return Library(
        entries=tuple(sorted(entries, key=lambda entry: (entry.name.lower(), str(entry.path)))),
        partials=tuple(partial for each in found for partial in each.partials),
        problems=tuple(dict.fromkeys(text for each in found for text in each.problems)),
    )


def of_repo(library: Library, repo: str) -> tuple[LocalEntry, ...]:
    """List the models that came from a repository of the Hub."""
    wanted = _HOST.sub("", repo.strip().lower())
    return tuple(
        entry
        for entry in library.entries
        if any(copy.repo.lower() == wanted for copy in entry.copies if copy.repo)
    )


def find(library: Library, text: str) -> LocalEntry | None:
    """Find a model by any name a program has for it, by its file's name, or by its path.

    A quantization may be written in any spelling: `user/repo:q4-k-m`, `user/repo@Q4_K_M`.
    """
    wanted = _HOST.sub("", text.strip().lower())
    for entry in library.entries:
        for copy in entry.copies:
            known = {name.lower() for name in copy.names}
            known |= {copy.path.name.lower(), copy.path.stem.lower(), str(copy.path).lower()}
            if wanted in known or _in_repo(copy, wanted):
                return entry
    return None


def read(copy: Copy) -> LocalModel:
    """Read the header of a copy; what is wrong with it is in `problem`."""
    if copy.place.program is Program.OLLAMA:
        return _of_ollama(copy)
    model = folder.describe(copy.path)
    return replace(model, name=model.name or copy.names[0])


def _look(place: Place) -> Found:
    scanner = _SCANNERS.get(place.program, folders.scan)
    found = scanner(place)
    if place.program is not Program.LLAMA_CPP:
        return found
    # LLAMA_CACHE may name a cache of either kind: newer llama.cpp uses the Hub's layout there.
    other = hubscan.scan(place)
    in_hub = {file.path for copy in other.copies for file in copy.files}
    return Found(
        tuple(copy for copy in found.copies if copy.path not in in_hub) + other.copies,
        found.partials + other.partials,
        tuple(dict.fromkeys(found.problems + other.problems)),
    )


def _entry(group: tuple[Copy, ...], memory: Memory, deadline: float) -> LocalEntry:
    # A copy with a known fault comes last: the same content may be whole elsewhere.
    ordered = tuple(sorted(group, key=lambda copy: bool(copy.problem)))
    copy = ordered[0]
    used = max(memory.used_seconds(each.files) for each in ordered)
    model = memory.model(copy.files, copy.path)
    if model is None and time.monotonic() < deadline:
        model = read(copy)
        memory.keep_model(copy.files, model)
    return LocalEntry(ordered, model, used)


def _of_ollama(copy: Copy) -> LocalModel:
    """Describe a blob of Ollama's, which may be no file that llama.cpp loads."""
    name = sanitize.line(copy.names[0])
    try:
        header = gguf.read_header(copy.path)
    except errors.LocalchatError as error:
        problem = error.message.replace(sanitize.line(copy.path.name, 120), name)
        return LocalModel(copy.path, copy.names[0], copy.size_bytes, problem=problem)
    reason = header.not_a_chat_model
    return LocalModel(
        path=copy.path,
        name=copy.names[0],
        size_bytes=copy.size_bytes,
        architecture=header.architecture,
        quant=header.quant,
        parameters=header.parameters,
        trained_context_tokens=header.trained_context_tokens,
        problem=f"{name} {sanitize.line(reason)}." if reason else ollama.objection(header),
    )


def _in_repo(copy: Copy, wanted: str) -> bool:
    """Whether `user/repo:FILE`, `user/repo/FILE` or `user/repo:QUANT` names this copy."""
    repo, file = copy.repo.lower(), copy.path_in_repo.lower()
    if not repo or not wanted.startswith((f"{repo}:", f"{repo}@", f"{repo}/")):
        return False
    rest = wanted[len(repo) + 1 :]
    if rest in (file, file.rpartition("/")[2]):
        return True
    # An older commit's file is meant only by its whole name.
    meant = quants.by_name(rest) if "@" not in copy.names[0] else None
    return meant is not None and meant is labels.label(copy.path_in_repo)[1]
