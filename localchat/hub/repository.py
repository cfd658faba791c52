"""A repository's files as quantizations: split files as one, and what is no model apart.

Reads what the Hub's API says of a commit. Names in it are checked here; knows no connection.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from localchat import errors, sanitize
from localchat.hub import refusals
from localchat.library import labels, names
from localchat.library.values import RemoteFile, RemoteQuant, RemoteRepo
from localchat.models import quants

PREFERRED: Final = ("Q4_K_M", "Q4_K_S", "IQ4_XS", "Q4_0", "Q5_K_M", "Q5_K_S", "Q3_K_M", "Q8_0")
"""What is taken when only a repository was named, as llama.cpp does: Q4_K_M first."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT = re.compile(r"[0-9a-f]{40}")
_PART = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"mmproj|^imatrix|imatrix$|^(?:mtp|dflash|eagle\d?)[-_.]|(?:^|[-_.])(?:lora|adapter)(?:$|[-_.])"
    r"|^ggml-vocab-"
)
_MOST_FILES = 20_000


def read(answer: object, repo: str, revision: str) -> RemoteRepo:
    """Read what the API says of a repository; `revision` is what the user asked for.

    Raises NetworkError when it names no commit.
    """
    told: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    commit = told.get("sha")
    if not isinstance(commit, str) or not _GIT.fullmatch(commit):
        raise errors.NetworkError(
            f"The Hub does not say which commit of {sanitize.line(repo, 120)} this is.",
            refusals.LATER,
        )
    rows = told.get("siblings")
    files = [
        file
        for row in (rows[:_MOST_FILES] if isinstance(rows, list) else ())
        if (file := _file(row, repo, commit, revision))
    ]
    found, others = grouped(files)
    return RemoteRepo(
        repo=repo,
        commit=commit,
        gated=bool(told.get("gated")),
        private=bool(told.get("private")),
        quants=found,
        others=others,
    )


def grouped(files: Iterable[RemoteFile]) -> tuple[tuple[RemoteQuant, ...], tuple[RemoteFile, ...]]:
    """Put files together that are one model, the largest first; give what is none beside them.

    A split model of which a part is missing is none. Two models that would have one label are
    told apart by their files' names.
    """
    models: dict[str, list[RemoteFile]] = defaultdict(list)
    others = []
    for file in files:
        if _NO_MODEL.search(labels.stem(file.path).lower()):
            others.append(file)
        else:
            models[_whole_name(file.path)].append(file)
    made = []
    for parts in models.values():
        ordered = sorted(parts, key=lambda file: file.path)
        if _is_whole(ordered):
            made.append(_quant(tuple(ordered)))
        else:
            others += ordered
    made.sort(key=lambda quant: (-quant.size_bytes, quant.label, quant.files[0].path))
    return _told_apart(made), tuple(sorted(others, key=lambda file: file.path))


def find(repo: RemoteRepo, text: str) -> RemoteQuant | None:
    """Find a quantization by its label, a spelling of it, or a file's name; None without one.

    Where several have the label that was meant, the largest is given.
    """
    wanted = text.strip().lower()
    for quant in repo.quants:
        path = quant.files[0].path.lower()
        called = {quant.label.lower(), path, path.rpartition("/")[2], labels.stem(path)}
        if wanted in called:
            return quant
    known = quants.by_name(text)
    if known is None:
        return None
    return next(
        (each for each in repo.quants if each.quant and each.quant.name == known.name), None
    )


def default(repo: RemoteRepo) -> RemoteQuant | None:
    """Choose what to take when only the repository was named; None when it has no model."""
    for name in PREFERRED:
        if quant := find(repo, name):
            return quant
    # Nothing usual: the one in the middle is neither the largest nor the poorest.
    return repo.quants[len(repo.quants) // 2] if repo.quants else None


def _file(row: object, repo: str, commit: str, revision: str) -> RemoteFile | None:
    if not isinstance(row, dict):
        return None
    path, lfs = row.get("rfilename"), row.get("lfs")
    if not isinstance(path, str) or not path.lower().endswith(".gguf") or not names.is_path(path):
        return None
    stored: Mapping[str, Any] = lfs if isinstance(lfs, dict) else {}
    size = stored.get("size", row.get("size"))
    sha256 = str(stored.get("sha256", ""))
    etag = sha256 or str(row.get("blobId", ""))
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        return None
    if not (_SHA256.fullmatch(etag) or _GIT.fullmatch(etag)):
        return None
    return RemoteFile(repo, commit, path, size, sha256, etag, revision)


def _whole_name(path: str) -> str:
    """The path without the number of a part: the same for all parts of a model."""
    folder, slash, name = path.rpartition("/")
    part = _PART.match(name)
    return f"{folder}{slash}{part['stem']}-of-{part['count']}" if part else path


def _is_whole(parts: list[RemoteFile]) -> bool:
    matches = [_PART.match(file.name) for file in parts]
    numbers = [(int(match["number"]), int(match["count"])) for match in matches if match]
    if not numbers:
        return True
    return [number for number, _ in numbers] == list(range(1, numbers[0][1] + 1))


def _quant(files: tuple[RemoteFile, ...]) -> RemoteQuant:
    label, known = labels.label(files[0].path)
    return RemoteQuant(label, known, files, sum(file.size_bytes for file in files))


def _told_apart(found: list[RemoteQuant]) -> tuple[RemoteQuant, ...]:
    counts = Counter(quant.label for quant in found)
    once: dict[str, RemoteQuant] = {}
    for quant in found:
        path = quant.files[0].path
        label = quant.label if counts[quant.label] == 1 else labels.stem(path)
        label = path if label in once else label
        once[label] = replace(quant, label=label)
    return tuple(once.values())
